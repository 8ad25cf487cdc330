"""From track parameters and units to the bodies of RTMP's audio, video and data messages; the pair of read_tags.

H.264, AAC, MP3 and G.711 go out as every server knows them; HEVC, AV1, VP9 and Opus by their FourCC (enhanced RTMP).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, TrackInfo, Unit
from livefoley.core.ticks import ms_from_ticks
from livefoley.media.rtmp.protocol import amf0, tags
from livefoley.media.rtmp.protocol.tag_parts import colours

_VIDEO_FOUR_CCS = {
    codec: four_cc for four_cc, codec in tags.VIDEO_FOUR_CCS.items() if codec != "vp8"
}  # nobody takes it
_AAC = tags.AAC << 4 | 0x0F  # "44.1 kHz, 16 bit, stereo" whatever the truth; the sequence header tells it
_OPUS = bytes([tags.EX_AUDIO << 4 | tags.CODED_FRAMES]) + b"Opus"
_ZERO24 = bytes(3)
_CODEC_IDS = {"h264": tags.AVC, "aac": tags.AAC, "mp3": tags.MP3, "pcm_alaw": tags.ALAW, "pcm_mulaw": tags.MULAW}
_CODEC_IDS |= {codec: int.from_bytes(four_cc, "big") for codec, four_cc in _VIDEO_FOUR_CCS.items() if codec != "h264"}
_CODEC_IDS |= {"opus": int.from_bytes(b"Opus", "big")}
_G711 = {"pcm_alaw": tags.ALAW, "pcm_mulaw": tags.MULAW}


class TagWriter:
    """Writes one track; a new one is made at each change of parameters.

    Raises ``UnsupportedCodec`` for what RTMP does not carry.
    """

    def __init__(self, info: TrackInfo) -> None:
        self.info = info
        self._heads = (b"", b"")  # of an inter frame, of a keyframe
        self._composition = False
        self.start: bytes | None = None
        """The sequence header, to be sent before the first unit; None for codecs that have none."""
        self.colours: bytes | None = None
        """What is to be sent after it of colours, if anything."""
        if info.kind is MediaKind.VIDEO:
            self._video(info)
        else:
            self._audio(info)

    def body(self, unit: Unit) -> bytes:
        """Return the tag of ``unit``, to be stamped with its ``dts``; the payload goes in untouched."""
        packet = unit.packet
        head = self._heads[packet.keyframe]
        if not self._composition:
            return head + packet.data
        return head + _composition(unit) + packet.data

    def _video(self, info: TrackInfo) -> None:
        self._composition = info.codec in tags.WITH_COMPOSITION
        if info.codec == "h264":
            inter, key = (bytes([form << 4 | tags.AVC]) for form in (tags.INTER_FRAME, tags.KEYFRAME))
            start = bytes([tags.SEQUENCE_START]) + _ZERO24
            coded = bytes([tags.CODED_FRAMES])
            self._heads = inter + coded, key + coded
            self.start = key + start + info.extradata
            return
        four_cc = _VIDEO_FOUR_CCS.get(info.codec)
        if four_cc is None:
            raise UnsupportedCodec(f"RTMP does not carry {info.codec} video; it carries {', '.join(_VIDEO_FOUR_CCS)}")
        coded_type = tags.CODED_FRAMES if self._composition else tags.CODED_FRAMES_X
        heads = [_ex_video(form, coded_type) + four_cc for form in (tags.INTER_FRAME, tags.KEYFRAME)]
        self._heads = heads[0], heads[1]
        self.start = _ex_video(tags.KEYFRAME, tags.SEQUENCE_START) + four_cc + info.extradata
        said = colours(info.display)
        self.colours = _ex_video(tags.COMMAND_FRAME, tags.VIDEO_METADATA) + four_cc + said if said else None

    def _audio(self, info: TrackInfo) -> None:
        if info.codec == "aac":
            self.start = bytes([_AAC, tags.SEQUENCE_START]) + info.extradata
            self._heads = (bytes([_AAC, tags.CODED_FRAMES]),) * 2
        elif info.codec == "opus":
            self.start = bytes([tags.EX_AUDIO << 4 | tags.SEQUENCE_START]) + b"Opus" + info.extradata
            self._heads = (_OPUS,) * 2
        elif info.codec == "mp3":
            self._heads = (bytes([tags.MP3 << 4 | 0x0E | (info.channels != 1)]),) * 2
        elif info.codec in _G711:
            self._heads = (bytes([_G711[info.codec] << 4 | 2 | (info.channels == 2)]),) * 2
        else:
            raise UnsupportedCodec(f"RTMP does not carry {info.codec} sound; it carries aac, mp3, opus and G.711")


def metadata(infos: Iterable[TrackInfo], told: Mapping[str, str]) -> bytes:
    """Return the body of the data message that describes the stream, as servers store it (``@setDataFrame``)."""
    found: dict[str, amf0.Value] = {"duration": 0.0, **told}
    for info in infos:
        if info.kind is MediaKind.VIDEO:
            found["videocodecid"] = _codec_id(info.codec)
            if info.width and info.height:
                found |= {"width": float(info.width), "height": float(info.height)}
        else:
            found["audiocodecid"] = _codec_id(info.codec)
            found |= {"audiosamplerate": float(info.sample_rate), "audiochannels": float(info.channels)}
            found |= {"audiosamplesize": 16.0, "stereo": info.channels == 2}
    return amf0.encode("@setDataFrame", "onMetaData", amf0.EcmaArray(found))


def _codec_id(codec: str) -> float:
    return float(_CODEC_IDS[codec])


def _ex_video(form: int, kind: int) -> bytes:
    return bytes([tags.EX_VIDEO | form << 4 | kind])


def _composition(unit: Unit) -> bytes:
    """Return pts - dts in signed 24-bit ms: added to the tag's stamp it is ``pts``, to the millisecond."""
    offset = ms_from_ticks(unit.pts) - ms_from_ticks(unit.dts)
    return (max(-0x800000, min(offset, 0x7FFFFF)) & 0xFFFFFF).to_bytes(3, "big")
