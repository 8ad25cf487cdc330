"""Sound codecs through FFmpeg: any track to 48 kHz stereo float, and 48 kHz stereo to AAC-LC and Opus.

Both keep time to the sample: a decoder says where each block lies against its packet's stamp (a resampler holds a few
samples back), an encoder stamps its priming, so that an impulse comes out where it went in.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from livefoley.core.cues import Stereo
from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import AUDIO_CODECS, MediaKind, Packet, TrackInfo
from livefoley.core.ports import AudioDecoder
from livefoley.core.ticks import SAMPLES, TICK_RATE, Tick
from livefoley.formats import flac

DECODABLE = (
    *AUDIO_CODECS,
    *("vorbis", "mp2", "alac", "eac3", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s32le", "pcm_f32le"),
)
"""What files and pulled streams may bring, beside what live protocols carry."""

OF_RTMP = ("nellymoser", "speex", "adpcm_swf")
"""What old encoders send by RTMP; their parameters are rate and channels."""

MOST_BYTES = {"aac": 8 << 10, "mp3": 8 << 10, "mp2": 8 << 10, "ac3": 8 << 10, "eac3": 16 << 10, "opus": 64 << 10}
"""Of one packet: the largest their formats allow, for channels in use. One that is larger holds many frames."""
MOST_OTHER_BYTES = 1 << 20
MOST_FRAMES = 32  # of one packet: one is usual
MOST_S = 5.0  # of one frame: FLAC's longest takes 1.5 s at 44.1 kHz


def make_decoder(info: TrackInfo) -> AudioDecoder:
    """Return a decoder for a sound track, or raise ``UnsupportedCodec``."""
    if info.kind is not MediaKind.AUDIO or info.codec not in (*DECODABLE, *OF_RTMP):
        raise UnsupportedCodec(f"sound in {info.codec!r} cannot be decoded; use {', '.join(AUDIO_CODECS)}")
    return FfmpegDecoder(info)


class FfmpegDecoder:
    """Decodes one track to blocks of 48 kHz stereo; implements ``AudioDecoder``.

    Channels beyond two are mixed down with the ITU-R BS.775 weights (swresample), mono goes to both sides.

    A few bytes can stand for hours of silence, and are decoded where all streams are. So what is no packet of its
    format, by size, frames or length, is an error; and as many packets as it had frames go by undecoded after it.
    """

    def __init__(self, info: TrackInfo) -> None:
        self.errors = 0
        self._info = info
        self._most_bytes = MOST_BYTES.get(info.codec, MOST_OTHER_BYTES)
        self._passed_over = 0  # packets yet to go by
        self._context = self._open()
        self._resampler = _Resampler()

    def decode(self, packet: Packet) -> list[tuple[int, Stereo]]:
        """Return ``(offset, samples)`` of each block; see ``AudioDecoder.decode``."""
        if not self._plausible(packet.data):
            self.errors += 1
            return []
        try:
            frames = self._context.decode(av.Packet(packet.data))
            if len(frames) > MOST_FRAMES:
                self._passed_over = len(frames)
                raise ValueError(f"{len(frames)} frames in one packet")
            return self._place(frames)
        except (av.FFmpegError, ValueError):
            self.errors += 1
            return []

    def _plausible(self, data: bytes) -> bool:
        """Tell whether ``data`` is what one packet of the track may be, and none of those that go by."""
        if self._passed_over:
            self._passed_over -= 1
            return False
        if self._info.codec == "flac" and flac.more_frames(data, MOST_FRAMES):
            return False
        return 0 < len(data) <= self._most_bytes

    def reset(self) -> None:
        """Forget what is still inside; the next packet may come from anywhere."""
        self._context.flush_buffers()
        self._resampler = _Resampler()

    def _open(self) -> Any:
        context: Any = av.CodecContext.create(self._info.codec, "r")
        if self._info.extradata:
            context.extradata = self._info.extradata
        if self._info.codec.startswith("pcm_") or self._info.codec in OF_RTMP:
            context.sample_rate = self._info.sample_rate or 8000
            context.layout = "stereo" if self._info.channels == 2 else "mono"
        context.thread_count = 1
        context.flags2 |= av.codec.context.Flags2.skip_manual  # else a decoder drops priming the stamps account for
        try:
            context.open()
        except (av.FFmpegError, ValueError) as error:
            raise UnsupportedCodec(f"the {self._info.codec} track's parameters cannot be used ({error})") from None
        return context

    def _place(self, frames: list[AudioFrame]) -> list[tuple[int, Stereo]]:
        blocks = []
        at = Fraction(0)
        for frame in frames:
            if frame.samples > MOST_S * frame.sample_rate:
                raise ValueError(f"a frame of {frame.samples} samples at {frame.sample_rate} Hz")
            for offset, samples in self._resampler.feed(frame):
                if np.isfinite(samples).all():
                    blocks.append((round(at) + offset, samples))
                else:
                    self.errors += 1
            at += Fraction(frame.samples * TICK_RATE, frame.sample_rate)
        return blocks


class _Resampler:
    """Turns decoded frames into 48 kHz stereo, and says how far each block lies before or after its frame."""

    def __init__(self) -> None:
        self._shape: tuple[str, str, int] = ("", "", 0)
        self._resampler: AudioResampler | None = None
        self._fed = 0

    def feed(self, frame: AudioFrame) -> list[tuple[int, Stereo]]:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape == ("fltp", "stereo", TICK_RATE):
            return [(0, _stereo(frame))]
        if shape != self._shape or self._resampler is None:
            self._shape, self._fed = shape, 0
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            self._resampler = AudioResampler(format="fltp", layout=layout, rate=TICK_RATE)
        frame.pts, frame.time_base = self._fed, Fraction(1, frame.sample_rate)
        at = round(Fraction(self._fed * TICK_RATE, frame.sample_rate))
        self._fed += frame.samples
        return [((out.pts or 0) - at, _stereo(out)) for out in self._resampler.resample(frame) if out.samples]


def _stereo(frame: AudioFrame) -> Stereo:
    samples = frame.to_ndarray().astype(np.float32, copy=False)
    return samples if samples.shape[0] == 2 else np.repeat(samples, 2, axis=0)


class _Encoder:
    """48 kHz stereo in frames of a fixed number of samples; the stamps are the encoder's own, priming included."""

    info: TrackInfo

    def __init__(self, context: Any) -> None:
        context.sample_rate = TICK_RATE
        context.layout = "stereo"
        context.time_base = SAMPLES
        context.flags |= av.codec.context.Flags.global_header
        context.open()
        self._context = context
        self._frame: int = context.frame_size
        self._buffer = np.zeros((2, 0), np.float32)
        self._next: Tick | None = None  # where the sample after the last of the buffer lies

    def encode(self, samples: Stereo, start: Tick) -> list[Packet]:
        """Encode ``samples`` ``[2, n]`` that begin at ``start``; ``ValueError`` when they do not join the last ones."""
        if self._next is not None and start != self._next:
            raise ValueError(f"samples at {start} do not join those before, which end at {self._next}")
        self._next = start + samples.shape[1]
        buffer = np.concatenate((self._buffer, samples), axis=1) if self._buffer.size else samples
        at = self._next - buffer.shape[1]
        packets: list[Packet] = []
        used = 0
        while used + self._frame <= buffer.shape[1]:
            packets += self._encode(buffer[:, used : used + self._frame], at + used)
            used += self._frame
        self._buffer = buffer[:, used:].copy()
        return packets

    def flush(self) -> list[Packet]:
        """Return what is still inside; the last frame is filled up with silence. The encoder is done then."""
        packets: list[Packet] = []
        if self._next is not None and self._buffer.size:
            filled = np.pad(self._buffer, ((0, 0), (0, self._frame - self._buffer.shape[1])))
            packets += self._encode(filled, self._next - self._buffer.shape[1])
        return packets + [_packet(packet) for packet in self._context.encode(None)]

    def _encode(self, frame: Stereo, start: Tick) -> list[Packet]:
        layout = self._context.format.name
        shaped = frame if layout == "fltp" else frame.T.reshape(1, -1)
        encoded = AudioFrame.from_ndarray(np.ascontiguousarray(shaped, np.float32), format=layout, layout="stereo")
        encoded.sample_rate = TICK_RATE
        encoded.pts = start
        encoded.time_base = SAMPLES
        return [_packet(packet) for packet in self._context.encode(encoded)]


