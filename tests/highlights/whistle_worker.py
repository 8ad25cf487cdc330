"""A perception worker with one detector more, as it would look with a signal that livefoley does not have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livefoley.core.highlights import Evidence, Origin
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.perception.eyes.people import People
from livefoley.perception.eyes.picture_classes import PictureClasses
from livefoley.runtime.workers.messages import PERCEPTION
from livefoley.runtime.workers.perception_worker import RoomWatcher, detectors
from livefoley.runtime.workers.shared_child import serve_rooms

SIGNAL = "whistle"
HZ = 3000
SHARE = 0.5  # of the power of a block


class WhistleDetector:
    """Hears the referee: most of the power within 100 Hz of 3 kHz. Implements ``Detector``."""

    def __init__(self) -> None:
        self._count = 0
        self._blown = False

    def feed(self, samples: NDArray[np.float32], start: Tick) -> list[Evidence]:
        """Take a block; return the whistle that begins in it."""
        power = np.abs(np.fft.rfft(samples)) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / TICK_RATE)
        share = float(power[abs(hz - HZ) < 100].sum() / max(1e-9, power.sum()))
        before, self._blown = self._blown, share > SHARE
        if before or not self._blown:
            return []
        self._count += 1
        end = start + len(samples)
        return [Evidence(SIGNAL, self._count, Origin.SOUND, start, end, 0.9, f"{share:.0%} at 3 kHz", people=1)]


if __name__ == "__main__":
    network, people = PictureClasses(), People()
    serve_rooms(PERCEPTION, lambda: RoomWatcher([*detectors(), WhistleDetector()], network, people).handle)
