"""Accents that rise before their moment, fitted to the time there is: one joined midway lands as a whole one does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from livefoley.core.cues import Sound, Stereo
from livefoley.core.ticks import TICK_RATE, Tick

LATE_RISE: Tick = TICK_RATE // 5
"""Of the build-up of a sound whose moment has gone: enough to tell a roll from a blow, and soon over."""

_SWELL = 0.4  # of the build-up that is left: over so much of it, it swells
_LONGEST_SWELL: Tick = TICK_RATE // 2


@dataclass(frozen=True, slots=True)
class Fitted:
    """A sound's samples and where its onset lies in them, as in ``Sound``."""

    samples: Stereo
    onset: int


def fitted(sound: Sound, moment: Tick, now: Tick, *, whole: bool = False) -> Fitted:
    """Return ``sound`` with no more before its onset than there is time for from ``now`` to ``moment``.

    What is left of a build-up that is cut swells from nothing. One of no moment stays ``whole``.
    """
    left = moment - now
    rise = sound.onset if whole or left >= sound.onset else left if left > 0 else min(sound.onset, LATE_RISE)
    cut = sound.onset - rise
    if not cut:
        return Fitted(sound.samples, sound.onset)
    samples = sound.samples[:, cut:].copy()
    swell = min(round(_SWELL * rise), _LONGEST_SWELL)
    samples[:, :swell] *= np.linspace(0, 1, swell, dtype=np.float32) ** 2
    return Fitted(samples, rise)
