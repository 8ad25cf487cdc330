"""The copies of a room's sound and picture that are analysed: several takers at one tap, sound in batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import Tick
from livefoley.engine.room_types import Taps

AUDIO_BATCH = 4096  # samples a message: fewer, larger messages; the look-ahead has the time


class AudioBatcher:
    """Gathers decoded mono sound; ``send(payload, start)`` gets it as 16-bit samples, about 85 ms at a time."""

    def __init__(self, send: Callable[[bytes, Tick], None]) -> None:
        self._send = send
        self._blocks: list[NDArray[np.float32]] = []
        self._start: Tick = 0
        self._samples = 0

    def feed(self, samples: NDArray[np.float32], start: Tick) -> None:
        """Take ``[n]`` samples; a jump sends what was before it."""
        if self._blocks and start != self._start + self._samples:
            self.flush()
        if not self._blocks:
            self._start = start
        self._blocks.append(samples)
        self._samples += len(samples)
        if self._samples >= AUDIO_BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what has been gathered."""
        if self._blocks:
            whole = np.concatenate(self._blocks)
            self._send((np.clip(whole, -1.0, 1.0) * 32767).astype(np.int16).tobytes(), self._start)
            self._blocks.clear()
            self._samples = 0


def audio_from(payload: bytes) -> NDArray[np.float32]:
    """Return the samples of a batch."""
    return np.frombuffer(payload, np.int16).astype(np.float32) / np.float32(32768)


class Fork:
    """Implements ``Taps`` for several takers."""

    def __init__(self, *taps: Taps) -> None:
        self._taps = taps

    def video(self, item: TrackInfo | Unit) -> None:
        """Give every taker the same."""
        for tap in self._taps:
            tap.video(item)

    def audio(self, samples: NDArray[np.float32], start: Tick) -> None:
        """Give every taker the same."""
        for tap in self._taps:
            tap.audio(samples, start)
