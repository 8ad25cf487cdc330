"""The bench all renderers work at: noise, filters, curves, scattering of grains, placing in the stereo picture.

Mono signals are ``[n]`` float64, stereo ``[2, n]`` float64 until a renderer hands them out; the rate is 48 kHz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import scipy
from numpy.random import Generator
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE

RATE = TICK_RATE
Signal: TypeAlias = NDArray[np.float64]
_Kind: TypeAlias = Literal["low", "high", "band"]
Curve: TypeAlias = Mapping[float, float]
"""A spectrum: frequency in Hz to level in dB, interpolated over log frequency."""

OCTAVES = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)


@dataclass(frozen=True, slots=True)
class Take:
    """One rendered sound: ``[2, n]`` float32 and the sample its onset lies on."""

    samples: Stereo
    onset: int


def take(sound: Signal, onset: int = 0) -> Take:
    """Return ``sound`` (mono or stereo) as a take whose end is faded to silence."""
    stereo = sound if sound.ndim == 2 else np.stack((sound, sound))
    return Take(fade(stereo, 0.0, 0.01).astype(np.float32), onset)


def count(seconds: float) -> int:
    """Return a duration in samples, at least one."""
    return max(1, round(seconds * RATE))


def times(n: int) -> Signal:
    """Return the time in seconds of ``n`` samples."""
    return np.arange(n) / RATE


def octave_curve(*levels_db: float) -> Curve:
    """Return a curve from ten octave levels, 31.5 Hz to 16 kHz."""
    return dict(zip(OCTAVES, levels_db, strict=True))


def _frequencies(n: int) -> Signal:
    return np.arange(n // 2 + 1, dtype=np.float64) * (RATE / n)


def _gains(wanted: Curve, frequencies: Signal) -> Signal:
    points = sorted(wanted)
    grid = np.geomspace(10.0, RATE / 2, 400)
    gains = 10 ** (np.interp(np.log(grid), np.log(points), [wanted[p] for p in points]) / 20)
    return np.asarray(np.interp(frequencies, grid, gains))


def noise(rng: Generator, n: int) -> Signal:
    """Return white noise of unit power."""
    return rng.standard_normal(n)


def shaped(rng: Generator, n: int, levels: Curve) -> Signal:
    """Return noise whose octave bands lie at ``levels`` relative to each other; unit power."""
    size = scipy.fft.next_fast_len(n, real=True)
    spectrum = scipy.fft.rfft(rng.standard_normal(size, dtype=np.float32))
    frequencies = _frequencies(size)
    density = _gains(levels, frequencies) / np.sqrt(np.maximum(frequencies, 20.0))
    density *= np.minimum(1.0, frequencies / 30.0) ** 2  # nobody hears what lies below, and it costs headroom
    return unit(scipy.fft.irfft(spectrum * density.astype(np.float32), size)[:n].astype(np.float64))


def wide(rng: Generator, n: int, levels: Curve, width: float = 0.7) -> Signal:
    """Return stereo shaped noise: ``width`` 0 is mono, 1 has independent sides."""
    left, other = shaped(rng, n, levels), shaped(rng, n, levels)
    alike = 1 - width * width
    return np.stack((left, alike * left + np.sqrt(1 - alike * alike) * other))


def equalise(sound: Signal, levels: Curve, limit_db: float = 24.0) -> Signal:
    """Return a texture with its octave bands moved to ``levels`` (zero phase, so for steady sounds only)."""
    n, spectrum, frequencies = _spectrum(sound)
    power = np.abs(spectrum.reshape(-1, spectrum.shape[-1])) ** 2
    have = _octave_levels(power.sum(axis=0), frequencies)
    return _moved(sound, n, spectrum, np.array([_level_at(levels, f) for f in OCTAVES]) - have, limit_db)


def coloured(sound: Signal, levels: Curve, limit_db: float = 24.0) -> Signal:
    """Return a texture through a filter of the shape of ``levels``, on top of what it has (zero phase)."""
    n, spectrum, _ = _spectrum(sound)
    return _moved(sound, n, spectrum, np.array([_level_at(levels, f) for f in OCTAVES]), limit_db)


def _spectrum(sound: Signal) -> tuple[int, NDArray[np.complex128], Signal]:
    n = scipy.fft.next_fast_len(sound.shape[-1], real=True)
    return n, scipy.fft.rfft(sound, n, axis=-1), _frequencies(n)


def _moved(sound: Signal, n: int, spectrum: NDArray[np.complex128], change_db: Signal, limit_db: float) -> Signal:
    change = np.clip(change_db - np.median(change_db), -limit_db, limit_db)
    gains = _gains(dict(zip(OCTAVES, change, strict=True)), _frequencies(n))
    moved = scipy.fft.irfft(spectrum * gains, n, axis=-1)
    return np.asarray(moved[..., : sound.shape[-1]])


def _level_at(levels: Curve, frequency: float) -> float:
    points = sorted(levels)
    return float(np.interp(np.log(frequency), np.log(points), [levels[p] for p in points]))


def _octave_levels(power: Signal, frequencies: Signal) -> Signal:
    edges = np.searchsorted(frequencies, [f * 2 ** (0.5 if up else -0.5) for f in OCTAVES for up in (False, True)])
    sums = [power[a:b].sum() for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return 10 * np.log10(np.array(sums) + 1e-12)


def band(sound: Signal, low: float, high: float, order: int = 2) -> Signal:
    """Return ``sound`` between two frequencies (Butterworth)."""
    return _butterworth(sound, order, (low, min(high, 23000.0)), "band")


def lowpass(sound: Signal, high: float, order: int = 2) -> Signal:
    """Return ``sound`` below ``high`` Hz."""
    return _butterworth(sound, order, min(high, 23000.0), "low")


def highpass(sound: Signal, low: float, order: int = 2) -> Signal:
    """Return ``sound`` above ``low`` Hz."""
    return _butterworth(sound, order, low, "high")


def _butterworth(sound: Signal, order: int, hz: float | tuple[float, float], kind: _Kind) -> Signal:
    return np.asarray(scipy.signal.sosfilt(scipy.signal.butter(order, hz, kind, fs=RATE, output="sos"), sound))


def resonate(sound: Signal, frequency: float, q: float) -> Signal:
    """Return ``sound`` through a two-pole resonance of unit peak gain."""
    b, a = scipy.signal.iirpeak(min(frequency, 23000.0), q, fs=RATE)
    return np.asarray(scipy.signal.lfilter(b, a, sound))


def unit(sound: Signal) -> Signal:
    """Return ``sound`` at unit RMS (silence stays silence)."""
    return np.asarray(sound / (np.sqrt(np.mean(sound * sound)) + 1e-12))


def peak(sound: Signal, level: float = 1.0) -> Signal:
    """Return ``sound`` with its highest sample at ``level``."""
    return np.asarray(sound * (level / (np.max(np.abs(sound)) + 1e-12)))


def fade(sound: Signal, into_s: float, out_s: float) -> Signal:
    """Return ``sound`` with raised-cosine ends."""
    n = sound.shape[-1]
    shape = np.ones(n)
    for seconds, end in ((into_s, False), (out_s, True)):
        m = min(n, round(seconds * RATE))
        if m:
            ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(m) + 0.5) / m)
            shape[n - m :] *= ramp[::-1] if end else 1.0
            shape[:m] *= 1.0 if end else ramp
    return sound * shape


def decay(n: int, t60_s: float) -> Signal:
    """Return an exponential that falls by 60 dB in ``t60_s``."""
    return np.exp(-6.9078 * times(n) / t60_s)


def swell(n: int, *points: tuple[float, float]) -> Signal:
    """Return a curve through ``(seconds, level)`` points, smoothed by half a cosine between them."""
    at, levels = (np.array(axis, dtype=float) for axis in zip(*points, strict=True))
    place = np.interp(times(n), at, np.arange(len(at)))
    step = np.minimum(place.astype(int), len(at) - 2)
    blend = 0.5 - 0.5 * np.cos(np.pi * (place - step))
    return np.asarray(levels[step] * (1 - blend) + levels[step + 1] * blend)


def wander(rng: Generator, n: int, rate_hz: float, depth: float = 1.0) -> Signal:
    """Return a slow random curve: normal deviates of ``depth`` joined smoothly, ``rate_hz`` new ones a second."""
    knots = int(n / RATE * rate_hz) + 3
    stride = max(1, int(RATE / rate_hz / 24))  # 24 points from knot to knot are as good as a curve
    coarse = np.arange(0, n + stride, stride) * (rate_hz / RATE)
    step = coarse.astype(int)
    blend = 0.5 - 0.5 * np.cos(np.pi * (coarse - step))
    values = rng.standard_normal(knots + 1) * depth
    curve = values[step] * (1 - blend) + values[step + 1] * blend
    return np.asarray(np.interp(np.arange(n), np.arange(len(curve)) * stride, curve))


def scatter(n: int, starts: NDArray[np.int64], grains: Signal) -> Signal:
    """Return ``n`` samples with ``grains[k]`` (``[K, L]``) added from ``starts[k]`` on, cut at the end."""
    out = np.zeros(n + grains.shape[1])
    for at in range(0, len(starts), 4096):
        index = starts[at : at + 4096, None] + np.arange(grains.shape[1])
        out += np.bincount(index.ravel(), grains[at : at + 4096].ravel(), minlength=len(out))[: len(out)]
    return np.asarray(out[:n])


def scatter_wide(rng: Generator, n: int, starts: NDArray[np.int64], grains: Signal, width: float = 0.9) -> Signal:
    """Return stereo: grains scattered with a random constant-power pan each."""
    angle = (rng.uniform(-width, width, len(starts)) + 1) * np.pi / 4
    left = scatter(n, starts, grains * np.cos(angle)[:, None])
    return np.stack((left, scatter(n, starts, grains * np.sin(angle)[:, None])))


def poisson(rng: Generator, n: int, per_second: float) -> NDArray[np.int64]:
    """Return the samples at which events fall that come by chance at a mean rate."""
    return np.sort(rng.integers(0, n, rng.poisson(per_second * n / RATE)))


def pan(mono: Signal, position: float | Signal) -> Signal:
    """Return ``mono`` placed at ``position`` (-1 left to 1 right) by constant power."""
    angle = (np.asarray(position) + 1) * np.pi / 4
    return np.asarray(np.stack((mono * np.cos(angle), mono * np.sin(angle))) * np.sqrt(2))


def lay(canvas: Signal, sound: Signal, at: int, gain: float = 1.0) -> None:
    """Add ``sound`` to ``canvas`` (both mono or both stereo) from sample ``at`` on; what runs over the end is cut."""
    length = min(sound.shape[-1], canvas.shape[-1] - at)
    if length > 0:
        canvas[..., at : at + length] += gain * sound[..., :length]


def glide(frequency: Signal, phase: float = 0.0) -> Signal:
    """Return the phase in cycles of an oscillator that follows ``frequency`` in Hz."""
    return phase + np.cumsum(frequency) / RATE


def sine(frequency: Signal, phase: float = 0.0) -> Signal:
    """Return a sine that follows ``frequency`` in Hz."""
    return np.sin(2 * np.pi * glide(frequency, phase))


def moving_band(rng: Generator, centre_hz: Signal, width_octaves: float) -> Signal:
    """Return noise in a band whose centre follows ``centre_hz``: fixed third-octave bands, weighted as it passes."""
    n = len(centre_hz)
    source = noise(rng, n)
    place = np.log2(centre_hz)
    out = np.zeros(n)
    low, high = place.min() - width_octaves, min(place.max() + width_octaves, np.log2(20000))
    for octave in np.arange(low, high, 0.5):
        weight = np.exp(-0.5 * ((octave - place) / width_octaves) ** 2)
        if weight.max() > 0.01:
            out += weight * band(source, 2 ** (octave - 0.3), 2 ** (octave + 0.3), 1) / 2 ** ((octave - 10) / 2)
    return out
