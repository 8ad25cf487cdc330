"""From RTMP's audio, video and data messages to track parameters and packets; the pair of write_tags.

One reader serves one publisher. A packet's payload is the tag's body behind the codec header, untouched. Of several
tracks of a kind (multitrack) the first is taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from livefoley.core.errors import ProtocolError, UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import MILLISECONDS, Unwrapper
from livefoley.formats import nal
from livefoley.media.rtmp.protocol import amf0, audio_config, chunks, tags
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.tag_parts import read_ex_header, signed24, split_aggregate

ReadItem: TypeAlias = TrackInfo | Packet | UnsupportedCodec
"""What a message amounts to; `UnsupportedCodec` comes once for a track that cannot be used, as a value."""

MAX_METADATA = 256 << 10
_NOTHING: tuple[ReadItem, ...] = ()


class TagReader:
    """Turns one publisher's messages into items. ``skipped`` counts tags that could not be used."""

    def __init__(self) -> None:
        self.skipped = 0
        self._clock = Unwrapper(32)  # one for both tracks, so that they cannot end up a lap apart
        self._infos: dict[MediaKind, TrackInfo] = {}
        self._refused: set[str] = set()
        self._size = (0, 0)
        self._sound_flags = -1  # the first byte of the last legacy sound tag without a sequence header

    def read(self, message: Message) -> tuple[ReadItem, ...] | list[ReadItem]:
        """Return what ``message`` brings: parameters, packets or nothing. Never raises for what is in a tag."""
        if message.type == chunks.AGGREGATE:
            return [item for part in split_aggregate(message) for item in self.read(part)]
        try:
            if message.type == chunks.VIDEO:
                return self._video(message.body, message.timestamp)
            if message.type == chunks.AUDIO:
                return self._audio(message.body, message.timestamp)
            return self._data(message)
        except IndexError:  # a tag that ends before its header does
            return self._skip()

    # ---- video ----

    def _video(self, body: bytes | bytearray, stamp: int) -> tuple[ReadItem, ...]:
        first = body[0]
        form = first >> 4 & 7
        if form == tags.COMMAND_FRAME:
            return _NOTHING
        if first & tags.EX_VIDEO:
            return self._ex_video(body, stamp, form == tags.KEYFRAME)
        codec = tags.LEGACY_VIDEO.get(first & 15)
        if codec is None:
            return self._refuse(tags.VIDEO_NAMES.get(first & 15, f"FLV codec {first & 15}"), "video")
        kind = body[1]
        if kind == tags.SEQUENCE_START:
            return self._configure_video(codec, bytes(body[5:]))
        if kind != tags.CODED_FRAMES:
            return _NOTHING
        return self._picture(codec, body, slice(5, None), signed24(body, 2), stamp, form == tags.KEYFRAME)

    def _ex_video(self, body: bytes | bytearray, stamp: int, keyframe: bool) -> tuple[ReadItem, ...]:
        header = read_ex_header(body, tags.VIDEO_MULTITRACK)
        if header is None:
            return _NOTHING
        kind, four_cc, at, stop = header
        codec = tags.VIDEO_FOUR_CCS.get(four_cc)
        if codec is None:
            return self._refuse(_printable(four_cc), "video")
        if kind == tags.SEQUENCE_START:
            return self._configure_video(codec, bytes(body[at:stop]))
        if kind == tags.CODED_FRAMES and codec in tags.WITH_COMPOSITION:
            return self._picture(codec, body, slice(at + 3, stop), signed24(body, at), stamp, keyframe)
        if kind in (tags.CODED_FRAMES, tags.CODED_FRAMES_X):
            return self._picture(codec, body, slice(at, stop), 0, stamp, keyframe)
        return _NOTHING  # sequence end, colour metadata: they stay in the bitstream

    def _configure_video(self, codec: str, extradata: bytes) -> tuple[ReadItem, ...]:
        if not extradata and codec in tags.NEEDS_CONFIGURATION:
            return self._skip()
        width, height = nal.picture_size(codec, extradata) or self._size
        return self._announce(TrackInfo(MediaKind.VIDEO, codec, extradata, width=width, height=height))

    def _picture(
        self, codec: str, body: bytes | bytearray, part: slice, offset: int, stamp: int, keyframe: bool
    ) -> tuple[ReadItem, ...]:
        info = self._infos.get(MediaKind.VIDEO)
        news: tuple[ReadItem, ...] = _NOTHING
        if info is None or info.codec != codec:
            if codec in tags.NEEDS_CONFIGURATION:
                return self._skip()
            news = self._configure_video(codec, b"")
        data = bytes(memoryview(body)[part])
        if not data:
            return news or self._skip()
        dts = self._clock.unwrap(stamp)
        packet = Packet(MediaKind.VIDEO, data, dts + offset, dts, MILLISECONDS, keyframe)
        return (*news, packet)

    # ---- sound ----

    def _audio(self, body: bytes | bytearray, stamp: int) -> tuple[ReadItem, ...]:
        form = body[0] >> 4
        if form == tags.EX_AUDIO:
            return self._ex_audio(body, stamp)
        if form == tags.AAC:
            if body[1] == tags.SEQUENCE_START:
                return self._configure_audio("aac", bytes(body[2:]))
            return self._sound("aac", body, slice(2, None), stamp)
        codec = tags.LEGACY_AUDIO.get(form)
        if codec is None:
            return self._refuse(tags.AUDIO_NAMES.get(form, f"FLV codec {form}"), "sound")
        news: tuple[ReadItem, ...] = _NOTHING
        if body[0] != self._sound_flags:
            self._sound_flags = body[0]
            news = self._announce(_legacy_sound(codec, body))
        return news + self._sound(codec, body, slice(1, None), stamp)

    def _ex_audio(self, body: bytes | bytearray, stamp: int) -> tuple[ReadItem, ...]:
        header = read_ex_header(body, tags.AUDIO_MULTITRACK)
        if header is None:
            return _NOTHING
        kind, four_cc, at, stop = header
        codec = tags.AUDIO_FOUR_CCS.get(four_cc)
        if codec is None:
            return self._refuse(_printable(four_cc), "sound")
        if kind == tags.SEQUENCE_START:
            return self._configure_audio(codec, bytes(body[at:stop]))
        if kind != tags.CODED_FRAMES:
            return _NOTHING
        info, news = self._infos.get(MediaKind.AUDIO), _NOTHING
        if (info is None or info.codec != codec) and codec not in tags.NEEDS_CONFIGURATION:
            news = self._configure_audio(codec, b"", bytes(body[at : at + 4]))
        return news + self._sound(codec, body, slice(at, stop), stamp)

    def _configure_audio(self, codec: str, extradata: bytes, frame: bytes = b"") -> tuple[ReadItem, ...]:
        self._sound_flags = -1
        if codec == "aac":
            rate, channels = audio_config.audio_specific_config(extradata)
            if not rate:
                return self._skip()
        elif codec == "opus":
            rate, channels = 48000, audio_config.opus_head(extradata)
        else:
            rate, channels = audio_config.mpeg_audio(frame)
        return self._announce(TrackInfo(MediaKind.AUDIO, codec, extradata, sample_rate=rate, channels=channels))

    def _sound(self, codec: str, body: bytes | bytearray, part: slice, stamp: int) -> tuple[ReadItem, ...]:
        info = self._infos.get(MediaKind.AUDIO)
        data = bytes(memoryview(body)[part])
        if info is None or info.codec != codec or not data:
            return self._skip()
        pts = self._clock.unwrap(stamp)
        return (Packet(MediaKind.AUDIO, data, pts, pts, MILLISECONDS),)

    # ---- metadata ----

    def _data(self, message: Message) -> tuple[ReadItem, ...]:
        """Take the picture's size from ``onMetaData``, for a codec whose parameters do not tell it."""
        if len(message.body) > MAX_METADATA:
            return _NOTHING
        try:
            values = amf0.decode(memoryview(message.body)[message.type == chunks.DATA_AMF3 :])
        except ProtocolError:
            return _NOTHING  # a hint only; the stream does not suffer for it
        found = next((value for value in values if isinstance(value, dict)), None)
        if found is None or "onMetaData" not in values:
            return _NOTHING
        self._size = _side(found.get("width")), _side(found.get("height"))
        info = self._infos.get(MediaKind.VIDEO)
        if info is None or info.width or not all(self._size):
            return _NOTHING
        return self._announce(replace(info, width=self._size[0], height=self._size[1]))

    # ---- tracks ----

    def _announce(self, info: TrackInfo) -> tuple[ReadItem, ...]:
        if self._infos.get(info.kind) == info:
            return _NOTHING
        self._infos[info.kind] = info
        return (info,)

    def _skip(self) -> tuple[ReadItem, ...]:
        self.skipped += 1
        return _NOTHING

    def _refuse(self, codec: str, what: str) -> tuple[ReadItem, ...]:
        self.skipped += 1
        if codec in self._refused or len(self._refused) > 8:
            return _NOTHING
        self._refused.add(codec)
        names = "H.264, HEVC or AV1" if what == "video" else "AAC, MP3, Opus or G.711"
        return (UnsupportedCodec(f"{what} in {codec} cannot be used; set the encoder to {names}"),)


def _legacy_sound(codec: str, body: bytes | bytearray) -> TrackInfo:
    rate, channels = 8000, 1 + (body[0] & 1)
    if codec == "mp3":  # the tag cannot say 48 kHz
        rate, channels = audio_config.mpeg_audio(bytes(body[1:5]))
    return TrackInfo(MediaKind.AUDIO, codec, sample_rate=rate, channels=channels)


def _side(value: amf0.Value) -> int:
    return int(value) if isinstance(value, float) and 0 < value < 65536 else 0


def _printable(four_cc: bytes) -> str:
    return repr(four_cc.decode("ascii", "replace"))
