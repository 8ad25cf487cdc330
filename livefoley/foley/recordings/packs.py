"""Packs of recordings by name or manifest: fetched whole, each file compared with its hash, or not used.

Names are those of the operator's own catalogue: ``packs.csv`` in the library's directory, lines of ``name,manifest``.
Files lie beside the manifest, whether that is an address or a path. What has come is kept until the pack is whole, so a
fetch that was cut off goes on where it was.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import httpx

from livefoley.core.errors import BankError, ModelError, reason
from livefoley.foley import audio_file
from livefoley.foley.bank.library import MOST_BYTES as MOST_FILE_BYTES
from livefoley.foley.recordings import licences, manifest
from livefoley.foley.recordings.manifest import Manifest, Row
from livefoley.models.sources import READ_S, download, shown
from livefoley.system.digest import sha256_of
from livefoley.system.files import make_directory

CATALOGUE = "packs.csv"
MOST_BYTES = 8_000_000_000
LIMIT_S = 3600.0

Progress = Callable[[int, int], None]
"""Told how many recordings have come, and how many there will be."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A pack on this machine: its directory, with its manifest, and one line for each recording that is left out."""

    directory: Path
    count: int
    problems: tuple[str, ...]


def place_of(wanted: str, library: Path) -> str:
    """Return where the manifest of ``wanted`` is: itself, if it is an address or a path, else by the catalogue.

    Raises ``BankError`` for a name that is not known.
    """
    if wanted.startswith(("http://", "https://")) or wanted.endswith(".csv") or "/" in wanted or "\\" in wanted:
        return wanted
    known = _catalogue(library / CATALOGUE)
    if wanted not in known:
        names = ", ".join(sorted(known)) or "none"
        raise BankError(
            f"there is no pack {wanted!r} (known are {names}); give its manifest, or name it in {library / CATALOGUE}"
        )
    return known[wanted]


def fetch(
    place: str,
    staging: Path,
    *,
    any_licence: bool = False,
    progress: Progress = lambda *_: None,
    limit_s: float = LIMIT_S,
) -> Fetched:
    """Bring the recordings of the manifest at ``place`` into ``staging``; those that are there and whole are kept.

    Raises ``BankError``: the manifest cannot be had, or a file did not come whole, or not within ``limit_s``.
    """
    until_s = time.monotonic() + limit_s

    def in_time(_: int = 0) -> None:
        if time.monotonic() > until_s:
            raise BankError("took too long; what has come is kept, and another try goes on from there")

    try:
        make_directory(staging)
        with httpx.Client(follow_redirects=True, timeout=READ_S) as client:
            is_web = place.startswith(("http://", "https://"))
            source = _Web(client, place, in_time) if is_web else _Directory(Path(place))
            source.bring_manifest(staging / manifest.NAME)
            given = manifest.read_manifest(staging / manifest.NAME)
            wanted, problems = _wanted(given, any_licence)
            _forget_others(staging, wanted)
            total = 0
            for count, row in enumerate(wanted):
                progress(count, len(wanted))
                in_time()
                total += _bring(source, row, staging / row.file)
                if total > MOST_BYTES:
                    raise BankError(f"is larger than a pack of {MOST_BYTES // 1_000_000_000} GB; given up")
    except ModelError as error:
        raise BankError(str(error)) from None
    except OSError as error:
        raise BankError(f"{staging}: cannot be written ({reason(error)})") from None
    progress(len(wanted), len(wanted))
    return Fetched(staging, len(wanted), tuple(problems))


def staging_of(place: str, library: Path) -> Path:
    """Return where what comes of ``place`` is kept until it is taken in: beside the library."""
    return library.with_name(f".{library.name}-{hashlib.sha256(place.encode()).hexdigest()[:16]}.partial")


def clear(staging: Path) -> None:
    """Throw away what was fetched: it has been taken in."""
    shutil.rmtree(staging, ignore_errors=True)


def _wanted(given: Manifest, any_licence: bool) -> tuple[list[Row], list[str]]:
    """Return the rows to fetch, and a line for each of the others."""
    wanted, problems = [], []
    for row in given.rows:
        why = "" if any_licence else licences.objection(row.licence)
        why = why or ("" if row.sha256 else "its manifest gives no sha256")
        if why:
            problems.append(f"{row.file}: {why}")
        else:
            wanted.append(row)
    return wanted, problems


def _forget_others(staging: Path, wanted: Sequence[Row]) -> None:
    """Throw away sounds of an earlier try that the manifest does not give any more."""
    kept = {staging / row.file for row in wanted}
    for path in staging.rglob("*"):
        if path.suffix.lower() in audio_file.SUFFIXES and path.is_file() and path not in kept:
            path.unlink()


def _bring(source: _Web | _Directory, row: Row, target: Path) -> int:
    """Bring one file, unless it is there; return its size. Raises ``BankError``, ``ModelError`` and ``OSError``."""
    if not (target.is_file() and sha256_of(target) == row.sha256):
        make_directory(target.parent)
        source.bring(row.file, target)
        if sha256_of(target) != row.sha256:
            target.unlink()
            raise BankError(f"{row.file}: came damaged, or is another one (its SHA-256 is wrong); nothing was kept")
    return target.stat().st_size


def _catalogue(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows: Sequence[Sequence[str]] = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BankError(f"{path}: cannot be read ({reason(error)})") from None
    return {row[0].strip(): row[1].strip() for row in rows if len(row) > 1 and row[0].strip() != "name"}


class _Web:
    """The files beside a manifest's address."""

    def __init__(self, client: httpx.Client, address: str, saw: Callable[[int], None]) -> None:
        self._client = client
        self._address = address
        self._saw = saw

    def bring_manifest(self, target: Path) -> None:
        target.unlink(missing_ok=True)
        download(self._client, self._address, target, manifest.MOST_BYTES, self._saw)

    def bring(self, file: str, target: Path) -> None:
        if urlsplit(self._address).query:
            raise BankError(f"{shown(self._address)}: has a query, so its files have no addresses; give a plain one")
        download(self._client, urljoin(self._address, quote(file)), target, MOST_FILE_BYTES, self._saw)


class _Directory:
    """The files beside a manifest on a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser()

    def bring_manifest(self, target: Path) -> None:
        self._copy(self._path, target)

    def bring(self, file: str, target: Path) -> None:
        self._copy(self._path.parent / file, target)

    def _copy(self, path: Path, target: Path) -> None:
        try:
            shutil.copyfile(path, target)
        except OSError as error:
            raise BankError(f"{path}: cannot be read ({reason(error)})") from None
