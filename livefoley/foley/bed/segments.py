"""An endless ambience woven of segments that somebody makes: a few, then now and then a fresh one.

The weave is that of a live room whose ambience a student makes (``foley.bed.bed.ProceduralBed.add_segment``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from livefoley.core.cues import Sound, SoundRequest, Stereo, segment_of
from livefoley.foley import levels
from livefoley.foley.bed import KEPT_SEGMENTS
from livefoley.foley.bed.streams import BLOCK, GivenSegments, Stream
from livefoley.foley.chain import Refusal
from livefoley.foley.render_cache import stored
from livefoley.foley.rendered import generator

FIRST_TRIES = 2  # fewer than open the breaker of a maker that is wanted for other sounds
_FILL_BLOCKS, _RENEW_BLOCKS = 100, 3000

Make = Callable[[SoundRequest], Sound | Refusal]


def open_segments(request: SoundRequest, make: Make) -> SegmentBed | Refusal:
    """Return the ambience of ``request``, its first segment made; why not, when that fails again and again."""
    refusal = Refusal("was not asked")
    for part in range(FIRST_TRIES):
        made = make(segment_of(request, part))
        if isinstance(made, Sound):
            return SegmentBed(request, made, make)
        refusal = made
        if not refusal.fault:
            break
    return refusal


class SegmentBed:
    """Implements ``core.ports.BedSource``. A segment that cannot be made is done without."""

    def __init__(self, request: SoundRequest, first: Sound, make: Make) -> None:
        self.source = first.source
        self._request = request
        self._make = make
        self._segments = GivenSegments(stored(first.samples, 0))
        self._stream = Stream(self._segments, 1.0, generator(request.seed, "segments"), 0)
        self._part = FIRST_TRIES
        self._count = 1
        self._blocks = 0
        self._ahead = np.zeros((2, 0), np.float32)

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``; chunked equals whole."""
        blocks = [self._ahead]
        missing = samples - self._ahead.shape[1]
        while missing > 0:
            blocks.append(self._block())
            missing -= BLOCK
        whole = np.concatenate(blocks, axis=1)
        self._ahead = whole[:, samples:]
        return np.ascontiguousarray(whole[:, :samples])

    def _block(self) -> Stereo:
        self._blocks += 1
        if self._blocks % (_FILL_BLOCKS if self._count < KEPT_SEGMENTS else _RENEW_BLOCKS) == 0:
            self._add()
        out = np.zeros((2, BLOCK), np.float32)
        self._stream.add(out)
        return levels.round_off(out)

    def _add(self) -> None:
        made = self._make(segment_of(self._request, self._part))
        self._part += 1
        if isinstance(made, Sound):
            self._count += 1
            self._segments.add(stored(made.samples, 0))
