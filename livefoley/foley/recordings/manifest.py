"""A pack of recordings as its manifest tells of it: a CSV file beside the sounds, one row a sound.

Columns, in any order, others left alone: ``file`` (or ``path``, below the manifest), ``title``, ``caption_en`` and
``caption_zh`` (what is heard, in words), ``cat_id`` (UCS) or ``ucs_category``, ``author``, ``licence``, ``source``
(where it is from), ``sha256`` of the file, and ``kind`` (``bed`` for what an ambience can be made of). ``file`` is
needed, and a caption or a title; a pack that is fetched needs ``sha256`` and ``licence``, too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from livefoley.core.errors import BankError, reason
from livefoley.foley import audio_file
from livefoley.foley.bank import ucs

NAME = "manifest.csv"
BED = "bed"
MOST_BYTES = 8_000_000
MOST_ROWS = 20_000
MOST_TEXT = 300
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Row:
    """One recording. ``file`` is a path below the manifest; what is not told is empty."""

    file: str
    title: str
    captions: tuple[str, ...] = ()
    cat_id: str = ""
    category: str = ""
    author: str = ""
    licence: str = ""
    source: str = ""
    sha256: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The recordings of a pack, and one line for each row that is no good."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()


def read_manifest(path: Path) -> Manifest:
    """Return what a manifest tells. Raises ``BankError`` for a file that is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BankError(f"{path.name}: is larger than a manifest of {MOST_BYTES // 1_000_000} MB")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BankError(f"{path.name}: cannot be read ({reason(error)})") from None
    return parse(text, path.name)


def parse(text: str, name: str = NAME) -> Manifest:
    """Return what the text of a manifest tells. Raises ``BankError`` when it is none, or has too many rows."""
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or ())
    if not columns & {"file", "path"} or not columns & {"title", "caption_en", "caption_zh"}:
        raise BankError(f"{name}: is no manifest; want the columns file, title or caption_en, cat_id, licence, sha256")
    rows: dict[str, Row] = {}
    problems: list[str] = []
    try:
        for number, (made, problem) in enumerate(_rows(reader, name), 2):
            if number - 1 > MOST_ROWS:
                raise BankError(f"{name}: has more than {MOST_ROWS} rows; make packs of it")
            if made is not None:
                rows.setdefault(made.file, made)
            else:
                problems.append(f"{name}:{number}: {problem}")
    except csv.Error as error:
        raise BankError(f"{name}: cannot be read ({error})") from None
    return Manifest(tuple(rows.values()), tuple(problems))


def _rows(reader: Iterator[Mapping[str, str]], name: str) -> Iterator[tuple[Row | None, str]]:
    for fields in reader:
        try:
            yield _row({key: value for key, value in fields.items() if isinstance(key, str)}), ""
        except ValueError as error:
            yield None, str(error)


def _row(fields: Mapping[str, str | None]) -> Row:
    """Return a row; raises ``ValueError`` with what is wrong with it."""

    def told(*names: str) -> str:
        found = next((value for name in names if (value := fields.get(name))), "")
        return " ".join(found.split())[:MOST_TEXT]

    file = (fields.get("file") or fields.get("path") or "").strip()
    _check_place(file)
    captions = tuple(filter(None, (told("caption_en", "caption"), told("caption_zh"))))
    title = told("title") or (captions[0] if captions else "")
    if not title:
        raise ValueError(f"{file} has neither a title nor a caption")
    cat_id = told("cat_id")
    category = ucs.category_of(cat_id) if cat_id else told("ucs_category", "category").upper()
    if category is None:
        raise ValueError(f"{cat_id} is no CatID of UCS")
    if category and category not in ucs.CATEGORIES.values():
        raise ValueError(f"{category} is no category of UCS")
    sha256 = told("sha256").lower()
    if sha256 and not _HASH.fullmatch(sha256):
        raise ValueError(f"the sha256 of {file} is none")
    rest = (told("author"), told("licence", "license"), told("source"), sha256, told("kind").lower())
    return Row(file, title, captions, cat_id, category, *rest)


def _check_place(file: str) -> None:
    """Raise ``ValueError`` for a path that leads out of the pack, or to no sound."""
    path = PurePosixPath(file)
    if not file or len(file) > MOST_TEXT:
        raise ValueError("names no file")
    if path.is_absolute() or ".." in path.parts or "\\" in file or ":" in file or not file.isprintable():
        raise ValueError(f"{file} is no path below the manifest")
    if path.suffix.lower() not in audio_file.SUFFIXES:
        raise ValueError(f"{file} is no sound file ({', '.join(audio_file.SUFFIXES)})")
