"""What the tests of training share: a small folder of made sounds, and the corpus and network made of it."""

from __future__ import annotations

import csv
import zlib
from pathlib import Path

import numpy as np

from livefoley.foley import audio_file
from livefoley.foley.student.features import RATE, Floats
from tests.support.peers import require_packages

LATENT = 24


def need(*packages: str) -> None:
    """Skip (or fail) a test for want of packages that only training needs."""
    require_packages(*packages, extra="train,teachers")


def embedded(texts: list[str]) -> Floats:
    """Return embeddings that depend on the texts alone, in place of the sentence encoder's."""
    rows = [np.random.default_rng(zlib.crc32(text.encode())).standard_normal(512) for text in texts]
    return np.asarray([row / np.linalg.norm(row) for row in rows], np.float32)


def tone(hertz: float, seconds: float) -> Floats:
    """Return a tone with a beginning and an end."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hertz * time) * np.exp(-2 * time)).astype(np.float32)


def hiss(seconds: float, seed: int = 0) -> Floats:
    """Return steady noise."""
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def recordings(folder: Path) -> Path:
    """Write a few labelled sounds and return their manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(8):
        sound = hiss(3.0, number) if number % 2 else tone(300 + 100 * number, 1.5)
        english, chinese = ("steady rain", "持续的雨声") if number % 2 else ("a bell rings", "钟声")
        path = folder / f"{number}.flac"
        path.write_bytes(audio_file.flac(np.stack((sound, sound))))
        rows.append(
            (path.name, english, chinese, "RAIN" if number % 2 else "BELLS", "valid" if number > 5 else "train")
        )
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "caption_en", "caption_zh", "ucs_category", "split"))
        writer.writerows(rows)
    return manifest
