"""Lays the watermark into a sound as it goes by, frame by frame: a room's live mix, or a file's while it is rendered.

The same mark under the same masking threshold as ``embed`` lays it, and ``detect`` finds both. A threshold needs its
whole frame, so the mark runs ``DELAY`` samples behind. It is there where generated sound is, and a little longer.
"""

from __future__ import annotations

import numpy as np
import structlog
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.marks.carrier import BAND_HZ, PERIOD, RATE, waveform
from livefoley.marks.masking import FRAME, HOP, PARTS, held_power, ratio_to_quietest, threshold

log = structlog.get_logger("livefoley.marks")

DELAY = HOP
"""How many samples (10.7 ms) a sound is held back until its mark is known."""

AUDIBLE = 1e-4
"""Generated sound that stays below this, 80 dB below full scale, is not heard."""

LINGER_S = 5.0
"""How long the mark goes on behind generated sound: a single knock is too short for one."""

_WINDOW = np.sqrt(np.hanning(FRAME + 1)[:-1]).astype(np.float32)
_LINES = slice(round(BAND_HZ[0] * FRAME / TICK_RATE) - 2, round(BAND_HZ[1] * FRAME / TICK_RATE) + 3)
_LINGER = round(LINGER_S * TICK_RATE / HOP)  # in frames
_FRAMES = PERIOD * TICK_RATE // RATE // HOP  # of a period


class StreamEmbedder:
    """Gives the mark of ``content_id`` for one sound, piece by piece; implements ``MixMark``.

    Raises ``ConfigError`` for an id that is none. ``name`` is for the log, which tells of the first failure.
    """

    delay = DELAY

    def __init__(self, content_id: str, name: str = "") -> None:
        self.failures = 0
        self._carrier = _carrier(content_id)
        self._name = name
        self.reset()

    def reset(self) -> None:
        """Begin anew: the next piece is the first."""
        self._begun = False
        self._clear()

    def feed(self, sound: Stereo, generated: Stereo | None) -> Stereo | None:
        """Take the next ``[2, n]`` of a sound and of what is generated in it (None: nothing).

        Returns the mark of the ``n`` samples that end ``delay`` before the last of these, None where there is none;
        the first piece has ``delay`` fewer. That one may have any length, from ``delay`` on, the others whole ``HOP``.
        Never raises: what fails is counted, and the sound stays without a mark.
        """
        begun, self._begun = self._begun, True
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is looked at
                return self._feed(sound, generated, begun)
        except Exception:
            self.failures += 1
            if self.failures == 1:
                log.exception("the sound leaves without its watermark", room=self._name)
            self._clear()
            return None

    def _clear(self) -> None:
        self._tail = np.zeros((2, HOP), np.float32)  # the last samples, of which the next frame is made, too
        self._held = np.zeros((2, PARTS // 2), np.float32)  # the power of their parts, with what masking fades from
        self._overlap: Stereo | None = None  # the second half of the last frame of the mark
        self._frame = _FRAMES - 1  # of the carrier; the first sound lies in the second half of the first frame
        self._was_audible, self._left = False, 0  # in the last hop; how many frames the mark goes on

    def _feed(self, sound: Stereo, generated: Stereo | None, begun: bool) -> Stereo | None:
        missing = 0 if begun else -sound.shape[1] % HOP
        padded = np.concatenate((self._tail, np.zeros((2, missing), np.float32), sound), axis=1)
        count = padded.shape[1] // HOP - 1
        held = held_power(padded[:, HOP:], self._held)
        marked = self._marked(generated, count)
        mark = self._overlap
        if marked.any():
            frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=1)[:, ::HOP] * _WINDOW
            mark = self._mark(frames, ratio_to_quietest(held, count), marked)
        elif mark is not None:
            mark = np.concatenate((mark, np.zeros((2, (count - 1) * HOP), np.float32)), axis=1)
            self._overlap = None
        self._tail, self._held = padded[:, -HOP:], held[:, -(PARTS // 2) :]
        self._frame = (self._frame + count) % _FRAMES
        return mark if mark is None or begun else mark[:, HOP + missing :]

    def _marked(self, generated: Stereo | None, count: int) -> NDArray[np.bool_]:
        """Return which of the next ``count`` frames are to carry the mark."""
        audible = np.zeros(count + 1, bool)
        audible[0] = self._was_audible
        if generated is not None:
            padded = np.zeros(count * HOP, np.float32)
            padded[-generated.shape[1] :] = np.abs(generated).max(axis=0)
            audible[1:] = padded.reshape(count, HOP).max(axis=1) > AUDIBLE
        self._was_audible = bool(audible[-1])
        marked = np.zeros(count, bool)
        for index in range(count):
            self._left = _LINGER if audible[index] or audible[index + 1] else max(0, self._left - 1)
            marked[index] = self._left > 0
        return marked

    def _mark(self, frames: NDArray[np.float32], steady: NDArray[np.float32], marked: NDArray[np.bool_]) -> Stereo:
        """Return the mark up to the middle of the last of ``frames`` ``[2, count, FRAME]``; keep what comes behind."""
        count = frames.shape[1]
        power = np.square(np.abs(np.fft.rfft(frames))).reshape(2 * count, -1)
        allowed = threshold(power, steady.reshape(-1)).reshape(2, count, -1)[..., _LINES] * marked[:, None]
        carrier = self._carrier[(self._frame + np.arange(count)) % _FRAMES]
        lines = np.zeros((2, count, FRAME // 2 + 1), np.complex64)
        lines[..., _LINES] = carrier * np.sqrt(allowed)
        shaped = np.fft.irfft(lines, FRAME).astype(np.float32, copy=False) * _WINDOW
        if not np.isfinite(shaped).all():
            raise FloatingPointError("the mark is not finite")
        whole = shaped[..., :HOP].copy()
        whole[:, 1:] += shaped[:, :-1, HOP:]
        if self._overlap is not None:
            whole[:, 0] += self._overlap
        self._overlap = shaped[:, -1, HOP:]
        return whole.reshape(2, -1)


def _window_power() -> float:
    """Return the mean power of a spectral line of the carrier's frames within its band: it has power 1 in all."""
    return float(np.square(_WINDOW).sum() * TICK_RATE / 2 / (BAND_HZ[1] - BAND_HZ[0]))


def _carrier(content_id: str) -> NDArray[np.complex64]:
    """Return the spectra of a period's frames in the band, of mean power 1, ``[_FRAMES, lines]``."""
    period = waveform(content_id, TICK_RATE)
    frames = np.lib.stride_tricks.sliding_window_view(np.concatenate((period, period[:FRAME])), FRAME)[::HOP][:_FRAMES]
    return np.asarray(np.fft.rfft(frames * _WINDOW)[:, _LINES] / np.sqrt(_window_power()), np.complex64)
