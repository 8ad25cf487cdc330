"""What the audience sees while the publisher is away.

``freeze`` repeats the last keyframe, ``slate`` a still picture made for the purpose, ``audio`` sends sound alone. A
keyframe is a whole picture, so repeating its bytes needs no encoder and keeps every player and CDN awake. One of an
open GOP (HEVC) is a whole picture to those alone who begin with it, so its type is changed to one that begins anew.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from livefoley.core.media import MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, TICK_RATE, Tick
from livefoley.formats.open_gop import begins_anew


class OnDrop(StrEnum):
    """A room's policy for a publisher that is away."""

    FREEZE = "freeze"
    SLATE = "slate"
    AUDIO = "audio"


FIRST_AFTER: Tick = TICK_RATE // 2  # a short gap shows the last frame anyway
INTERVAL: Tick = TICK_RATE // 2


def is_filler(unit: Unit) -> bool:
    """Say whether ``unit`` stands in for a publisher that is away: no publisher stamps its pictures in ticks."""
    return unit.kind is MediaKind.VIDEO and unit.packet.time_base == SAMPLES


class Hold:
    """Follows what leaves, and fills in when nothing does."""

    def __init__(self, policy: OnDrop) -> None:
        self._policy = policy
        self._track: TrackInfo | None = None
        self._keyframe: Unit | None = None
        self._slate: tuple[TrackInfo, Packet] | None = None
        self._shown: TrackInfo | None = None
        self._last: Unit | None = None
        self.frames = 0

    def set_slate(self, track: TrackInfo, packet: Packet) -> None:
        """Use this picture; it may come at any time, the frozen picture stands in until it does."""
        self._slate = (track, packet)

    def left(self, item: OutputItem) -> list[OutputItem]:
        """Take a video item that leaves; return it, behind its track's parameters if the slate was shown last."""
        if isinstance(item, TrackInfo):
            self._track = self._shown = item
            return [item]
        self._last = item
        if item.packet.keyframe:
            self._keyframe = item
        if self._track is not None and self._shown is not self._track:
            self._shown = self._track
            return [self._track, item]
        return [item]

    def fill(self, playhead: Tick, epoch: int) -> list[OutputItem]:
        """Return what to show at ``playhead``: call while the publisher is away and no video is due."""
        last = self._last
        if last is None or self._policy is OnDrop.AUDIO:
            return []
        wait = INTERVAL if is_filler(last) else FIRST_AFTER
        if playhead - last.dts < wait:
            return []
        track, packet = self._picture()
        if packet is None:
            return []
        pts = max(playhead, last.pts + 1)
        unit = Unit(Packet(MediaKind.VIDEO, packet.data, pts, playhead, SAMPLES), pts, playhead, epoch)
        items: list[OutputItem] = [unit] if track is self._shown else [track, unit] if track else [unit]
        self._shown, self._last = track, unit
        self.frames += 1
        return items

    def _picture(self) -> tuple[TrackInfo | None, Packet | None]:
        if self._policy is OnDrop.SLATE and self._slate is not None:
            return self._slate
        if self._track is None or self._keyframe is None:
            return self._track, None
        packet = self._keyframe.packet
        if self._track.codec == "hevc":
            packet = replace(packet, data=begins_anew(self._track.extradata, packet.data, self.frames % 2))
        return self._track, packet
