"""Cues and sounds: a request for a sound with the moment it is needed, and what answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import Tick

Stereo: TypeAlias = NDArray[np.float32]
"""Sound at 48 kHz, shape ``[2, samples]``, float32, full scale at +-1."""


class CueKind(StrEnum):
    """What a sound is for; it decides what happens when the sound is late."""

    BED = "bed"  # ambience: the old bed goes on
    ACTION = "action"  # in sync with a movement: dropped
    ACCENT = "accent"  # a highlight: shifted


@dataclass(frozen=True, slots=True)
class Cue:
    """A request for one sound.

    The sound's onset is laid on ``start``. ``deadline`` is the tick of the playhead at which the sound must be there
    (``start`` less what the sound may play before its onset). ``effect`` names an effect of the bank exactly and wins
    over ``prompt``, which describes the sound in any language. ``intensity`` in 0..1 says how hard the hit or how large
    the crowd, ``pan`` runs from -1 (left) to 1 (right), ``gain_db`` is relative to the sound's own normalised level.
    """

    id: int
    kind: CueKind
    start: Tick
    deadline: Tick
    prompt: str = ""
    effect: str | None = None
    length: int = 0  # ticks wanted; 0 leaves it to the sound
    intensity: float = 0.7
    gain_db: float = 0.0
    pan: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """What answers a cue: samples ``[2, n]`` float32 at 48 kHz, and where in them the onset lies (sample index)."""

    samples: Stereo
    onset: int = 0
    source: str = "bank"
    name: str = ""
    tags: tuple[str, ...] = field(default=())
