"""From mel frames to sound: analytic inversion, nothing trained, streaming.

The latents hold no fine texture, only how strong it is (the grain, ``features.COLUMNS``): it comes back as noise on the
bands, by frame number. Without it rain, fire and the like are smeared (YAMNet then recognises 69 % of ESC-10 instead
of 88 %). A frame's bands become magnitudes by the pseudo-inverse of the mel filters; its phases start from noise that
depends on the frame's number alone, and two Griffin-Lim iterations make neighbours agree (Griffin and Lim 1984). An
iteration reaches as far as two transforms overlap, so a frame's sound depends on ``REACH`` frames around it and no
others: feeding frames in pieces gives the same samples as feeding them at once, ``REACH`` frames late.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.dsp.biquads import fast_length
from livefoley.foley.student import features
from livefoley.foley.student.features import BANDS, COLUMNS, HOP, N_FFT, Floats

ITERATIONS = 2
_OVERLAP = -(-N_FFT // HOP) - 1  # frames on either side whose transforms share samples with one
REACH = (ITERATIONS + 1) * _OVERLAP
_LEAD = (N_FFT - HOP) // 2
_BINS = N_FFT // 2 + 1
_STRIDE, _SEED_STRIDE = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03


@cache
def _inverse() -> Floats:
    """Return ``[BANDS, bins]``: magnitudes from bands."""
    return np.asarray(np.linalg.pinv(features.filterbank().astype(np.float64)).T, np.float32)


def magnitudes(mel_db: Floats) -> Floats:
    """Return the magnitudes ``[frames, bins]`` of mel frames in dB; what lies at the floor is silent."""
    scale = features.REFERENCE_RMS * np.sqrt(float((features.window() ** 2).sum()))
    bands = np.where(mel_db > features.FLOOR_DB + 4.0, 10 ** (mel_db / 20), 0.0) * scale
    return np.asarray(np.maximum(bands.astype(np.float32) @ _inverse(), 0.0), np.float32)


def _noise(first: int, frames: int, columns: int, seed: int) -> Floats:
    """Return even noise in [0, 1) ``[frames, columns]``: a hash (splitmix64) of seed, frame number and column."""
    frame_numbers = np.arange(first, first + frames, dtype=np.int64).astype(np.uint64)
    places = np.left_shift(frame_numbers[:, None], np.uint64(12)) + np.arange(columns, dtype=np.uint64)
    mixed = np.asarray(places, np.uint64)
    mixed = np.bitwise_xor(mixed * np.uint64(_STRIDE), np.uint64((seed * _SEED_STRIDE) & (2**64 - 1)))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = np.bitwise_xor(mixed, np.right_shift(mixed, np.uint64(shift))) * np.uint64(factor)
    return np.asarray(np.right_shift(mixed, np.uint64(40)) * 2.0**-24, np.float32)


def _noise_phases(first: int, frames: int, seed: int) -> NDArray[np.complex64]:
    """Return random unit phases for frames ``first`` onwards."""
    angle = _noise(first, frames, _BINS, seed) * np.float32(2 * np.pi)
    return np.asarray(np.cos(angle) + 1j * np.sin(angle), np.complex64)


def textured(frames: Floats, first: int = 0, seed: int = 0) -> Floats:
    """Return the mel bands ``[n, BANDS]`` of frames ``[n, COLUMNS]`` with the grain put back as noise."""
    even = _noise(first, len(frames), 3 * BANDS, ~seed).reshape(len(frames), 3, BANDS)
    normal = (even.sum(axis=1) - 1.5) * 2.0  # the sum of three even numbers has a deviation of one half
    return np.asarray(frames[:, :BANDS] + normal * np.clip(frames[:, BANDS:], 0.0, 6.0), np.float32)


def _synthesise(spectra: NDArray[np.complex64]) -> Floats:
    """Return the sound under ``spectra`` by windowed overlap-add: ``frames * HOP + N_FFT - HOP`` samples."""
    window = features.window()
    pieces = np.fft.irfft(spectra, N_FFT, axis=1).astype(np.float32) * window
    frames = len(spectra)
    sums = np.zeros(((frames + _OVERLAP) * HOP), np.float32)
    weights = np.zeros_like(sums)
    squared = window * window
    for at in range(0, N_FFT, HOP):  # whole columns of hops at a time
        width = min(HOP, N_FFT - at)
        place = slice(at, at + frames * HOP)
        sums[place].reshape(frames, HOP)[:, :width] += pieces[:, at : at + width]
        weights[place].reshape(frames, HOP)[:, :width] += squared[at : at + width]
    return np.asarray(sums / np.maximum(weights, 0.05), np.float32)


def _analyse(sound: Floats, frames: int) -> NDArray[np.complex64]:
    cut = np.lib.stride_tricks.sliding_window_view(np.pad(sound, (0, N_FFT)), N_FFT)[::HOP][:frames]
    return np.asarray(np.fft.rfft(cut * features.window(), axis=1), np.complex64)


def invert(mel_db: Floats, first: int = 0, seed: int = 0) -> Floats:
    """Return mono sound ``[frames * HOP]`` for frames whose first has number ``first``.

    Frames are the network's, ``[frames, COLUMNS]``, or bands alone, ``[frames, BANDS]``, without a grain.
    """
    wanted = magnitudes(textured(mel_db, first, seed) if mel_db.shape[1] == COLUMNS else mel_db)
    frames = len(wanted)
    if not frames:
        return np.zeros(0, np.float32)
    spectra = wanted * _noise_phases(first, frames, seed)
    for _ in range(ITERATIONS):
        heard = _analyse(_synthesise(spectra), frames)
        spectra = wanted * (heard / np.maximum(np.abs(heard), 1e-9))
    return _synthesise(spectra)[_LEAD : _LEAD + frames * HOP]


class MelDecoder:
    """The network's frames in, mono sound out, piece by piece; the sound comes ``REACH`` frames after its frames."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Begin a new sound."""
        self._frames = np.zeros((0, COLUMNS), np.float32)
        self._first = 0  # number of the first frame kept
        self._done = 0  # frames whose sound was given

    def feed(self, frames: Floats) -> Floats:
        """Take frames ``[n, COLUMNS]``; return the sound ``[m]`` that is settled now."""
        self._frames = np.concatenate((self._frames, frames.astype(np.float32)))
        return self._give(self._first + len(self._frames) - REACH)

    def flush(self) -> Floats:
        """Return what is still inside; the sound ends here."""
        sound = self._give(self._first + len(self._frames))
        self.reset()
        return sound

    def _give(self, until: int) -> Floats:
        if until <= self._done:
            return np.zeros(0, np.float32)
        sound = invert(self._frames, self._first, self._seed)
        start = (self._done - self._first) * HOP
        given = sound[start : (until - self._first) * HOP]
        self._done = until
        drop = max(0, until - REACH - self._first)
        self._frames, self._first = self._frames[drop:], self._first + drop
        return given


