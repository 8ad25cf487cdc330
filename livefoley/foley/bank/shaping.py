"""A sound of the bank, or one recorded, as a request wants it: retuned a little, as hard and as long as asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from livefoley.core.cues import Sound, SoundRequest, Stereo
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.dsp.biquads import filtered, highs
from livefoley.dsp.levels import linear_from_db, peak
from livefoley.foley import levels
from livefoley.foley.rendered import generator

_SHELF_HZ = 2500.0
_TRIM_S = 0.03
_LEVEL_VARY_DB = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer before it is shaped: samples at intensity ``strength``, and how far they may be retuned."""

    samples: Stereo
    onset: int
    strength: float
    vary: float
    name: str
    source: str
    tags: tuple[str, ...]
    texture: bool


def shape(choice: Choice, request: SoundRequest) -> Sound:
    """Return the choice as this request wants it: retuned a little, as hard as asked, as long as asked."""
    rng = generator(request.seed, choice.name)
    samples, onset = choice.samples, choice.onset
    ratio = 2 ** (float(rng.uniform(-choice.vary, choice.vary)) / 12)
    if abs(ratio - 1) > 1e-4:
        samples = np.ascontiguousarray(soxr.resample(samples.T, TICK_RATE, TICK_RATE * ratio, quality="LQ").T)
        onset = min(round(onset * ratio), samples.shape[1] - 1)
    intensity = min(1.0, max(0.0, request.intensity))
    samples = brighten(samples, levels.INTENSITY_TILT_DB * (intensity - choice.strength))
    vary_db = float(rng.uniform(-_LEVEL_VARY_DB, 0))
    factor = linear_from_db(levels.INTENSITY_DB * (intensity - levels.FULL_INTENSITY) + vary_db)
    samples = samples * np.float32(min(factor, linear_from_db(levels.PEAK_DBFS) / max(peak(samples), 1e-9)))
    if request.length > 0:
        samples = fit(samples, onset, request.length, choice.texture)
    return Sound(
        np.ascontiguousarray(samples, dtype=np.float32), onset, choice.source, choice.name, choice.tags, request.seed
    )


def brighten(samples: Stereo, db: float) -> Stereo:
    """Return samples with the highs above 2.5 kHz changed by ``db`` (first-order shelf)."""
    if abs(db) < 0.25:
        return samples
    return filtered(samples, highs(_SHELF_HZ, linear_from_db(db))).astype(np.float32)


def fit(samples: Stereo, onset: int, length: int, texture: bool) -> Stereo:
    """Return a sound about ``length`` long from its onset: cut with a fade; a texture is also carried on."""
    want = onset + length
    while texture and samples.shape[1] < want:
        samples = _carry_on(samples, samples[:, ticks_from_s(0.5) :])
    if samples.shape[1] <= want:
        return samples
    cut = samples[:, :want].copy()
    n = min(length, ticks_from_s(_TRIM_S))
    cut[:, want - n :] *= np.linspace(1, 0, n, dtype=np.float32)
    return cut


def _carry_on(first: Stereo, second: Stereo) -> Stereo:
    """Return two parts of a texture joined by an equal-power second, what fades out at the first one's end cut off."""
    seam = min(ticks_from_s(1.0), second.shape[1] // 3)
    body = first[:, : first.shape[1] - ticks_from_s(0.4)]
    ramp = np.sin(np.linspace(0, np.pi / 2, seam, dtype=np.float32))
    middle = body[:, -seam:] * ramp[::-1] + second[:, :seam] * ramp
    return np.concatenate((body[:, :-seam], middle, second[:, seam:]), axis=1)
