"""Hears when somebody speaks.

A cheap gate (webrtcvad) lets through what might be a voice, Silero VAD confirms it; it is asked less often where it
keeps saying no (rain, music), because it costs a hundred times the gate. Starts and ends are placed where they were,
not where they were noticed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import soxr
import webrtcvad
from numpy.typing import NDArray

from livefoley.core.events import PerceptionEvent, Speech
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.perception.hearing.silero import SileroVoiceActivityDetector

RATE = 16_000
STEP = TICK_RATE // RATE
CHUNK = 512  # samples at 16 kHz that Silero takes: 32 ms
GATE_FRAME = 480  # of these the gate hears 30 ms

ON, OFF = 0.5, 0.3
"""Probabilities at which a chunk begins to be, and ceases to be, speech."""

MIN_SPEECH: Tick = ticks_from_s(0.08)
HANG_OVER: Tick = ticks_from_s(0.3)
QUIET_DB = -60.0  # below this nobody is heard
PATIENCE = 24  # chunks without a voice after which every third one will do
SPARSE = 3
FORGET = 10  # closed chunks after which the detector's memory is of another time
SILENCE_DB = -120.0


@dataclass(frozen=True, slots=True)
class SpeechStatistics:
    """Chunks of 32 ms heard, let through by the gate, and asked about; ``jumps`` in the input's time."""

    chunks: int
    gated: int
    asked: int
    jumps: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Where a chunk begins, and its mean square."""

    at: Tick
    power: float


class SpeechDetector:
    """48 kHz mono in any blocks, ``Speech`` events out; implements ``SpeechAnalyser``. Chunked equals whole."""

    def __init__(self, *, gate_mode: int = 2) -> None:
        self._gate = webrtcvad.Vad(gate_mode)
        self._silero = SileroVoiceActivityDetector()
        self._chunks = self._gated = self._asked = self._jumps = 0
        self._state = _Talk()
        self._expected: Tick | None = None
        self._restart(0)

    def feed(self, samples: NDArray[np.float32], start: Tick) -> list[PerceptionEvent]:
        """Take ``[n]`` samples at 48 kHz that begin at ``start``.

        A gap of up to the hang-over is filled with silence; after a longer one, or a jump back, hearing starts afresh.
        """
        events: list[PerceptionEvent] = []
        if self._expected is None:
            self._restart(start)
        elif start != self._expected:
            events += self._jump(start)
        self._expected = start + len(samples)
        return events + self._hear(samples)

    def flush(self) -> list[PerceptionEvent]:
        """Say that the sound is over; what follows starts afresh."""
        end = self._state.end()
        self._expected = None
        return end

    def statistics(self) -> SpeechStatistics:
        """Return a snapshot."""
        return SpeechStatistics(self._chunks, self._gated, self._asked, self._jumps)

    def _jump(self, start: Tick) -> list[PerceptionEvent]:
        assert self._expected is not None  # noqa: S101 - for the type checker
        gap = start - self._expected
        self._jumps += 1
        if 0 < gap <= HANG_OVER:
            return self._hear(np.zeros(gap, np.float32))
        end = self._state.end()
        self._restart(start)
        return end

    def _restart(self, start: Tick) -> None:
        self._resampler = soxr.ResampleStream(TICK_RATE, RATE, 1, dtype="float32", quality="LQ")
        self._samples = np.zeros(0, np.float32)  # at 16 kHz, not yet a chunk
        self._at = start  # where their first lies
        self._closed = FORGET  # chunks since the gate was last open
        self._refused = 0  # chunks since a voice was last heard
        self._previous: bytes | None = None
        self._unasked: list[_Chunk] = []  # chunks that take over the answer to the next question

    def _hear(self, samples: NDArray[np.float32]) -> list[PerceptionEvent]:
        low = self._resampler.resample_chunk(np.ascontiguousarray(samples, np.float32))
        self._samples = np.concatenate((self._samples, low))
        events: list[PerceptionEvent] = []
        while len(self._samples) >= CHUNK:
            chunk, self._samples = self._samples[:CHUNK], self._samples[CHUNK:]
            self._unasked.append(_Chunk(self._at, float(np.mean(np.square(chunk, dtype=np.float64)))))
            self._at += CHUNK * STEP
            probability = self._judge(chunk, self._unasked[-1].power)
            if probability is not None:
                events += [event for each in self._unasked for event in self._state.feed(each, probability)]
                self._unasked.clear()
        return events

    def _judge(self, chunk: NDArray[np.float32], power: float) -> float | None:
        """Return the probability of speech, asking no more than necessary; None leaves it to a later chunk."""
        self._chunks += 1
        pcm = (np.clip(chunk, -1.0, 1.0) * 32767).astype(np.int16).tobytes()
        previous, self._previous = self._previous, pcm
        if decibels(power) < QUIET_DB or not self._gate.is_speech(pcm[: 2 * GATE_FRAME], RATE):
            self._closed += 1
            return 0.0
        self._gated += 1
        self._warm_up(previous)
        self._closed = 0
        if self._refused >= PATIENCE and len(self._unasked) < SPARSE:
            return None
        probability = self._ask(pcm)
        self._refused = 0 if probability >= OFF else self._refused + 1
        return probability

    def _warm_up(self, previous: bytes | None) -> None:
        """The gate has just opened: the chunk before may hold the beginning of the word."""
        if self._closed >= FORGET:
            self._silero.reset()
            self._refused = 0
        if self._closed and previous is not None:
            self._ask(previous)

    def _ask(self, pcm: bytes) -> float:
        self._asked += 1
        return float(self._silero(pcm))


class _Talk:
    """Turns chunks into starts and ends: a minimum of speech, a hang-over, hysteresis."""

    def __init__(self) -> None:
        self._active = False
        self._start: Tick = 0
        self._last_voice: Tick = 0  # where the last voiced chunk ends
        self._energy, self._voiced = 0.0, 0

    def feed(self, chunk: _Chunk, probability: float) -> list[PerceptionEvent]:
        """Take the next chunk; return the start or the end it proves."""
        voice = probability >= (OFF if self._active or self._voiced else ON)
        end = chunk.at + CHUNK * STEP
        if voice:
            if not self._voiced:
                self._start = chunk.at
            self._last_voice = end
            self._energy += chunk.power
            self._voiced += 1
            if not self._active and self._voiced * CHUNK * STEP >= MIN_SPEECH:
                self._active = True
                return [Speech(self._start, True, self._level())]
            return []
        if self._voiced and end - self._last_voice >= (HANG_OVER if self._active else CHUNK * STEP * 2):
            return self.end()
        return []

    def end(self) -> list[PerceptionEvent]:
        """Close what is open."""
        was, level = self._active, self._level()
        self._active, self._voiced, self._energy = False, 0, 0.0
        return [Speech(self._last_voice, False, level)] if was else []

    def _level(self) -> float:
        return decibels(self._energy / max(1, self._voiced))


def decibels(power: float) -> float:
    """Return a mean square as dBFS, at least ``SILENCE_DB``."""
    return max(SILENCE_DB, 10.0 * math.log10(max(power, 1e-12)))