WIDTH_BED, WIDTH_HIT = 0.5, 0.15
_SPREAD_S = 0.025


@cache
def _decorrelator() -> Floats:
    """Return a velvet-noise filter of 25 ms, fading: it turns the mid channel into a side channel of equal power."""
    rng = np.random.default_rng(20)
    taps = np.zeros(round(_SPREAD_S * features.RATE), np.float32)
    grid = 40
    for at in range(0, len(taps), grid):
        taps[at + int(rng.integers(grid))] = rng.choice((-1.0, 1.0)) * np.exp(-at / (0.012 * features.RATE))
    return np.asarray(taps / np.sqrt((taps**2).sum()), np.float32)


class Widener:
    """Mono in, stereo out: the side channel is the mid through velvet noise, so the sum of both is the mono sound."""

    def __init__(self, width: float = WIDTH_BED) -> None:
        self._width = width
        self.reset()

    def reset(self) -> None:
        """Begin a new sound."""
        self._tail = np.zeros(len(_decorrelator()) - 1, np.float32)

    def feed(self, mono: Floats) -> Stereo:
        """Take ``[n]`` samples, return ``[2, n]``. The filter's tail past the last sample is not heard."""
        if not len(mono):
            return np.zeros((2, 0), np.float32)
        joined = np.concatenate((self._tail, mono.astype(np.float32)))
        self._tail = joined[len(joined) - len(self._tail) :]
        size = fast_length(len(joined) + len(_decorrelator()))
        spread = np.fft.irfft(np.fft.rfft(joined, size) * np.fft.rfft(_decorrelator(), size), size)
        side = self._width * spread[len(self._tail) : len(joined)].astype(np.float32)
        return np.stack((mono + side, mono - side)).astype(np.float32)