class AacEncoder(_Encoder):
    """48 kHz stereo AAC-LC; implements ``AudioEncoder``.

    ``info.extradata`` is the AudioSpecificConfig. The first packet is stamped one frame (1024 samples) before the first
    sample: what a decoder makes of it is priming. ``coder`` "fast" costs half of FFmpeg's "twoloop"; at 160 kb/s it
    leaves less noise within each band, if more in sum.
    """

    def __init__(self, bitrate: int = 160_000, coder: str = "fast") -> None:
        context: Any = av.CodecContext.create("aac", "w")
        context.format = "fltp"
        context.bit_rate = bitrate
        context.options = {"aac_coder": coder}
        super().__init__(context)
        self.info = TrackInfo(MediaKind.AUDIO, "aac", bytes(context.extradata), sample_rate=TICK_RATE, channels=2)


class OpusEncoder(_Encoder):
    """48 kHz stereo Opus in packets of 20 ms; implements ``AudioEncoder``.

    ``info.extradata`` is the OpusHead. The first packet is stamped 312 samples before the first sample (its pre-skip).
    ``effort`` is libopus's complexity (0 to 10); at this rate 5 sounds like 10 and costs a third less.
    """

    def __init__(self, bitrate: int = 128_000, effort: int = 5) -> None:
        context: Any = av.CodecContext.create("libopus", "w")
        context.format = "flt"
        context.bit_rate = bitrate
        context.options = {"application": "audio", "frame_duration": "20", "compression_level": str(effort)}
        super().__init__(context)
        self.info = TrackInfo(MediaKind.AUDIO, "opus", bytes(context.extradata), sample_rate=TICK_RATE, channels=2)


def _packet(packet: Any) -> Packet:
    stamp = packet.pts or 0
    return Packet(MediaKind.AUDIO, bytes(packet), stamp, stamp, SAMPLES)
