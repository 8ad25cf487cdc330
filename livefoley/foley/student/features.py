"""What the student sees and what it is told: mel frames, the loudness envelope, the onset track. Numpy only.

Sound is 48 kHz mono (the mid channel). A *frame* is 10 ms: frame ``i`` is centred on sample ``(i + 0.5) * HOP``, so
``n`` frames stand for exactly ``n * HOP`` samples. A *token* is eight frames, 80 ms; the network works on tokens.

Levels are in dB re the sound's own loudest tenth of a second, so 0 dB is "as loud as it gets" whatever the recording
level; the decoder puts 0 dB at an RMS of ``REFERENCE_RMS``. Mel bands are amplitudes, 100 of them from 20 Hz to
22 kHz on O'Shaughnessy's scale.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE

Floats: TypeAlias = NDArray[np.float32]

RATE = TICK_RATE
HOP = 480
N_FFT = 2048
BANDS = 100
COLUMNS = BANDS + 1
"""What the network gives a frame: its bands in dB, and the grain: by how many dB they scatter around those values."""
FRAMES_PER_S = RATE // HOP
FRAMES_PER_TOKEN = 8
TOKENS_PER_S = FRAMES_PER_S / FRAMES_PER_TOKEN
LOWEST_HZ, HIGHEST_HZ = 20.0, 22_000.0

FLOOR_DB = -70.0
CEILING_DB = 20.0
SILENT_DB = -60.0  # the envelope's own floor
REFERENCE_RMS = 0.1
CONTROLS = 2 * FRAMES_PER_TOKEN + 2
"""Values a token is told: eight of the envelope, eight of the onsets, and whether each of the two was given."""


def tokens_for(seconds: float) -> int:
    """Return how many tokens stand for ``seconds``, rounded up, at least one."""
    return max(1, int(np.ceil(seconds * TOKENS_PER_S - 1e-9)))


@cache
def filterbank() -> Floats:
    """Return the mel filters ``[BANDS, N_FFT // 2 + 1]``, triangles whose areas are alike."""
    mel = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2)
    edges = 700.0 * (10 ** (mel / 2595.0) - 1)
    bins = np.arange(N_FFT // 2 + 1) * (RATE / N_FFT)
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0.0, np.minimum((bins - low) / (mid - low), (high - bins) / (high - mid)))
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True), np.float32)


def _mel(hz: float) -> float:
    return float(2595.0 * np.log10(1 + hz / 700.0))


@cache
def window() -> Floats:
    """Return the periodic Hann window of the transform."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)


def spectrum(samples: Floats) -> NDArray[np.complex64]:
    """Return the transform ``[frames, N_FFT // 2 + 1]`` of mono sound; a last part of a frame is left out."""
    frames = len(samples) // HOP
    lead = (N_FFT - HOP) // 2
    padded = np.pad(samples[: frames * HOP], (lead, N_FFT - HOP - lead))
    cut = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP] if frames else np.zeros((0, N_FFT))
    return np.asarray(np.fft.rfft(cut * window(), axis=1), np.complex64)


def mel_db(samples: Floats) -> Floats:
    """Return the mel frames ``[frames, BANDS]`` of mono sound in dB re ``REFERENCE_RMS``, within the floor and ceiling.

    The scale is such that white noise at the reference has bands near 0 dB.
    """
    scale = REFERENCE_RMS * np.sqrt(float((window() ** 2).sum()))
    bands = np.abs(spectrum(samples)) @ filterbank().T / scale
    return np.asarray(np.clip(20 * np.log10(np.maximum(bands, 1e-6)), FLOOR_DB, CEILING_DB), np.float32)


