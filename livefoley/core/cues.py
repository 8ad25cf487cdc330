"""Cues and sounds: a request for a sound with the moment it is needed, and what answers it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.families import Family
from livefoley.core.text.credits import Credit
from livefoley.core.ticks import Tick, ticks_from_s

Stereo: TypeAlias = NDArray[np.float32]
"""Sound at 48 kHz, shape ``[2, samples]``, float32, full scale at +-1."""

LASTING_LENGTH: Tick = ticks_from_s(6.0)
"""Of a sound that is to go on as long as something moves: it is heard over and over."""

STEADY = ((0.0, 0.0), (6.0, 0.0))
"""The envelope of such a sound: it is as loud all the time, and another curve is laid over it."""

HIT = (0.0,)
"""The onsets of a sound that begins once, at its beginning."""


class CueKind(StrEnum):
    """What a sound is for; it decides what happens when the sound is late."""

    BED = "bed"  # ambience: the old bed goes on
    ACTION = "action"  # in sync with a movement: dropped
    LASTING = "lasting"  # goes on as long as a movement does: it begins late
    ACCENT = "accent"  # a highlight: shifted


class SoundSource(StrEnum):
    """Who makes sounds, as events, metrics and files call them. A maker that is added brings a name of its own."""

    BANK = "bank"  # the built-in effects
    LIBRARY = "library"  # the operator's own recordings
    RECORDINGS = "recordings"  # recordings of a library, found by what they are called
    STUDENT = "student"  # the network
    PROCEDURAL = "procedural"  # synthesised ambience


@dataclass(frozen=True, slots=True)
class SoundRequest:
    """All that a sound depends on, and nothing else: the same request may be answered with the same samples.

    ``effect`` names an effect of the bank exactly and wins over ``prompt``, which describes the sound in any language.
    ``length`` is in ticks, 0 leaves it to the sound. ``intensity`` in 0..1 says how hard the hit or how large the
    crowd. ``onsets_s`` are where it begins anew (None leaves that to the maker), ``envelope`` is how loud it is when:
    points of seconds and dB re its loudest moment. Another ``seed`` is another take.
    """

    kind: CueKind
    prompt: str = ""
    effect: str | None = None
    length: int = 0
    intensity: float = 0.7
    seed: int = 0
    onsets_s: tuple[float, ...] | None = None
    envelope: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class ActionPrompts:
    """What the words say movements sound like: those that land, and those that sweep.

    Among several the picture decides, and where that cannot, how it moves. ``about`` are those of what only stands
    about (a table, a counter): they are believed where they are seen. ``fixed`` is the one sound a room wants for all,
    ``sweeps_named`` tells that the words speak of sweeps, and not only of what there usually is. ``lasting`` are the
    families they name that sound as long as something moves, each with an effect or words. ``calls`` are
    those of animals, which call where one is seen to move. ``said`` are the words by which each of all these is known.
    """

    impacts: tuple[str, ...] = ("impact soft",)
    sweeps: tuple[str, ...] = ("whoosh",)
    about: tuple[str, ...] = ()
    fixed: bool = False
    sweeps_named: bool = False
    lasting: tuple[tuple[Family, str], ...] = ()
    calls: tuple[str, ...] = ()
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """A request for one sound, and where it goes.

    The sound's onset is laid on ``start``. ``deadline`` is the tick of the playhead at which the sound must be there
    (``start`` less what the sound may play before its onset). ``pan`` runs from -1 (left) to 1 (right), ``gain_db`` is
    relative to the sound's own normalised level. ``reason`` says in a few words why this sound was chosen. ``at_once``
    is an accent of no moment: it begins as soon as it can, its build-up whole. The rest is as in ``SoundRequest``.
    """

    id: int
    kind: CueKind
    start: Tick
    deadline: Tick
    prompt: str = ""
    effect: str | None = None
    length: int = 0
    intensity: float = 0.7
    gain_db: float = 0.0
    pan: float = 0.0
    seed: int = 0
    reason: str = ""
    at_once: bool = False

    @property
    def request(self) -> SoundRequest:
        """What is asked for, wherever it goes; of what lasts that is some seconds, as steady as they can be made."""
        if self.kind is CueKind.LASTING:
            envelope = None if self.effect else STEADY
            return SoundRequest(
                self.kind, self.prompt, self.effect, LASTING_LENGTH, self.intensity, self.seed, None, envelope
            )
        return SoundRequest(self.kind, self.prompt, self.effect, self.length, self.intensity, self.seed, HIT)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How a sound that lasts shall be at ``at``: ``level_db`` re its own, ``pan`` in -1..1, ``pitch`` as the ratio at
    which it is played."""

    at: Tick
    level_db: float
    pan: float = 0.0
    pitch: float = 1.0


def accent_cue(
    start: Tick, *, effect: str | None = None, prompt: str = "", gain_db: float = 0.0, at_once: bool = False
) -> Cue:
    """Return an accent for ``RoomEngine.accent``, which gives it its id and seed."""
    return Cue(
        0,
        CueKind.ACCENT,
        start,
        start,
        prompt=prompt,
        effect=effect,
        gain_db=gain_db,
        intensity=0.8,
        at_once=at_once,
    )


@dataclass(frozen=True, slots=True)
class Sound:
    """What answers a request: samples ``[2, n]`` float32 at 48 kHz, and where in them the onset lies (sample index).

    ``source`` is who made it (a ``SoundSource``, or the name of a maker that was added), ``seed`` the request's,
    ``credits`` whose recordings are heard in it.
    """

    samples: Stereo
    onset: int = 0
    source: str = SoundSource.BANK
    name: str = ""
    tags: tuple[str, ...] = field(default=())
    seed: int = 0
    credits: tuple[Credit, ...] = ()


def ambience_of(place: str, description: str, seed: int, length: int = 0) -> SoundRequest:
    """Return the request for a place's ambience; two places that are described alike sound alike and not the same."""
    own = zlib.crc32(f"{place}\0{description}".encode()) ^ seed
    return SoundRequest(CueKind.BED, description, length=length, seed=own)


def segment_of(ambience: SoundRequest, part: int) -> SoundRequest:
    """Return the request for one of the segments of which an ambience is woven: as long as its maker likes."""
    return replace(ambience, length=0, seed=zlib.crc32(f"{ambience.seed}:{part}".encode()))
