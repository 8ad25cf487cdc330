"""Hits and recordings one after another, for what lasts and is not steady: steps, knocks, calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from livefoley.core.cues import Sound, Stereo
from livefoley.core.ticks import ticks_from_s
from livefoley.foley import levels
from livefoley.foley.bank.library import Entry

REPEATED = frozenset({"FOOTSTEPS", "COMPUTERS"})
"""What nobody does once: of these, single recordings follow each other, too."""
_PACE_S = 0.55
_PAUSE_S = 0.2
_SWAY = 0.08


def placed(hits: Sequence[Sound], onsets_s: Sequence[float], length: int) -> Stereo:
    """Return hits ``[2, length]`` each with its onset at its time, in seconds."""
    out = np.zeros((2, length), np.float32)
    for hit, at_s in zip(hits, onsets_s, strict=True):
        _lay(out, hit.samples, ticks_from_s(at_s) - hit.onset)
    return levels.round_off(out)


def in_turn(recordings: Sequence[tuple[Stereo, Entry]], length: int, rng: Generator) -> tuple[Stereo, int]:
    """Return recordings one after the other, at most ``length``, and how many of them are heard.

    What happens once (a door, a shout) stays alone; what has a rhythm of its own, or is never done once, goes on.
    """
    out = np.zeros((2, length), np.float32)
    at, place = 0, 0
    while at < length:
        samples, entry = recordings[place % len(recordings)]
        _lay(out, samples, at)
        place += 1
        end = at + samples.shape[1]
        sway = 1 + float(rng.uniform(-_SWAY, _SWAY))
        if len(entry.hits) > 2:
            at = end + ticks_from_s(_PAUSE_S * sway)
        elif entry.category in REPEATED:
            at += ticks_from_s(_PACE_S * sway)
        else:
            return levels.round_off(out[:, : min(length, end)]), place
    return levels.round_off(out), min(place, len(recordings))


def _lay(out: Stereo, samples: Stereo, at: int) -> None:
    """Add ``samples`` to ``out`` from ``at`` on, as far as they lie in it."""
    first, last = max(0, at), min(out.shape[1], at + samples.shape[1])
    if first < last:
        out[:, first:last] += samples[:, first - at : last - at]
