"""A room's on-screen text: gives its worker a key picture now and then, and hands on the keywords that appear.

Reading costs much and hurries nobody: the worker has the lowest priority, gets a picture every two seconds at most, and
none while it reads one. What it was not given is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefoley.core.highlights import Evidence
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.runtime.rooms.evidence import EvidenceIds
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.messages import evidence_from, track_header, unit_header
from livefoley.runtime.workers.process import WorkerProcess, WorkerStatistics

MODULE = "livefoley.runtime.workers.screen_worker"
INTERVAL: Tick = ticks_from_s(2.0)
HANG_TIMEOUT_S = 30.0  # one picture, on a machine with better things to do


class Screen:
    """Implements the engine's ``Taps``; ``on_evidence`` is called from the event loop."""

    def __init__(self, room: str, keywords: Sequence[dict[str, Any]], on_evidence: Callable[[Evidence], None]) -> None:
        """Look for ``keywords``, as ``Keyword.to_json`` gives them."""
        self.worker = WorkerProcess(
            f"screen-{room}", MODULE, on_message=self._message, on_ready=self._ready, hang_timeout_s=HANG_TIMEOUT_S
        )
        self.skipped = 0
        self._keywords = list(keywords)
        self._on_evidence = on_evidence
        self._ids = EvidenceIds()
        self._track: TrackInfo | None = None
        self._reading = False
        self._given: Tick | None = None

    async def run(self) -> None:
        """Keep the worker running until cancelled."""
        await self.worker.run()

    def video(self, item: TrackInfo | Unit) -> None:
        """Pass on a keyframe when it is time for one and the worker is free."""
        if isinstance(item, TrackInfo):
            self._track = item
            self.worker.send_nowait(track_header(item), item.extradata)
        elif item.packet.keyframe and (self._given is None or abs(item.pts - self._given) >= INTERVAL):
            if self._reading or not self.worker.send_nowait(unit_header(item), item.packet.data):
                self.skipped += 1
                return
            self._given, self._reading = item.pts, True

    def audio(self, samples: NDArray[np.float32], start: Tick) -> None:
        """A screen is not heard."""

    def _ready(self) -> None:
        self._ids.restart()
        self._reading = False
        self.worker.send_nowait({"op": "keywords", "keywords": self._keywords})
        if self._track is not None:
            self.worker.send_nowait(track_header(self._track), self._track.extradata)

    def _message(self, header: Header, payload: bytes) -> None:
        if header.get("op") == "evidence":
            self._on_evidence(self._ids.unique(evidence_from(header)))
        else:  # it has read the picture, or could not
            self._reading = False

    def statistics(self) -> WorkerStatistics:
        """Return the worker's figures."""
        return self.worker.statistics()
