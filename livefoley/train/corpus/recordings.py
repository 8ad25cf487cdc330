"""Labelled recordings from where they lie: a manifest beside a folder of sound files, or WebDataset shards.

A manifest is a CSV with a header. Wanted: ``path`` (relative to the manifest) and ``caption_en``. Used when there:
``caption_zh``, ``ucs_category``, ``split`` (``train`` or ``valid``), ``licence``, ``author``, ``source``. A shard is a
tar file of pairs ``KEY.flac`` (or wav, ogg, opus, mp3) and ``KEY.json`` with the same fields. Beside a manifest's
sound file may lie a ``.npy`` of the same name: how a video teacher saw the film, ``[n, d]`` over the sound's length.
"""

from __future__ import annotations

import csv
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from livefoley.core.errors import BankError, InputError
from livefoley.foley import audio_file
from livefoley.foley.student.features import Floats


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a recording beside its sound."""

    name: str
    english: str
    chinese: str = ""
    category: str = ""
    split: str = "train"
    licence: str = ""
    author: str = ""
    source: str = ""
    seen: Path | None = None


def read(source: Path, longest_s: float = 120.0) -> Iterator[tuple[Label, Floats]]:
    """Yield every recording of a manifest (``.csv``), a shard (``.tar``) or a folder of either, mono at 48 kHz.

    A file that cannot be decoded is left out. Raises ``InputError`` when ``source`` is none of these.
    """
    if source.is_dir():
        parts = [source / "manifest.csv"] if (source / "manifest.csv").exists() else sorted(source.glob("*.tar"))
    else:
        parts = [source]
    if not parts or not all(part.is_file() for part in parts):
        raise InputError(f"{source}: want a manifest.csv, a .tar shard, or a folder with either")
    for part in parts:
        yield from _shard(part, longest_s) if part.suffix == ".tar" else _manifest(part, longest_s)


def labels(manifest: Path) -> list[Label]:
    """Return what a manifest says, file by file, without reading any sound."""
    return [_label(row["path"], row) for row in _rows(manifest)]


def mono(path: Path, longest_s: float = 120.0) -> Floats:
    """Return a sound file's mid channel. Raises ``BankError``."""
    return np.asarray(audio_file.read(path, longest_s).mean(axis=0), np.float32)


def _rows(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"path", "caption_en"} <= rows[0].keys():
        raise InputError(f"{manifest}: want a CSV with at least the columns path and caption_en")
    return rows


def _label(name: str, fields: dict[str, str]) -> Label:
    said = {key: str(value) for key, value in fields.items() if value is not None}
    return Label(
        name,
        said.get("caption_en", ""),
        said.get("caption_zh", ""),
        said.get("ucs_category", ""),
        said.get("split", "") or "train",
        said.get("licence", ""),
        said.get("author", ""),
        said.get("source", ""),
    )


def _manifest(path: Path, longest_s: float) -> Iterator[tuple[Label, Floats]]:
    for row in _rows(path):
        try:
            sound = path.parent / row["path"]
            seen = sound.with_suffix(".npy")
            yield replace(_label(row["path"], row), seen=seen if seen.is_file() else None), mono(sound, longest_s)
        except BankError:
            continue


def _shard(path: Path, longest_s: float) -> Iterator[tuple[Label, Floats]]:
    sounds: dict[str, tuple[str, bytes]] = {}
    said: dict[str, dict[str, str]] = {}
    with tarfile.open(path) as tar:
        for member in tar:
            key, _, suffix = member.name.partition(".")
            file = tar.extractfile(member)
            if file is None:
                continue
            _sort_in(key, "." + suffix.lower(), file, sounds, said)
            if key in sounds and key in said:
                suffix, content = sounds.pop(key)
                try:
                    yield _label(key, said.pop(key)), _decoded(content, suffix, longest_s)
                except BankError:
                    continue


def _sort_in(
    key: str, suffix: str, file: IO[bytes], sounds: dict[str, tuple[str, bytes]], said: dict[str, dict[str, str]]
) -> None:
    if suffix in audio_file.SUFFIXES:
        sounds[key] = suffix, file.read()
    elif suffix == ".json":
        said[key] = json.load(file)


def _decoded(content: bytes, suffix: str, longest_s: float) -> Floats:
    with tempfile.NamedTemporaryFile(suffix=suffix, delete=False) as file:
        file.write(content)
    try:
        return mono(Path(file.name), longest_s)
    finally:
        Path(file.name).unlink()
