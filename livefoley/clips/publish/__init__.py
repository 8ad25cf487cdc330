"""Publishing: clips go to a directory or an S3-compatible store, once each, and wait on the disk while it is down."""

from __future__ import annotations

import re
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
    "open_publisher",
    "open_store",
]

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9._/-]*))?")


def open_store(place: str) -> Store:
    """Return the store at ``place``: ``s3://bucket/prefix`` or a directory. Raises ``ConfigError``."""
    if place.startswith("s3://"):
        from livefoley.clips.publish.s3 import S3Store

        found = _S3.fullmatch(place)
        if found is None:
            raise ConfigError(f'{place} is no place in S3; it is like "s3://bucket/clips"')
        return S3Store(found[1], (found[2] or "").strip("/"))
    if "://" in place:
        raise ConfigError(
            f"{place.partition('://')[0]}:// is no place for clips; give a directory or s3://bucket/prefix"
        )
    return DirectoryStore(Path(place))


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
