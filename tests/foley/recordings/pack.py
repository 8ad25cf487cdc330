"""A pack of recordings for tests: what the synthesis makes, written down as files of free names with a manifest."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.foley import audio_file
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.rendered import generator
from livefoley.foley.synth import water

COLUMNS = ("file", "title", "caption_en", "caption_zh", "cat_id", "ucs_category", "author", "licence", "sha256", "kind")
RATE = 48000


def effect(name: str, take: int = 0) -> Stereo:
    """Return an effect of the synthesis."""
    made = EFFECTS[name].render(generator(name, take), 0.7).samples
    return np.asarray(made / max(float(np.abs(made).max()), 1e-9) * 0.5, np.float32)


def row(file: str, **told: str) -> dict[str, str]:
    return {"file": file, "author": "A. Recordist", "licence": "CC0-1.0", **told}


def knocks() -> Stereo:
    """Three knocks a second apart in one recording, with half a second of silence before."""
    gap = np.zeros((2, RATE // 2), np.float32)
    out = np.zeros((2, RATE * 4), np.float32)
    for place in range(3):
        hit = effect("WOODImpt_Block", place)
        at = RATE // 2 + place * RATE
        out[:, at : at + hit.shape[1]] += hit[:, : out.shape[1] - at]
    return np.concatenate((out, gap), axis=1)


def rain(seconds: float, take: int) -> Stereo:
    return np.asarray(water.rain(generator("rain", take), seconds, 0.7) * 0.2, np.float32)


def write(directory: Path, name: str, samples: Stereo, told: Mapping[str, str]) -> dict[str, str]:
    """Write one recording; return its row."""
    directory.mkdir(parents=True, exist_ok=True)
    data = audio_file.flac(samples)
    (directory / name).write_bytes(data)
    return row(name, sha256=hashlib.sha256(data).hexdigest(), **told)


def write_manifest(directory: Path, rows: list[dict[str, str]]) -> Path:
    """Write the manifest of what lies in ``directory``."""
    path = directory / "manifest.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def make(directory: Path) -> Path:
    """Write a pack of seven recordings of five things; return its directory."""
    told: dict[str, tuple[Stereo, dict[str, str]]] = {
        "a1.flac": (
            knocks(),
            {"caption_en": "knocking on a wooden door", "caption_zh": "敲木门", "cat_id": "DOORKnck"},
        ),
        "a2.flac": (effect("BELLGong_Gong"), {"caption_en": "gong hit", "caption_zh": "锣声", "ucs_category": "BELLS"}),
        "a3.flac": (
            effect("GLASBrk_Shatter"),
            {"caption_en": "glass shattering", "caption_zh": "玻璃破碎", "ucs_category": "GLASS"},
        ),
        "a4.flac": (
            effect("CMPTKey_Typing"),
            {"caption_en": "mechanical keyboard typing", "caption_zh": "敲击机械键盘", "ucs_category": "COMPUTERS"},
        ),
        **{
            f"rain{take}.flac": (
                rain(8.0, take),
                {"caption_en": "steady rain", "caption_zh": "持续的雨声", "ucs_category": "RAIN", "kind": "bed"},
            )
            for take in range(3)
        },
    }
    rows = [write(directory, name, samples, fields) for name, (samples, fields) in told.items()]
    write_manifest(directory, rows)
    return directory
