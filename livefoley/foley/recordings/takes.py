"""What lies inside of a recording: single hits, cut apart where it is quiet between them, or something steady."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE, ticks_from_s

MOST_TAKES = 48
FRAME = ticks_from_s(0.005)
_LEAD_S = 0.005
_ATTACK_DB = 10.0  # by how much a hit rises above the quietest of the 100 ms before it
_BELOW_DB = 14.0  # what is so much softer than the loudest hit is none of its kind
_DIP_DB = 20.0  # two hits are apart where it gets so much quieter between them than either,
_QUIET_FRAMES = 10  # and stays so for 50 ms
_APART_S = 0.25  # what follows sooner belongs to it: heel and toe, the two halves of a sneeze
_LOOK_BACK = 20  # frames
_STEADY_S = 2.0
_STEADY_DB = 9.0

Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Take:
    """One hit of a recording: samples ``start`` to ``end``, which begins to sound at ``onset``."""

    start: int
    onset: int
    end: int


def takes_of(samples: Stereo, onset: int) -> tuple[Take, ...]:
    """Return the hits of a recording ``[2, n]`` whose first begins at ``onset``; at least that one, its tail whole."""
    length = samples.shape[1]
    levels = frame_levels(samples)
    hits = _apart(levels, _attacks(levels))
    onsets = [onset, *(_onset(samples, frame) for frame in hits if frame * FRAME > onset + ticks_from_s(_APART_S))]
    starts = [max(0, at - ticks_from_s(_LEAD_S)) for at in onsets[:MOST_TAKES]]
    ends = [*starts[1:], length]
    return tuple(Take(*each) for each in zip(starts, onsets, ends, strict=False))


def is_steady(samples: Stereo) -> bool:
    """Say whether a recording ``[2, n]`` goes on as it is, so that an ambience can be made of it: over its length a
    second is about as loud as another."""
    if samples.shape[1] < ticks_from_s(_STEADY_S):
        return False
    hop = TICK_RATE // 2
    whole = (samples.shape[1] // hop) * hop
    powers = (samples[:, :whole].astype(np.float64) ** 2).mean(axis=0).reshape(-1, hop).mean(axis=1)
    seconds_db = 10 * np.log10((powers[1:] + powers[:-1]) / 2 + 1e-12)
    low, high = np.percentile(seconds_db, (10, 90))
    return bool(high - low <= _STEADY_DB)


def frame_levels(samples: Stereo) -> Levels:
    """Return how loud each 5 ms are, in dB of full scale by their peak, ``[frames]``."""
    level = np.abs(samples).max(axis=0)
    frames = -(-len(level) // FRAME)
    padded = np.pad(level, (0, frames * FRAME - len(level)))
    return np.asarray(20 * np.log10(padded.reshape(frames, FRAME).max(axis=1) + 1e-6), np.float64)


def _attacks(levels: Levels) -> list[int]:
    """Return the frames where something begins."""
    floor = np.array([levels[max(0, at - _LOOK_BACK) : at + 1].min() for at in range(len(levels))])
    loud = (levels - floor >= _ATTACK_DB) & (levels >= levels.max(initial=-120.0) - _BELOW_DB)
    return [int(at) for at in np.flatnonzero(loud & ~np.concatenate(([False], loud[:-1])))]


def _apart(levels: Levels, attacks: list[int]) -> list[int]:
    """Return the attacks between which it gets quiet for a while."""
    kept: list[int] = []
    for at in attacks:
        if kept:
            before = levels[kept[-1] : at]
            quiet = min(before.max(), levels[at : at + 10].max()) - _DIP_DB
            if len(before) * FRAME < ticks_from_s(_APART_S) or np.sum(before < quiet) < _QUIET_FRAMES:
                continue
        kept.append(at)
    return kept


def _onset(samples: Stereo, frame: int) -> int:
    """Return the sample at which an attack found in ``frame`` comes within 14 dB of the loudest 50 ms after it."""
    begin = max(0, (frame - 1) * FRAME)
    level = np.abs(samples[:, begin : begin + ticks_from_s(0.05)]).max(axis=0)
    return begin + int(np.argmax(level >= 0.2 * level.max(initial=0.0)))
