"""A room's on-screen text: gives its worker a key picture now and then, and hands on the keywords that appear.

Reading costs much and hurries nobody: one worker reads for all rooms. It has the lowest priority, gets a
room's picture every two seconds at most, and none while one waits to be read. What it was not given is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import Keyword, Mention
from livefoley.core.highlights import Evidence
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.snapshots import ScreenSnapshot
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.runtime.rooms.evidence import EvidenceIds
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.messages import (
    FromScreen,
    Keywords,
    Named,
    Noticed,
    PictureRead,
    ToScreen,
    VideoTrack,
    VideoUnit,
)
from livefoley.runtime.workers.process import WorkerStatistics
from livefoley.runtime.workers.shared import SharedWorkers

MODULE = "livefoley.runtime.workers.screen_worker"
INTERVAL: Tick = ticks_from_s(2.0)
HANG_TIMEOUT_S = 30.0  # one picture, on a machine with better things to do

ScreenWorkers: TypeAlias = SharedWorkers[ToScreen, FromScreen]


class Screen:
    """Implements the engine's ``Taps``; ``on_evidence`` is called from the event loop."""

    def __init__(
        self,
        room: str,
        workers: ScreenWorkers,
        keywords: Sequence[Keyword],
        on_evidence: Callable[[Evidence], None],
        on_mention: Callable[[Mention], None] | None = None,
    ) -> None:
        """Look for ``keywords``, and tell ``on_mention`` what else is named."""
        self._worker = workers.seat(room, self._message, self._ready)
        self.skipped = 0
        self._keywords = tuple(keywords)
        self._on_evidence = on_evidence
        self._on_mention = on_mention
        self._ids = EvidenceIds()
        self._track: TrackInfo | None = None
        self._figures = ScreenSnapshot()
        self._reading = False
        self._given: Tick | None = None

    def close(self) -> None:
        """The room is gone."""
        self._worker.leave()

    def video(self, item: TrackInfo | Unit) -> None:
        """Pass on a keyframe when it is time for one and the worker is free."""
        if isinstance(item, TrackInfo):
            self._track = item
            self._worker.send_nowait(VideoTrack.of(item), item.extradata)
        elif item.packet.keyframe and (self._given is None or abs(item.pts - self._given) >= INTERVAL):
            if self._reading or not self._worker.send_nowait(VideoUnit.of(item), item.packet.data):
                self.skipped += 1
                return
            self._given, self._reading = item.pts, True

    def audio(self, samples: NDArray[np.float32], start: Tick) -> None:
        """A screen is not heard."""

    def _ready(self) -> None:
        self._ids.restart()
        self._reading = False
        self._worker.send_nowait(Keywords(self._keywords, steer=self._on_mention is not None))
        if self._track is not None:
            self._worker.send_nowait(VideoTrack.of(self._track), self._track.extradata)

    def _message(self, message: FromScreen | Failed, payload: bytes) -> None:
        if isinstance(message, Noticed):
            self._on_evidence(self._ids.unique(message.evidence))
            return
        if isinstance(message, Named):
            if self._on_mention is not None:
                self._on_mention(message.mention)
            return
        self._reading = False  # it has read the picture, or could not
        if isinstance(message, PictureRead):
            self._figures = message.figures

    def snapshot(self) -> ScreenSnapshot:
        """Return what became of the room's pictures."""
        return self._figures

    def statistics(self) -> WorkerStatistics:
        """Return the worker's figures."""
        return self._worker.statistics()
