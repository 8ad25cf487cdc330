"""Clips as the making of one leaves them: a directory of files and their metadata."""

from __future__ import annotations

from pathlib import Path

from livefoley.clips.model import ClipFiles, ClipMetadata, Heat

ID = "0123456789abcdef" * 2


def metadata(content_id: str = ID, **changes: object) -> ClipMetadata:
    fields: dict[str, object] = {
        "room": "stage",
        "title": "A goal",
        "tags": ("goal",),
        "heat": Heat.HOT,
        "created_at": "2026-11-21T12:00:40.000Z",
        "start_at": "2026-11-21T12:00:00.000Z",
        "duration_s": 15.0,
        "peak_s": 7.0,
        "stream_start_s": 100.0,
        "stream_end_s": 115.0,
        "kind": "goal",
    }
    return ClipMetadata(content_id, **{**fields, **changes})  # type: ignore[arg-type]


def finished(folder: Path, told: ClipMetadata, clip: bytes = b"moving pictures" * 1000) -> ClipFiles:
    """Write a clip's files below ``folder``."""
    files = ClipFiles(folder / told.content_id)
    files.directory.mkdir(parents=True, exist_ok=True)
    files.clip.write_bytes(clip)
    files.cover.write_bytes(b"a still picture")
    files.vtt.write_text("WEBVTT\n")
    files.metadata.write_text(told.to_json(), encoding="utf-8")
    return files
