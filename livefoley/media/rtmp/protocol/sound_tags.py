"""The sound of one RTMP publisher, behind its tags' headers: what codec it is in, at what rate, in how many channels.

AAC is to come after a sequence header. Behind ADTS each frame carries what is in that, as in MPEG-TS; bare frames are
tried as what the metadata calls them, and where that says nothing, it is said in words.
"""

from __future__ import annotations

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import MILLISECONDS
from livefoley.media.rtmp.protocol import audio_config, tags
from livefoley.media.rtmp.protocol.tag_parts import Patience

HEADLESS = (
    "sound in AAC comes without its sequence header, so it cannot be decoded; restart the encoder, or let it send the "
    "header (AudioSpecificConfig) when it connects, or ADTS, or MP3"
)


class SoundTrack:
    """Takes configurations and frames in order of arrival, gives ``TrackInfo`` and ``Packet``.

    ``UnsupportedCodec`` is raised for frames that cannot be used, from ``Patience`` on: a header may be on its way.
    """

    def __init__(self) -> None:
        self.info: TrackInfo | None = None
        self._flags = -1  # the first byte of the last legacy tag without a sequence header
        self._metadata = (0, 0)
        self._patience = Patience()

    def configure(self, codec: str, config: bytes, frame: bytes = b"") -> list[TrackInfo]:
        """Take a sequence header, or the first ``frame`` of what has none; return the parameters if they are new.

        An AudioSpecificConfig that says nothing is as if it had not come.
        """
        self._flags = -1
        if codec == "aac":
            rate, channels = audio_config.audio_specific_config(config)
            if not rate:
                return []
        elif codec == "opus":
            rate, channels = 48000, audio_config.opus_head(config)
        else:
            rate, channels = audio_config.mpeg_audio(frame)
        return self._announce(TrackInfo(MediaKind.AUDIO, codec, config, sample_rate=rate, channels=channels))

    def legacy(self, codec: str, flags: int, frame: bytes) -> list[TrackInfo]:
        """Take the first byte of a tag without sequence header; return the parameters if they are new."""
        if flags == self._flags:
            return []
        self._flags = flags
        form = flags >> 4
        rate = tags.FIXED_RATES.get(form, tags.AUDIO_RATES[flags >> 2 & 3])
        channels = 1 if codec in ("nellymoser", "speex") else 1 + (flags & 1)
        if codec == "mp3":  # the tag cannot say 48 kHz
            rate, channels = audio_config.mpeg_audio(frame[:4])
        return self._announce(TrackInfo(MediaKind.AUDIO, codec, sample_rate=rate, channels=channels))

    def describe(self, rate: int, channels: int) -> None:
        """Take what metadata says of the sound; zeros where it says nothing."""
        self._metadata = rate, channels

    def frame(self, codec: str, data: bytes, pts: int) -> list[TrackInfo | Packet]:
        """Take a frame, stamped in ms. Raises ``UnsupportedCodec`` when it cannot be used."""
        news: list[TrackInfo] = []
        if codec == "aac" and data and not self._has_header:
            news = self._without_header(data, pts)
        if self.info is None or self.info.codec != codec or not data:
            return []
        return [*news, Packet(MediaKind.AUDIO, data, pts, pts, MILLISECONDS)]

    @property
    def _has_header(self) -> bool:
        return self.info is not None and self.info.codec == "aac" and bool(self.info.extradata)

    def _without_header(self, data: bytes, stamp: int) -> list[TrackInfo]:
        rate, channels = audio_config.adts(data)
        if rate:
            return self._announce(TrackInfo(MediaKind.AUDIO, "aac", sample_rate=rate, channels=channels))
        if not self._patience.over(stamp):
            return []
        guess = audio_config.low_complexity(*self._metadata)
        if not guess:
            raise UnsupportedCodec(HEADLESS)
        return self.configure("aac", guess)

    def _announce(self, info: TrackInfo) -> list[TrackInfo]:
        if info == self.info:
            return []
        self.info = info
        return [info]
