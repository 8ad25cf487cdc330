"""An ambience without an end, made of recordings: grains of several takes, cut where it is calm, joined evenly.

Concatenative synthesis: a grain lasts 0.5 to 3 s and begins and ends at calm places; joins are of equal power, so that
the level holds; each grain is brought to the ambience's loudness; what sounded lately is not heard again before most
of the material has been. Recordings of together less than 20 s are retuned by up to a quarter of a semitone from grain
to grain, so that no waveform returns: what little there is may be recognised all the same after a minute or two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray

from livefoley.core.cues import SoundSource, Stereo
from livefoley.core.text.credits import Credit
from livefoley.core.ticks import TICK_RATE, s_from_ticks, ticks_from_s
from livefoley.dsp.levels import linear_from_db
from livefoley.dsp.loudness import integrated_lufs
from livefoley.foley import levels
from livefoley.foley.recordings.takes import FRAME, frame_levels
from livefoley.foley.render_cache import Stored
from livefoley.foley.rendered import generator

SHORTEST, LONGEST = ticks_from_s(0.5), ticks_from_s(3.0)
JOIN = ticks_from_s(0.2)
SHORT_S = 20.0
_CALM_FRAMES = 50  # one calm place in each quarter of a second
_SMOOTH_FRAMES = 10
_LIFT_DB, _LOWER_DB = 12.0, 12.0  # how far a grain is brought to the level: what is much softer is meant to be
_TRIES = 12
_FRESH = 0.6  # of the material, before a place is heard again
_VARY = 0.25  # semitones
_HOLD = ticks_from_s(0.2)
_SCALE = np.float32(1 / 32767)
_RAMP = np.sin(np.linspace(0, np.pi / 2, JOIN, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Material:
    """A recording to make grains of, at rest, and whose it is."""

    stored: Stored
    credit: Credit


@dataclass(frozen=True, slots=True)
class _Grain:
    """Samples ``start`` to ``end`` of material ``number``."""

    number: int
    start: int
    end: int

    def overlaps(self, other: _Grain) -> bool:
        return self.number == other.number and self.start < other.end and other.start < self.end


class GrainBed:
    """Implements ``core.ports.BedSource``; the same from the same seed and material."""

    source = SoundSource.RECORDINGS

    def __init__(self, materials: Sequence[Material], seed: int) -> None:
        """Make an ambience of ``materials``, each at least ``SHORTEST`` and two joins long."""
        self.credits = tuple(dict.fromkeys(material.credit for material in materials))
        self._samples = [material.stored.samples for material in materials]
        self._calm = [_calm_places(samples) for samples in self._samples]
        self._rng: Generator = generator(seed, "grains")
        lengths = [samples.shape[1] for samples in self._samples]
        self._shares = np.array(lengths, np.float64) / sum(lengths)
        self._vary = _VARY if s_from_ticks(sum(lengths)) < SHORT_S else 0.0
        usual = (SHORTEST + LONGEST) / 2 - JOIN
        self._lately: deque[_Grain] = deque(maxlen=max(1, int(_FRESH * sum(lengths) / usual)))
        self._tail = self._grain()
        self._ahead, self._tail = self._tail[:, :-JOIN], self._tail[:, -JOIN:]

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``; chunked equals whole."""
        blocks = [self._ahead]
        missing = samples - self._ahead.shape[1]
        while missing > 0:
            blocks.append(self._joined())
            missing -= blocks[-1].shape[1]
        whole = np.concatenate(blocks, axis=1)
        self._ahead = whole[:, samples:]
        return levels.round_off(np.ascontiguousarray(whole[:, :samples]))

    def _joined(self) -> Stereo:
        """Return the next grain joined to the last one's end, but for its own end."""
        grain = self._grain()
        body = grain[:, :-JOIN].copy()
        body[:, :JOIN] = body[:, :JOIN] * _RAMP + self._tail * _RAMP[::-1]
        self._tail = grain[:, -JOIN:]
        return body

    def _grain(self) -> Stereo:
        """Return the samples of the next grain, at the ambience's level."""
        chosen = self._choose()
        self._lately.append(chosen)
        samples = self._samples[chosen.number][:, chosen.start : chosen.end].astype(np.float32) * _SCALE
        if self._vary:
            ratio = 2 ** (float(self._rng.uniform(-self._vary, self._vary)) / 12)
            samples = np.asarray(soxr.resample(samples.T, TICK_RATE, TICK_RATE * ratio, quality="LQ").T, np.float32)
        samples = _held(samples)
        lift_db = levels.BED_LUFS - integrated_lufs(samples)
        return samples * np.float32(linear_from_db(min(_LIFT_DB, max(-_LOWER_DB, lift_db))))

    def _choose(self) -> _Grain:
        """Return the first of some grains drawn that was not heard lately, else the one heard longest ago."""
        drawn = [self._draw() for _ in range(_TRIES)]
        return max(drawn, key=self._age)

    def _age(self, grain: _Grain) -> int:
        """Return how many grains ago something of this one was heard; more than all where it was not lately."""
        for ago, heard in enumerate(reversed(self._lately)):
            if heard.overlaps(grain):
                return ago
        return len(self._lately) + 1

    def _draw(self) -> _Grain:
        number = int(self._rng.choice(len(self._samples), p=self._shares))
        length, calm = self._samples[number].shape[1], self._calm[number]
        start = int(calm[self._rng.integers(len(calm))])
        wanted = start + int(self._rng.uniform(SHORTEST, LONGEST)) + JOIN
        ends = calm[(calm >= start + SHORTEST + 2 * JOIN) & (calm <= start + LONGEST + 2 * JOIN)]
        if len(ends):
            return _Grain(number, start, int(ends[np.argmin(np.abs(ends - wanted))]))
        end = min(length, start + LONGEST)
        return _Grain(number, max(0, min(start, end - SHORTEST - 2 * JOIN)), end)


def _calm_places(samples: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return the samples where it is calmest, one in each quarter of a second."""
    heard = frame_levels(samples.astype(np.float32) * _SCALE)
    smooth = np.convolve(heard, np.full(_SMOOTH_FRAMES, 1 / _SMOOTH_FRAMES), mode="same")
    places = [at + int(np.argmin(smooth[at : at + _CALM_FRAMES])) for at in range(0, len(smooth), _CALM_FRAMES)]
    return np.array(places, np.int64) * FRAME


def _held(samples: Stereo) -> Stereo:
    """Return a grain whose swells over a second and longer are half as large in dB."""
    frames = -(-samples.shape[1] // _HOLD)
    if frames < 3:
        return samples
    padded = np.pad(samples, ((0, 0), (0, frames * _HOLD - samples.shape[1])), mode="edge")
    powers = (padded.astype(np.float64) ** 2).mean(axis=0).reshape(frames, _HOLD).mean(axis=1) + 1e-9
    smooth = np.convolve(np.pad(powers, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    gains = np.clip((smooth / powers.mean()) ** -0.25, 0.5, 2.0)
    at = (np.arange(frames) + 0.5) * _HOLD
    return np.asarray(samples * np.interp(np.arange(samples.shape[1]), at, gains), np.float32)


def is_enough(samples: int) -> bool:
    """Say whether a recording of so many samples is long enough for grains."""
    return samples >= SHORTEST + 4 * JOIN
