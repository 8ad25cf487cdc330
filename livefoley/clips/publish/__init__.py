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
