"""Publishing: clips go to a directory or an S3-compatible store, once each, and wait on the disk while it is down."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from livefoley.clips.publish.naming import DEFAULT_NAME, Naming
from livefoley.clips.publish.publisher import StorePublisher
from livefoley.clips.publish.spool import PublishStatistics, Spool, SpoolingPublisher
from livefoley.clips.publish.store import DirectoryStore, Store
from livefoley.core.errors import ConfigError

__all__ = [
    "DEFAULT_NAME",
    "DirectoryStore",
    "Naming",
    "PublishStatistics",
    "Spool",
    "SpoolingPublisher",
    "Store",
    "StorePublisher",
    "check_place",
    "open_publisher",
    "open_store",
]

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([^?#]*))?")
_SCHEME = re.compile(r"[A-Za-z0-9+.-]+:/")


def check_place(place: str) -> str:
    """Return ``place`` if clips can go there: ``s3://bucket/prefix`` or a directory. Raises ``ConfigError``, which does
    not show it: what was mistaken for it may be a key."""
    if place.startswith("s3://") and (strange := _strange(place)):
        raise ConfigError(f"{strange} is no part of a place in S3")
    if _SCHEME.match(place) and not _S3.fullmatch(place):
        raise ConfigError(
            'is no place for clips; give a directory, or like "s3://bucket/clips" (keys are AWS_ variables)'
        )
    return place


def _strange(place: str) -> str:
    """Return what no place in S3 has, and where it is; empty when its form alone is wrong."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    for part, text, known in (("bucket", bucket, r"[a-z0-9.-]"), ("prefix", prefix, r"[^?#]")):
        for number, character in enumerate(text, 1):
            if not re.fullmatch(known, character) or not character.isprintable():
                return f"character {number} of the {part}, {character!r} ({unicodedata.name(character, 'unnamed')}),"
    if {"", ".", ".."} & set(prefix.strip("/").split("/")) and prefix.strip("/"):
        return "an empty part of the prefix, or one of . or ..,"
    return ""


def open_store(place: str) -> Store:
    """Return the store at ``place``. Raises ``ConfigError`` as `check_place` does, and when S3 cannot be used."""
    found = _S3.fullmatch(check_place(place))
    if found is None:
        return DirectoryStore(Path(place))
    from livefoley.clips.publish.s3 import S3Store

    return S3Store(found[1], (found[2] or "").strip("/"))


def open_publisher(
    place: str,
    *,
    name: str = DEFAULT_NAME,
    backup: str | None = None,
    spool: str | Path | None = None,
    spool_bytes: int = 0,
) -> StorePublisher | SpoolingPublisher:
    """Return what publishes to ``place``; with a ``spool``, an outage of it is waited out. Raises ``ConfigError``."""
    naming = Naming(name)
    target = StorePublisher(open_store(place), naming)
    if spool is None or not spool_bytes:
        return target
    second = StorePublisher(open_store(backup), naming) if backup else None
    return SpoolingPublisher(target, Spool(Path(spool), spool_bytes), second)
