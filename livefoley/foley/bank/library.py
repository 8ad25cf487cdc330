"""An operator's own sounds: UCS-named files taken in once, made even, and indexed in a directory of ours."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from livefoley.core.cues import Stereo
from livefoley.core.errors import BankError, OutputError, reason
from livefoley.foley import audio_file
from livefoley.foley.bank import ucs
from livefoley.foley.onset import even
from livefoley.system.files import SHARED, write_whole

INDEX = "index.json"
LONGEST_S = 30.0
MOST_BYTES = 512_000_000
_INDEX_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One sound of a library. ``file`` lies beside the index; ``digest`` is that of the file it was made from."""

    name: str
    cat_id: str
    category: str
    words: tuple[str, ...]
    file: str
    onset: int
    samples: int
    digest: str


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
    def add(directory: Path, into: Path) -> AddReport:
        """Take the sound files under ``directory`` into the library at ``into``; the index changes last, at once.

        Raises ``BankError`` when ``directory`` is none or ``into`` cannot be written; a file that is no good costs one
        line of the report.
        """
        if not directory.is_dir():
            raise BankError(f"{directory}: no such directory")
        library = Library(into)
        intake = _Intake(into, library.entries)
        for path in sorted(directory.rglob("*")):
            if path.suffix.lower() in audio_file.SUFFIXES and path.is_file() and into not in path.parents:
                intake.offer(path)
        try:
            _save(into / INDEX, tuple(intake.entries))
        except OutputError as error:
            raise BankError(str(error)) from None
        return AddReport(tuple(intake.added), tuple(intake.duplicates), tuple(intake.problems))

    def read(self, entry: Entry) -> Stereo:
        """Return the samples of ``entry``. Raises ``BankError`` when its file is gone or damaged."""
        return audio_file.read(self.directory / entry.file, LONGEST_S + 1)


class _Intake:
    """One run of ``add``: what is known so far, and the report as it grows."""

    def __init__(self, into: Path, entries: tuple[Entry, ...]) -> None:
        self.into = into
        self.entries = list(entries)
        self.known = {entry.digest: entry.name for entry in entries}
        self.added: list[str] = []
        self.duplicates: list[str] = []
        self.problems: list[str] = []

    def offer(self, path: Path) -> None:
        """Take one file in, or say why not."""
        try:
            self._take(path)
        except BankError as error:
            self.problems.append(str(error))
        except (OSError, OutputError) as error:
            self.problems.append(f"{path.name}: cannot be read or stored ({reason(error)})")

    def _take(self, path: Path) -> None:
        name = ucs.parse(path.stem)
        if name is None:
            raise BankError(f"{path.name}: is not UCS-named (want CatID_Name, for example RAINGlas_Attic.wav)")
        if path.stat().st_size > MOST_BYTES:
            raise BankError(f"{path.name}: is larger than {MOST_BYTES // 1_000_000} MB")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest in self.known:
            self.duplicates.append(path.stem)
            return
        samples, onset = even(audio_file.read(path, LONGEST_S), path.name)
        file = f"{digest[:32]}.flac"
        write_whole(self.into / file, audio_file.flac(samples), mode=SHARED, parents=True)
        made = (name.cat_id, name.category, name.words, file, onset, samples.shape[1], digest)
        self.entries.append(Entry(path.stem, *made))
        self.known[digest] = path.stem
        self.added.append(path.stem)


def _load(path: Path) -> tuple[Entry, ...]:
    if not path.exists():
        return ()
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != _INDEX_FORMAT:
            raise ValueError("another version wrote it")
        return tuple(Entry(**{**item, "words": tuple(item["words"])}) for item in content["entries"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BankError(f"{path}: is no index of a library ({error}); add the sounds again") from error


def _save(path: Path, entries: tuple[Entry, ...]) -> None:
    content = {"format": _INDEX_FORMAT, "entries": [asdict(entry) for entry in entries]}
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=1), mode=SHARED, parents=True)
