"""From a room's output to the tags of one connection: what a server that knows nothing yet must be sent, in order.

Metadata and sequence headers first and again at each change of parameters; pictures from a keyframe on. Sound waits a
moment for the first picture, so that players start with both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick, ms_from_ticks
from livefoley.media.rtmp.protocol import chunks
from livefoley.media.rtmp.protocol.write_tags import TagWriter, metadata

PATIENCE: Tick = 3 * TICK_RATE
"""How long sound waits for the first keyframe."""

_TYPES = {MediaKind.VIDEO: chunks.VIDEO, MediaKind.AUDIO: chunks.AUDIO}


class Tag(NamedTuple):
    """One message to send: its type, timestamp in ms (not wrapped) and body."""

    type: int
    timestamp: int
    body: bytes


class TagStream:
    """Made for each connection with the tracks known so far; ``told`` is what the metadata say beside them.

    ``skipped`` counts units that were not sent.
    """

    def __init__(self, tracks: dict[MediaKind, TrackInfo], told: Mapping[str, str] | None = None) -> None:
        self.skipped = 0
        self.problems: dict[MediaKind, str] = {}  # why a track is left out
        self._told = {"encoder": "livefoley", **(told or {})}
        self._writers: dict[MediaKind, TagWriter] = {}
        self._owed: set[MediaKind] = set()  # tracks whose sequence header is to be sent
        self._started = False
        self._need_keyframe = True
        self._waiting_since: Tick | None = None
        for info in tracks.values():
            self._change(info)

    def feed(self, item: OutputItem) -> list[Tag]:
        """Take the next item; return the tags it amounts to, stamped with ``Unit.dts``."""
        if isinstance(item, TrackInfo):
            self._change(item)
            return []
        writer = self._writers.get(item.kind)
        if writer is None or not self._may_send(item):
            self.skipped += 1
            return []
        stamp = ms_from_ticks(item.dts)
        tags = self._headers(stamp) if self._owed else []
        tags.append(Tag(_TYPES[item.kind], stamp, writer.body(item)))
        return tags

    def _change(self, info: TrackInfo) -> None:
        known = self._writers.get(info.kind)
        if known is not None and known.info == info:
            return
        try:
            self._writers[info.kind] = TagWriter(info)
        except UnsupportedCodec as error:
            self._writers.pop(info.kind, None)
            self.problems[info.kind] = str(error)
            return
        self.problems.pop(info.kind, None)
        self._owed.add(info.kind)
        if info.kind is MediaKind.VIDEO:
            self._need_keyframe = True

    def _may_send(self, unit: Unit) -> bool:
        if unit.kind is MediaKind.VIDEO:
            self._need_keyframe = self._need_keyframe and not unit.packet.keyframe
            self._started = self._started or not self._need_keyframe
            return not self._need_keyframe
        if not self._started:
            self._waiting_since = unit.dts if self._waiting_since is None else self._waiting_since
            patient = MediaKind.VIDEO in self._writers and unit.dts - self._waiting_since < PATIENCE
            self._started = not patient
        return self._started

    def _headers(self, stamp: int) -> list[Tag]:
        """Return metadata and the sequence headers owed. A picture's waits for its keyframe."""
        owed = [kind for kind in MediaKind if kind in self._owed and not self._withheld(kind)]
        if not owed:
            return []
        self._owed.difference_update(owed)
        tags = [Tag(chunks.DATA, stamp, metadata((writer.info for writer in self._writers.values()), self._told))]
        for kind in owed:
            writer = self._writers[kind]
            tags += [Tag(_TYPES[kind], stamp, body) for body in (writer.start, writer.colours) if body is not None]
        return tags

    def _withheld(self, kind: MediaKind) -> bool:
        return kind is MediaKind.VIDEO and self._need_keyframe
