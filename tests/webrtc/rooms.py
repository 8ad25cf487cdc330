"""What a room gives to those who watch it, without the room."""

from __future__ import annotations

import asyncio

import numpy as np

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES
from livefoley.formats import nal
from livefoley.media.webrtc import WhepAudience

FRAME = 1600  # ticks, at 30 fps
BLOCK = 2048


class Room:
    """Feeds an audience as a room would, at its own pace."""

    def __init__(self, feed: WhepAudience) -> None:
        self.feed = feed
        self.foley: float | None = None  # its level
        self.frames = 0
        self.sent: list[list[bytes]] = []
        self._samples = 48_000

    def show(self, units: list[bytes], *, size: tuple[int, int] = (320, 240), order: list[int] | None = None) -> None:
        """Give the pictures of ``units`` (Annex B), shown in ``order``, with the parameters the first has."""
        split = [nal.split_annex_b(unit) for unit in units]
        if sets := nal.parameter_sets("h264", split[0]):
            self.feed.write_nowait(TrackInfo(MediaKind.VIDEO, "h264", nal.configuration("h264", sets), *size))
        first = 48_000 + self.frames * FRAME
        for index, parts in enumerate(split):
            pts = first + (order[index] if order else index) * FRAME
            data, keyframe = nal.join_length_prefixed(parts), nal.is_keyframe("h264", parts)
            packet = Packet(MediaKind.VIDEO, data, pts, first + index * FRAME, SAMPLES, keyframe)
            self.feed.write_nowait(Unit(packet, pts, packet.dts, epoch=0))
            self.sent.append(parts)
        self.frames += len(units)

    def sound(self, seconds: float) -> None:
        """Give so much sound: a low tone, and the foley over it when there is some."""
        for _ in range(round(seconds * 48_000 / BLOCK)):
            at = np.arange(self._samples, self._samples + BLOCK) / 48_000
            tone = np.tile(0.1 * np.sin(2 * np.pi * 200 * at), (2, 1)).astype(np.float32)
            stem = None
            if self.foley is not None:
                stem = np.tile(self.foley * np.sin(2 * np.pi * 3000 * at), (2, 1)).astype(np.float32)
            self.feed.hear_nowait(self._samples, tone if stem is None else tone + stem, stem)
            self._samples += BLOCK

    async def play(self, units: list[bytes]) -> None:
        """Give pictures and sound at their own pace."""
        for unit in units:
            self.show([unit])
            self.sound(1 / 30)
            await asyncio.sleep(1 / 30)
