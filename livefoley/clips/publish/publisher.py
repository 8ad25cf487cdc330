"""Brings a clip's files into a store, once for each content id: the metadata, last, says that it is whole."""

from __future__ import annotations

from pathlib import Path

from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.clips.ports import Published
from livefoley.clips.publish.naming import Naming
from livefoley.clips.publish.store import Store
from livefoley.core.errors import OutputError, reason

COMMIT = "metadata.json"

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".wav": "audio/wav",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".srt": "application/x-subrip; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".json": "application/json",
}


class StorePublisher:
    """Implements ``Publisher`` over a store. Two that publish one clip at once leave one, told as new once."""

    def __init__(self, store: Store, naming: Naming) -> None:
        self._store = store
        self._naming = naming

    def publish(self, files: ClipFiles, metadata: ClipMetadata) -> Published:
        """Publish all files; what an attempt that was cut off left is written over. Raises ``OutputError``."""
        prefix = self._naming.prefix(metadata)
        commit = f"{prefix}/{COMMIT}"
        created = self._store.stat(commit) is None
        if created:
            for path in files.all():
                if path.name != COMMIT:
                    self._store.put(f"{prefix}/{path.name}", path, _media_type(path))
            created = self._store.create(commit, _read(files.metadata), MEDIA_TYPES[".json"])
        return Published(metadata.content_id, self._store.location(prefix), created, prefix)

    def withdraw(self, prefix: str, content_id: str = "") -> None:
        """Delete a published clip, the metadata first. Raises ``OutputError``."""
        self._store.delete(f"{prefix}/{COMMIT}")
        for key in self._store.keys(prefix):
            self._store.delete(key)


def _media_type(path: Path) -> str:
    return MEDIA_TYPES.get(path.suffix, "application/octet-stream")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutputError(f"{path}: {reason(error)}") from None
