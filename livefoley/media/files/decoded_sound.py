"""Sound in codecs livefoley does not carry, made PCM: whatever cameras, discs and old files hold and FFmpeg decodes.

Most such codecs need more than their parameters as MP4 and FLV carry them (how long a block is, how many bits a sample
had), so they are decoded where their container is read.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from livefoley.core.media import MediaKind, Packet, SourceItem, TrackInfo

CODEC = "pcm_f32le"
MOST_S = 30.0  # of sound in one packet: a few bytes may stand for hours of silence
_BLOCK = 32_768  # samples in a packet of PCM


class SoundDecoder:
    """Decodes the packets of one sound stream to PCM of its own rate, mono or mixed down to stereo."""

    def __init__(self, stream: Any, time_base: Fraction) -> None:
        self._context = stream.codec_context
        self._time_base = time_base
        self._info: TrackInfo | None = None
        self._shape: tuple[str, str, int] = ("", "", 0)
        self._resampler: Any = None
        self._next: int | None = None  # where the next sample lies, in samples
        self.errors = 0

    def feed(self, packet: Any) -> list[SourceItem]:
        """Return what ``packet`` (None at the end) adds: the parameters when they are new, then packets."""
        try:
            frames = self._context.decode(packet)
        except (av.FFmpegError, ValueError):
            self.errors += 1
            return []
        if sum(frame.samples for frame in frames) > MOST_S * max((frame.sample_rate for frame in frames), default=0):
            self.errors += bool(frames)
            return []
        return [item for frame in frames for item in self._items(frame)]

    def flush(self) -> list[SourceItem]:
        """Return the rest."""
        return self.feed(None)

    def _items(self, frame: AudioFrame) -> list[SourceItem]:
        rate, channels = frame.sample_rate, 1 if frame.layout.nb_channels == 1 else 2
        items: list[SourceItem] = []
        info = TrackInfo(MediaKind.AUDIO, CODEC, sample_rate=rate, channels=channels)
        if info != self._info:
            self._info, self._next = info, None
            items.append(info)
        at = self._begin(frame, rate)
        samples = self._mixed(frame, channels)
        for first in range(0, len(samples), _BLOCK):
            part = samples[first : first + _BLOCK]
            items.append(Packet(MediaKind.AUDIO, part.tobytes(), at + first, at + first, Fraction(1, rate)))
        self._next = at + len(samples)
        return items

    def _begin(self, frame: AudioFrame, rate: int) -> int:
        """Return where a frame begins, in samples: after the one before, unless its stamp says clearly otherwise."""
        if frame.pts is None:
            return self._next or 0
        at = frame.pts * self._time_base * rate
        slack = max(self._time_base * rate, Fraction(1))  # a container's stamps are as coarse as that
        return self._next if self._next is not None and abs(at - self._next) <= slack else round(at)

    def _mixed(self, frame: AudioFrame, channels: int) -> np.ndarray:
        """Return the samples ``[n, channels]``."""
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            self._shape = shape
            layout = "mono" if channels == 1 else "stereo"
            self._resampler = AudioResampler(format="flt", layout=layout, rate=frame.sample_rate)
        frame.pts = None
        blocks = [made.to_ndarray().reshape(-1, channels) for made in self._resampler.resample(frame)]
        return np.concatenate(blocks).astype("<f4", copy=False) if blocks else np.zeros((0, channels), "<f4")
