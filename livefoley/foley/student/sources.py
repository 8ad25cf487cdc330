"""The student as a source of sound: cues become wishes, and a room's ambience goes on without an end."""

from __future__ import annotations

import zlib

import numpy as np

from livefoley.core.cues import Cue, CueKind, Sound, Stereo
from livefoley.core.errors import LivefoleyError
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.dsp.levels import linear_from_db
from livefoley.foley import levels
from livefoley.foley.bank.library import even
from livefoley.foley.student import features
from livefoley.foley.student.student import Continuation, Student, Wish

SOURCE = "student"
ACTION_S, ACCENT_S, LONGEST_CUE_S = 2.0, 3.0, 10.0
ONSET_S = 0.2
_CROSSFADE = ticks_from_s(2.0)
_LONGEST_NAME = 60


def wish_of(cue: Cue) -> Wish:
    """Return what the student is asked for: the cue's words, and one onset as strong as the cue is."""
    usual_s = ACCENT_S if cue.kind is CueKind.ACCENT else ACTION_S
    asked_s = cue.length / TICK_RATE if cue.length > 0 else usual_s
    tokens = features.tokens_for(min(LONGEST_CUE_S, ONSET_S + asked_s))
    onsets = np.zeros(tokens * features.FRAMES_PER_TOKEN, np.float32)
    onsets[round(ONSET_S * features.FRAMES_PER_S)] = 0.3 + 0.7 * _intensity(cue)
    return Wish(cue.prompt, tokens, cue.seed, onsets=onsets)


def answer(cue: Cue, made: Stereo) -> Sound:
    """Return the sound of a cue: its onset found anew, what lies before it cut off, as hard as asked.

    Raises ``BankError`` for silence.
    """
    samples, onset = even(made, cue.prompt)
    samples = samples * np.float32(linear_from_db(levels.INTENSITY_DB * (_intensity(cue) - levels.FULL_INTENSITY)))
    return Sound(levels.round_off(samples), onset, SOURCE, cue.prompt[:_LONGEST_NAME])


def _intensity(cue: Cue) -> float:
    return min(1.0, max(0.0, cue.intensity))


def bed_seed(room: str, description: str, seed: int) -> int:
    """Return the seed of a room's ambience; another description is another sound."""
    return zlib.crc32(f"{room}\0{description}".encode()) ^ seed


class StudentEffects:
    """Makes what no template covers. Implements ``core.ports.EffectSource``; pure in the cue."""

    def __init__(self, student: Student) -> None:
        self._student = student

    def make(self, cue: Cue) -> Sound | None:
        """Return the sound of ``cue``, None when its words or the model give none."""
        [made] = self._student.make([wish_of(cue)])
        if isinstance(made, LivefoleyError):
            return None
        try:
            return answer(cue, made)
        except LivefoleyError:
            return None


class StudentBed:
    """An ambience that continues window by window. Implements ``core.ports.BedSource``.

    Chunked equals whole: windows lie on a grid of their own. Raises ``ModelError`` where the model fails, and
    ``DescriptionError`` for words it cannot use.
    """

    def __init__(self, student: Student, seed: int, description: str) -> None:
        self._student = student
        self._seed = seed
        self._description = description
        self._playing = self._begin(description)
        self._coming: _Reader | None = None
        self._faded = 0  # ticks of the cross-fade that are over
        self._wanted: str | None = None

    def describe(self, description: str) -> None:
        """Change what the place sounds like, cross-faded over 2 s; of many changes at once the last one counts."""
        self._wanted = description if description != self._description else None

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``."""
        out, at = np.zeros((2, samples), np.float32), 0
        while at < samples:
            if self._coming is None and self._wanted is not None:
                self._coming, self._faded = self._begin(self._wanted), 0
                self._description, self._wanted = self._wanted, None
            at += self._piece(out[:, at:])
        return out

    def reset(self) -> None:
        """Begin the ambience of the last description anew."""
        self._description = self._wanted or self._description
        self._wanted = self._coming = None
        self._playing = self._begin(self._description)

    def _begin(self, description: str) -> _Reader:
        return _Reader(self._student, self._student.bed(description, bed_seed("", description, self._seed)))

    def _piece(self, out: Stereo) -> int:
        """Fill what lies before the end of a cross-fade, or all; return how much that was."""
        n: int = out.shape[1]
        if self._coming is None:
            out[:] = self._playing.read(n)
            return n
        n = min(n, _CROSSFADE - self._faded)
        place = (np.arange(self._faded, self._faded + n, dtype=np.float32) / _CROSSFADE) * np.float32(np.pi / 2)
        out[:, :n] = self._playing.read(n) * np.cos(place) + self._coming.read(n) * np.sin(place)
        self._faded += n
        if self._faded >= _CROSSFADE:
            self._playing, self._coming = self._coming, None
        return n


class _Reader:
    """Reads a continuation in any pieces."""

    def __init__(self, student: Student, bed: Continuation) -> None:
        self._student = student
        self._bed = bed
        self._ahead = np.zeros((2, 0), np.float32)

    def read(self, n: int) -> Stereo:
        while self._ahead.shape[1] < n:
            [made] = self._student.advance([self._bed])
            if isinstance(made, LivefoleyError):
                raise made
            self._ahead = np.concatenate((self._ahead, made), axis=1)
        given, self._ahead = self._ahead[:, :n], self._ahead[:, n:]
        return given
