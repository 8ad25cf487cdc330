"""An operator's own sounds: UCS-named files, and those a manifest tells of, taken in once, made even, and indexed in a
directory of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import BankError, OutputError, reason
from livefoley.core.text.credits import Credit
from livefoley.foley import audio_file
from livefoley.foley.bank import ucs
from livefoley.foley.onset import even
from livefoley.foley.recordings import licences, manifest
from livefoley.foley.recordings.manifest import Row
from livefoley.foley.recordings.takes import Take, is_steady, takes_of
from livefoley.system.digest import sha256_of
from livefoley.system.files import SHARED, write_whole

INDEX = "index.json"
LONGEST_S = 60.0
MOST_BYTES = 512_000_000
_INDEX_FORMATS = (1, 2)  # the first knows neither captions nor takes


@dataclass(frozen=True, slots=True)
class Entry:
    """One sound of a library. ``file`` lies beside the index; ``digest`` is that of the file it was made from.

    ``captions`` say what is heard in it (those of its manifest, in any language, else its name's words), ``takes`` are
    the single hits inside, ``steady`` tells that an ambience can be made of it. Of a sound that no manifest told of,
    ``title``, ``author``, ``licence`` and ``source`` are empty, and so is ``cat_id`` where only a category is known.
    """

    name: str
    cat_id: str
    category: str
    words: tuple[str, ...]
    file: str
    onset: int
    samples: int
    digest: str
    captions: tuple[str, ...] = ()
    takes: tuple[Take, ...] = ()
    steady: bool = False
    title: str = ""
    author: str = ""
    licence: str = ""
    source: str = ""

    @property
    def told(self) -> bool:
        """Whether a manifest tells of it."""
        return bool(self.title)

    @property
    def texts(self) -> tuple[str, ...]:
        """What it is called, as it is looked for."""
        return self.captions or (" ".join(self.words),)

    @property
    def hits(self) -> tuple[Take, ...]:
        """The single hits inside; at least one."""
        return self.takes or (Take(0, self.onset, self.samples),)

    @property
    def credit(self) -> Credit:
        """Whose it is."""
        return Credit(self.title or self.name, self.author, self.licence, self.source)


@dataclass(frozen=True, slots=True)
class AddReport:
    """What came of a directory: names taken in, names known already, and one line for each file left out."""

    added: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Library:
    """The sounds in one directory, and its index."""

    def __init__(self, directory: Path) -> None:
        """Open the library in ``directory`` (an absent one is empty). Raises ``BankError`` for an unreadable index."""
        self.directory = directory
        self.entries: tuple[Entry, ...] = _load(directory / INDEX)

    @staticmethod
    def add(directory: Path, into: Path, *, any_licence: bool = False) -> AddReport:
        """Take the sound files under ``directory`` into the library at ``into``; the index changes last, at once.

        Those that ``manifest.csv`` in ``directory`` tells of may have any name, unless their licence forbids what is
        done with them (and not ``any_licence``); the others must be UCS-named.

        Raises ``BankError`` when ``directory`` is none, its manifest cannot be read, or ``into`` cannot be written; a
        file that is no good costs one line of the report.
        """
        if not directory.is_dir():
            raise BankError(f"{directory}: no such directory")
        library = Library(into)
        intake = _Intake(into, library.entries, any_licence)
        told: dict[Path, Row] = {}
        if (directory / manifest.NAME).is_file():
            given = manifest.read_manifest(directory / manifest.NAME)
            told = {directory / row.file: row for row in given.rows}
            intake.problems += given.problems
        for path in sorted(directory.rglob("*")):
            if path.suffix.lower() in audio_file.SUFFIXES and path.is_file() and into not in path.parents:
                intake.offer(path, told.get(path))
        try:
            _save(into / INDEX, tuple(intake.entries))
        except OutputError as error:
            raise BankError(str(error)) from None
        return AddReport(tuple(intake.added), tuple(intake.duplicates), tuple(intake.problems))

    def read(self, entry: Entry, longest_s: float = LONGEST_S + 1) -> Stereo:
        """Return the samples of ``entry``, at most ``longest_s``. Raises ``BankError`` when its file is gone or
        damaged."""
        return audio_file.read(self.directory / entry.file, longest_s)


class _Intake:
    """One run of ``add``: what is known so far, and the report as it grows."""

    def __init__(self, into: Path, entries: tuple[Entry, ...], any_licence: bool) -> None:
        self.into = into
        self.entries = list(entries)
        self.known = {entry.digest: entry.name for entry in entries}
        self.any_licence = any_licence
        self.added: list[str] = []
        self.duplicates: list[str] = []
        self.problems: list[str] = []

    def offer(self, path: Path, row: Row | None) -> None:
        """Take one file in, of which ``row`` of a manifest tells if any does, or say why not."""
        try:
            self._take(path, row)
        except BankError as error:
            self.problems.append(str(error))
        except (OSError, OutputError) as error:
            self.problems.append(f"{path.name}: cannot be read or stored ({reason(error)})")

    def _take(self, path: Path, row: Row | None) -> None:
        called = _told_by(row, path) if row is not None else _named_by(path)
        if row is not None and row.licence and not self.any_licence and (why := licences.objection(row.licence)):
            raise BankError(f"{path.name}: {why}")
        if path.stat().st_size > MOST_BYTES:
            raise BankError(f"{path.name}: is larger than {MOST_BYTES // 1_000_000} MB")
        digest = sha256_of(path)
        if row is not None and row.sha256 not in ("", digest):
            raise BankError(f"{path.name}: is not the file its manifest tells of (another SHA-256)")
        if digest in self.known:
            self.duplicates.append(path.stem)
            return
        samples, onset = even(_mono_safe(audio_file.read(path, LONGEST_S)), path.name)
        file = f"{digest[:32]}.flac"
        write_whole(self.into / file, audio_file.flac(samples), mode=SHARED, parents=True)
        takes, steady = takes_of(samples, onset), is_steady(samples) or (row is not None and row.kind == manifest.BED)
        made = {"file": file, "onset": onset, "samples": samples.shape[1], "digest": digest}
        self.entries.append(Entry(**called, **made, takes=takes, steady=steady))
        self.known[digest] = path.stem
        self.added.append(path.stem)


def _named_by(path: Path) -> dict[str, Any]:
    """Return what a file's name tells of it. Raises ``BankError``."""
    name = ucs.parse(path.stem)
    if name is None:
        raise BankError(
            f"{path.name}: is not UCS-named (want CatID_Name, for example RAINGlas_Attic.wav), and no "
            f"{manifest.NAME} tells of it"
        )
    return {"name": path.stem, "cat_id": name.cat_id, "category": name.category, "words": name.words}


def _told_by(row: Row, path: Path) -> dict[str, Any]:
    """Return what a manifest tells of a file."""
    words = tuple(dict.fromkeys(word for text in (row.title, *row.captions) for word in ucs.words_of(text)))
    name = path.stem if ucs.parse(path.stem) or not row.cat_id else f"{row.cat_id}_{row.title}"
    called = {"name": name, "cat_id": row.cat_id, "category": row.category, "words": words, "title": row.title}
    return called | {
        "captions": row.captions or (row.title,),
        "author": row.author,
        "licence": row.licence,
        "source": row.source,
    }


def _mono_safe(samples: Stereo) -> Stereo:
    """Return a recording one side of which is not the other's opposite: heard on one loudspeaker, it would be gone."""
    left, right = samples.astype(np.float64)
    if float(left @ right) < -0.5 * float(np.sqrt((left @ left) * (right @ right))):
        return np.stack((samples[0], -samples[1]))
    return samples


def _load(path: Path) -> tuple[Entry, ...]:
    if not path.exists():
        return ()
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] not in _INDEX_FORMATS:
            raise ValueError("another version wrote it")
        return tuple(_entry(item) for item in content["entries"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BankError(f"{path}: is no index of a library ({error}); add the sounds again") from error


def _entry(item: Mapping[str, Any]) -> Entry:
    """Return an entry as it was written; raises ``KeyError``, ``TypeError`` or ``AttributeError`` for what is none."""
    takes = tuple(Take(**each) for each in item.get("takes", ()))
    return Entry(**{**item, "words": tuple(item["words"]), "captions": tuple(item.get("captions", ())), "takes": takes})


def _save(path: Path, entries: tuple[Entry, ...]) -> None:
    content = {"format": _INDEX_FORMATS[-1], "entries": [asdict(entry) for entry in entries]}
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=1), mode=SHARED, parents=True)
