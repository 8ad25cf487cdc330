"""The picture of one RTMP publisher, behind its tags' headers: the right codec, lengths before NAL units, a size.

What an encoder says of its pictures is not always so: HEVC comes under the id of H.264, start codes where lengths
belong, parameter sets in the pictures alone. What can be mended is; the rest is said in words.
"""

from __future__ import annotations

from dataclasses import replace

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import PLAIN, Display, MediaKind, Packet, TrackInfo
from livefoley.core.ticks import MILLISECONDS
from livefoley.formats import framing, nal
from livefoley.media.rtmp.protocol.tag_parts import Patience

HEADLESS = (
    "video in {codec} comes without a sequence header that can be read, so it cannot be decoded; restart the encoder, "
    "or let it repeat its parameter sets before each keyframe"
)
_BARE_VPCC, _VERSION = 8, b"\x01\x00\x00\x00"  # as an MP4's box it begins with a version; encoders send both
_NAMES = {"h264": "H.264", "hevc": "HEVC"}


class PictureTrack:
    """Takes configurations and pictures in order of arrival, gives ``TrackInfo`` and ``Packet``.

    ``UnsupportedCodec`` is raised for pictures that cannot be used, from ``Patience`` on: a header may be on its way.
    """

    def __init__(self) -> None:
        self.info: TrackInfo | None = None
        self._size = (0, 0)
        self._display = PLAIN
        self._really: dict[str, str] = {}  # the codec by what the tags call it
        self._sets: framing.ParameterSets | None = None  # learnt from what had to be mended
        self._length_size = 4
        self._patience = Patience()

    def configure(self, codec: str, record: bytes) -> list[TrackInfo]:
        """Take a sequence header of ``codec``; return the parameters if they are new."""
        if codec == "vp9" and len(record) == _BARE_VPCC:
            record = _VERSION + record
        if codec not in framing.CODECS:
            return self._announce(TrackInfo(MediaKind.VIDEO, codec, record))
        found = framing.read_configuration(record, codec)
        if found is None:  # what is in the pictures may do
            return []
        self._really[codec], sets = found
        self._sets = framing.ParameterSets(found[0], sets)
        as_record = record[:1] == b"\x01"
        return self._configured(record if as_record else self._sets.configuration)

    def picture(self, codec: str, data: bytes, pts: int, dts: int, keyframe: bool) -> list[TrackInfo | Packet]:
        """Take a picture, its stamps in ms. Raises ``UnsupportedCodec`` when it cannot be used."""
        codec = self._really.get(codec, codec)
        news: list[TrackInfo] = []
        if codec in framing.CODECS:
            news, data = self._mended(codec, data, dts)
        elif self.info is None or self.info.codec != codec:
            news = self.configure(codec, b"")
        return [*news, *([Packet(MediaKind.VIDEO, data, pts, dts, MILLISECONDS, keyframe)] if data else [])]

    def resize(self, width: int, height: int) -> list[TrackInfo]:
        """Take the size as metadata tells it, for a track whose parameters do not."""
        self._size = width, height
        if self.info is None or self.info.width or not (width and height):
            return []
        return self._announce(self.info)

    def shown(self, display: Display | None) -> list[TrackInfo]:
        """Take what metadata says of colours, None where it says nothing of them."""
        if display is None or display == self._display:
            return []
        self._display = display
        return self._announce(self.info) if self.info is not None else []

    def _mended(self, codec: str, data: bytes, stamp: int) -> tuple[list[TrackInfo], bytes]:
        """Return what is new, and the picture with lengths before its NAL units; nothing while it has no parameters."""
        known = self.info is not None and self.info.codec == codec
        if known and not framing.has_start_codes(data, self._length_size):
            return [], data
        if self._sets is None or self._sets.codec != codec:
            self._sets = framing.ParameterSets(codec)
        try:
            units = framing.units_of(data, self._length_size if known else 4)
        except ValueError:
            units = []
        if known and not units:
            return [], data  # nothing to be mended in it
        changed = self._sets.learn(units)
        if not known and not self._sets.configuration:
            if self._patience.over(stamp):
                raise UnsupportedCodec(HEADLESS.format(codec=_NAMES[codec]))
            return [], b""
        news = self._configured(self._sets.configuration) if changed or not known or self._length_size != 4 else []
        return news, nal.join_length_prefixed(units)

    def _configured(self, record: bytes) -> list[TrackInfo]:
        """Announce a record of parameter sets; without one they are incomplete, and those in the pictures may do."""
        if not record or self._sets is None:
            return []
        self._length_size = nal.length_size(self._sets.codec, record)
        return self._announce(TrackInfo(MediaKind.VIDEO, self._sets.codec, record))

    def _announce(self, info: TrackInfo) -> list[TrackInfo]:
        width, height = nal.picture_size(info.codec, info.extradata) or self._size
        info = replace(info, width=width, height=height, display=self._display)
        if info == self.info:
            return []
        self.info = info
        return [info]