def level_db(samples: Floats) -> Floats:
    """Return the loudness envelope ``[frames]`` of mono sound: RMS under 20 ms windows, dB re ``REFERENCE_RMS``."""
    frames = len(samples) // HOP
    squares = np.asarray(samples[: frames * HOP], np.float64) ** 2
    sums = np.concatenate(([0.0], np.cumsum(np.pad(squares, HOP // 2))))
    power = (sums[2 * HOP :] - sums[: -2 * HOP])[::HOP][:frames] / (2 * HOP) if frames else np.zeros(0)
    level = 10 * np.log10(np.maximum(power, 1e-12)) - 20 * np.log10(REFERENCE_RMS)
    return np.asarray(np.maximum(level, SILENT_DB), np.float32)


def loudest_rms(samples: Floats) -> float:
    """Return the RMS of the loudest tenth of a second; 0 for silence."""
    width = RATE // 10
    squares = np.asarray(samples, np.float64) ** 2
    if len(squares) <= width:
        return float(np.sqrt(squares.mean())) if len(squares) else 0.0
    sums = np.concatenate(([0.0], np.cumsum(squares)))
    return float(np.sqrt(max(0.0, (sums[width:] - sums[:-width]).max()) / width))


def referenced(samples: Floats) -> Floats:
    """Return the sound scaled so that its loudest tenth of a second lies at ``REFERENCE_RMS``; silence stays."""
    loudest = loudest_rms(samples)
    return np.asarray(samples * (REFERENCE_RMS / loudest) if loudest > 1e-7 else samples, np.float32)


def onset_track(mel: Floats) -> Floats:
    """Return the onsets ``[frames]`` of mel frames: 0 where none is, else its strength in 0..1.

    Spectral flux: the mean rise over the bands against the frame 30 ms before, bands below -50 dB counted at -50; a
    peak counts when it is the largest within 60 ms and stands 3 dB above its surroundings of 0.4 s.
    """
    heard = np.maximum(mel, -50.0)
    before = np.concatenate((np.repeat(heard[:1], 3, axis=0), heard[:-3])) if len(heard) > 3 else heard
    flux = np.maximum(heard - before, 0.0).mean(axis=1)
    if len(flux) < 3:
        return np.zeros(len(flux), np.float32)
    around = _running_mean(flux, 41)
    near = np.lib.stride_tricks.sliding_window_view(np.pad(flux, 6), 13).max(axis=1)
    peak = (flux >= near) & (flux > around + 3.0)
    first = peak & ~np.concatenate(([False], peak[:-1]))
    # the flux peaks while the window slides into the sound: the onset itself lies about 20 ms later
    track = np.where(first, np.clip(flux / 30.0, 0.1, 1.0), 0.0)
    return np.asarray(np.concatenate((np.zeros(1), track[:-1])), np.float32)


def _running_mean(values: NDArray[np.floating], width: int) -> NDArray[np.float64]:
    half = width // 2
    sums = np.concatenate(([0.0], np.cumsum(np.pad(values, half, mode="edge"), dtype=np.float64)))
    return np.asarray((sums[width:] - sums[:-width]) / width)


def onset_times_s(track: Floats) -> list[float]:
    """Return the times of a track's onsets."""
    return [(int(i) + 0.5) / FRAMES_PER_S for i in np.flatnonzero(track > 0)]


def track_of(times_s: list[float], frames: int) -> Floats:
    """Return an onset track with full-strength onsets at ``times_s``; those outside are left out."""
    track = np.zeros(frames, np.float32)
    for time_s in times_s:
        if 0 <= time_s < frames / FRAMES_PER_S:
            track[int(time_s * FRAMES_PER_S)] = 1.0
    return track


_FADE_DB_PER_S = 60.0


def struck_envelope(onsets: Floats) -> Floats:
    """Return an envelope for onsets that came without one: full at each, then falling by 60 dB a second."""
    fade = _FADE_DB_PER_S / FRAMES_PER_S
    struck = np.flatnonzero(onsets > 0)
    since = (
        np.arange(len(onsets))
        - np.concatenate(([-len(onsets)], struck))[np.searchsorted(struck, np.arange(len(onsets)), side="right")]
    )
    return np.asarray(np.maximum(-fade * since, SILENT_DB), np.float32)


def controls(frames: int, envelope_db: Floats | None = None, onsets: Floats | None = None) -> Floats:
    """Return what the network is told of time, ``[tokens, CONTROLS]``, for ``frames`` (a whole number of tokens).

    ``envelope_db`` and ``onsets`` have one value a frame; None leaves the matter to the network.
    """
    tokens = frames // FRAMES_PER_TOKEN
    told = np.zeros((tokens, CONTROLS), np.float32)
    if envelope_db is not None:
        scaled = np.clip(envelope_db / -SILENT_DB + 1.0, 0.0, 1.2)
        told[:, :FRAMES_PER_TOKEN] = scaled.reshape(tokens, FRAMES_PER_TOKEN)
        told[:, -2] = 1.0
    if onsets is not None:
        told[:, FRAMES_PER_TOKEN : 2 * FRAMES_PER_TOKEN] = onsets.reshape(tokens, FRAMES_PER_TOKEN)
        told[:, -1] = 1.0
    return told