MOST_GAIN_DB, MOST_CUT_DB = 6.0, 24.0
_CORRECTION_FRAMES = 3.0  # deviation of the smoothing: quicker gains roughen a sound into a crackle


def _smooth(values: Floats) -> NDArray[np.float64]:
    """Return values weighted with their neighbours' by a bell; beyond an end they go back the way they came."""
    radius = round(4 * _CORRECTION_FRAMES)
    bell = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / _CORRECTION_FRAMES))
    return np.convolve(np.pad(values, radius, mode="symmetric"), bell / bell.sum(), mode="valid")


def impose(mono: Floats, envelope_db: Floats) -> Floats:
    """Return the sound, at the reference level, its loudness brought nearer to ``envelope_db`` (one value a frame).

    The last, gentle correction of what the network follows by itself: slow and bounded, so the sound keeps its own
    texture and silence is not blown up into noise. Where silence is asked for, it is silent.
    """
    frames = min(len(mono) // HOP, len(envelope_db))
    if not frames:
        return mono
    even, asked = features.referenced(mono), envelope_db[:frames]
    wrong = np.clip(asked - features.level_db(even)[:frames], -MOST_CUT_DB, MOST_GAIN_DB)
    gain = np.where(asked <= features.SILENT_DB + 1.0, -60.0, _smooth(wrong))
    curve = np.interp(np.arange(len(mono)), (np.arange(frames) + 0.5) * HOP, gain)
    return np.asarray(even * 10 ** (curve / 20), np.float32)


FREE_FRAMES = 3
_RISE_DB = 0.5
_DIP_DB = 12.0
_DIP_FRAMES = 6


def strike(mono: Floats, onsets: Floats) -> Floats:
    """Return the sound with its onsets where ``onsets`` (one value a frame, 0 where none is) asks for them.

    Elsewhere the level may rise by half a dB a frame at most, so nothing else begins; in the 60 ms before an onset it
    lies 12 dB below what follows. Gains alone: what the network put there is what sounds.
    """
    frames = min(len(mono) // HOP, len(onsets))
    asked = np.flatnonzero(onsets[:frames] > 0)
    if not len(asked):
        return mono
    own = features.level_db(mono)[:frames].astype(np.float64)
    wanted = own.copy()
    for at in asked:
        after = own[at : at + FREE_FRAMES + 3].max()
        before = slice(max(0, at - _DIP_FRAMES), at)
        wanted[before] = np.minimum(wanted[before], after - _DIP_DB)
    free = np.zeros(frames, bool)
    for at in asked:
        free[at : at + FREE_FRAMES] = True
    for i in range(1, frames):
        if not free[i]:
            wanted[i] = min(wanted[i], wanted[i - 1] + _RISE_DB)
    if asked[0] > 0:  # nothing sounds before the first one
        wanted[: asked[0]] = np.minimum(wanted[: asked[0]], own[asked[0] : asked[0] + FREE_FRAMES].max() - 2 * _DIP_DB)
    centres = (np.arange(frames) + 0.5) * HOP
    curve = np.interp(np.arange(len(mono)), centres, wanted - own)
    return np.asarray(mono * 10 ** (curve / 20), np.float32)
