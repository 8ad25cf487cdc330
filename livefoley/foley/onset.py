"""Where a sound begins: what was recorded, or made elsewhere, is cut to it, and brought to the bank's level."""

from __future__ import annotations

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import BankError
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.foley import levels

_LEAD_S = 0.005


def even(samples: Stereo, name: str) -> tuple[Stereo, int]:
    """Return a sound at the bank's level with the silence before its onset cut, and where the onset lies now.

    The onset is where the envelope first comes within 14 dB of the loudest of the first second of sound. Raises
    ``BankError`` for silence.
    """
    envelope = _envelope(samples)
    loud = np.flatnonzero(envelope > max(1e-4, 0.02 * float(envelope.max(initial=0.0))))
    if not len(loud):
        raise BankError(f"{name}: is silent")
    first = int(loud[0])
    near = envelope[first : first + TICK_RATE]
    onset = first + int(np.argmax(near >= 0.2 * near.max()))
    start = max(0, onset - ticks_from_s(_LEAD_S))
    kept = samples[:, start : int(loud[-1]) + ticks_from_s(0.05)].copy()
    _round_ends(kept)
    return levels.normalise_effect(kept), onset - start


def _envelope(samples: Stereo) -> Stereo:
    """Return the highest sample of the millisecond from each sample on."""
    level = np.abs(samples).max(axis=0)
    width = TICK_RATE // 1000
    padded = np.pad(level, (0, width))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, width).max(axis=1)[: len(level)])


def _round_ends(samples: Stereo) -> None:
    n = min(samples.shape[1] // 2, ticks_from_s(0.01))
    lead = min(n, ticks_from_s(0.001))
    samples[:, :lead] *= np.linspace(0, 1, lead, dtype=np.float32)
    samples[:, samples.shape[1] - n :] *= np.linspace(1, 0, n, dtype=np.float32)
