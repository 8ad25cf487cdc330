"""Output units as an MPEG transport stream, for whatever carries its bytes on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import av

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE
from livefoley.media.files.containers import TrackWriter, add_tracks, sized

_CARRIED = ("h264", "hevc", "aac", "mp3")


class TsStream:
    """Output items to MPEG-TS bytes. Sans-IO; begins with the first keyframe, or with sound when there are no pictures.

    Raises ``UnsupportedCodec``. New parameters of the same codec continue the stream.
    """

    def __init__(self) -> None:
        self._infos: dict[MediaKind, TrackInfo] = {}
        self._pending: list[Unit] = []
        self._writers: dict[MediaKind, TrackWriter] = {}
        self._memory = io.BytesIO()
        self._container: Any = None

    def feed(self, items: Sequence[OutputItem]) -> bytes:
        """Return the bytes that ``items`` add to the stream."""
        for item in items:
            if isinstance(item, TrackInfo):
                self._change(item)
            elif item.kind in self._writers:
                self._writers[item.kind].write(item, 0)
            elif item.kind in self._infos:
                self._wait(item)
        return self._taken()

    def flush(self) -> bytes:
        """Return what is still inside, at the end of the stream."""
        if self._pending:
            self._begin()
        self._end()
        return self._taken()

    def _change(self, info: TrackInfo) -> None:
        if info.codec not in _CARRIED:
            raise UnsupportedCodec(f"MPEG-TS (SRT) does not carry {info.codec}; use H.264 or HEVC and AAC")
        if self._infos.get(info.kind) != info:
            self._end()
            self._infos[info.kind] = info

    def _wait(self, unit: Unit) -> None:
        begun = {each.kind for each in self._pending} | set(self._writers)
        if unit.kind not in begun and not unit.opens_track:
            return
        self._pending.append(unit)
        if begun | {unit.kind} >= set(MediaKind) or unit.dts - self._pending[0].dts > TICK_RATE:
            self._begin()

    def _begin(self) -> None:
        units, self._pending = self._pending, []
        self._end()
        tracks = sized(self._infos.values(), units)
        options = {"flush_packets": "1", "mpegts_flags": "+initial_discontinuity"}  # this may continue a stream
        self._container = av.open(self._memory, "w", format="mpegts", container_options=options)
        pairs = zip(tracks, add_tracks(self._container, tracks), strict=True)
        self._writers = {info.kind: TrackWriter(self._container, stream, info) for info, stream in pairs}
        for unit in units:
            self._writers[unit.kind].write(unit, 0)

    def _end(self) -> None:
        if self._container is not None:
            container, self._container = self._container, None
            container.close()
        self._writers = {}

    def _taken(self) -> bytes:
        data = self._memory.getvalue()
        self._memory.seek(0)
        self._memory.truncate()
        return data
