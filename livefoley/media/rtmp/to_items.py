"""From RTMP's audio, video and data messages to track parameters and packets; the pair of from_items.

One reader serves one publisher. A packet's payload is the tag's body behind the codec header, untouched. Of several
tracks of a kind (multitrack) the first is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from livefoley.core.errors import ProtocolError, UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import MILLISECONDS, Unwrapper
from livefoley.media import nal
from livefoley.media.rtmp import amf0, chunks, sound, tags
from livefoley.media.rtmp.chunks import Message

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
            return [item for part in _split_aggregate(message) for item in self.read(part)]
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
        return self._picture(codec, body, 5, _signed24(body, 2), stamp, form == tags.KEYFRAME)

    def _ex_video(self, body: bytes | bytearray, stamp: int, keyframe: bool) -> tuple[ReadItem, ...]:
        kind, at = _skip_extensions(body, body[0] & 15)
        track = None
        if kind == tags.VIDEO_MULTITRACK:
            kind, four_cc, track = _track(body, at)
            if track is None:
                return _NOTHING
            at = track.start
        else:
            four_cc, at = bytes(body[at : at + 4]), at + 4
        codec = tags.VIDEO_FOUR_CCS.get(four_cc)
        if codec is None:
            return self._refuse(_printable(four_cc), "video")
        if track is not None:
            body = body[: track.stop]
        if kind == tags.SEQUENCE_START:
            return self._configure_video(codec, bytes(body[at:]))
        if kind == tags.CODED_FRAMES and codec in tags.WITH_COMPOSITION:
            return self._picture(codec, body, at + 3, _signed24(body, at), stamp, keyframe)
        if kind in (tags.CODED_FRAMES, tags.CODED_FRAMES_X):
            return self._picture(codec, body, at, 0, stamp, keyframe)
        return _NOTHING  # sequence end, colour metadata: they stay in the bitstream

    def _configure_video(self, codec: str, extradata: bytes) -> tuple[ReadItem, ...]:
        if not extradata and codec in tags.NEEDS_CONFIGURATION:
            return self._skip()
        width, height = nal.picture_size(codec, extradata) or self._size
        return self._announce(TrackInfo(MediaKind.VIDEO, codec, extradata, width=width, height=height))

    def _picture(
        self, codec: str, body: bytes | bytearray, at: int, offset: int, stamp: int, keyframe: bool
    ) -> tuple[ReadItem, ...]:
        info = self._infos.get(MediaKind.VIDEO)
        news: tuple[ReadItem, ...] = _NOTHING
        if info is None or info.codec != codec:
            if codec in tags.NEEDS_CONFIGURATION:
                return self._skip()
            news = self._configure_video(codec, b"")
        if len(body) <= at:
            return news or self._skip()
        dts = self._clock.unwrap(stamp)
        packet = Packet(MediaKind.VIDEO, bytes(memoryview(body)[at:]), dts + offset, dts, MILLISECONDS, keyframe)
        return (*news, packet)

    # ---- sound ----

    def _audio(self, body: bytes | bytearray, stamp: int) -> tuple[ReadItem, ...]:
        form = body[0] >> 4
        if form == tags.EX_AUDIO:
            return self._ex_audio(body, stamp)
        if form == tags.AAC:
            if body[1] == tags.SEQUENCE_START:
                return self._configure_audio("aac", bytes(body[2:]))
            return self._sound("aac", body, 2, stamp)
        codec = tags.LEGACY_AUDIO.get(form)
        if codec is None:
            return self._refuse(tags.AUDIO_NAMES.get(form, f"FLV codec {form}"), "sound")
        news: tuple[ReadItem, ...] = _NOTHING
        if body[0] != self._sound_flags:
            self._sound_flags = body[0]
            news = self._announce(_legacy_sound(codec, body))
        return news + self._sound(codec, body, 1, stamp)

    def _ex_audio(self, body: bytes | bytearray, stamp: int) -> tuple[ReadItem, ...]:
        kind, at = _skip_extensions(body, body[0] & 15)
        if kind == tags.AUDIO_MULTITRACK:
            kind, four_cc, track = _track(body, at)
            if track is None:
                return _NOTHING
            at, body = track.start, body[: track.stop]
        else:
            four_cc, at = bytes(body[at : at + 4]), at + 4
        codec = tags.AUDIO_FOUR_CCS.get(four_cc)
        if codec is None:
            return self._refuse(_printable(four_cc), "sound")
        if kind == tags.SEQUENCE_START:
            return self._configure_audio(codec, bytes(body[at:]))
        if kind != tags.CODED_FRAMES:
            return _NOTHING
        info = self._infos.get(MediaKind.AUDIO)
        if (info is None or info.codec != codec) and codec not in tags.NEEDS_CONFIGURATION:
            head = bytes(body[at : at + 4]) if codec == "mp3" else b""
            return self._configure_audio(codec, b"", head) + self._sound(codec, body, at, stamp)
        return self._sound(codec, body, at, stamp)

    def _configure_audio(self, codec: str, extradata: bytes, frame: bytes = b"") -> tuple[ReadItem, ...]:
        self._sound_flags = -1
        if codec == "aac":
            rate, channels = sound.audio_specific_config(extradata)
            if not rate:
                return self._skip()
        elif codec == "opus":
            rate, channels = 48000, sound.opus_head(extradata)
        else:
            rate, channels = sound.mpeg_audio(frame)
        return self._announce(TrackInfo(MediaKind.AUDIO, codec, extradata, sample_rate=rate, channels=channels))

    def _sound(self, codec: str, body: bytes | bytearray, at: int, stamp: int) -> tuple[ReadItem, ...]:
        info = self._infos.get(MediaKind.AUDIO)
        if info is None or info.codec != codec or len(body) <= at:
            return self._skip()
        pts = self._clock.unwrap(stamp)
        return (Packet(MediaKind.AUDIO, bytes(memoryview(body)[at:]), pts, pts, MILLISECONDS),)

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


def _skip_extensions(body: bytes | bytearray, kind: int) -> tuple[int, int]:
    """Return the packet type behind any ModEx prefixes, and where what follows it begins."""
    at = 1
    while kind == tags.MOD_EX:
        size, at = body[at] + 1, at + 1
        if size == 256:
            size, at = int.from_bytes(body[at : at + 2], "big") + 1, at + 2
        at += size
        kind, at = body[at] & 15, at + 1
    return kind, at


def _track(body: bytes | bytearray, at: int) -> tuple[int, bytes, slice | None]:
    """Return packet type, FourCC and payload (its place in ``body``) of track 0 in a multitrack tag."""
    form, kind = body[at] >> 4, body[at] & 15
    at += 1
    four_cc = b""
    if form in (tags.ONE_TRACK, tags.MANY_TRACKS):
        four_cc, at = bytes(body[at : at + 4]), at + 4
    while at < len(body):
        if form not in (tags.ONE_TRACK, tags.MANY_TRACKS):
            four_cc, at = bytes(body[at : at + 4]), at + 4
        number, at = body[at], at + 1
        stop = len(body)
        if form != tags.ONE_TRACK:
            stop, at = at + 3 + int.from_bytes(body[at : at + 3], "big"), at + 3
        if number == 0:
            return kind, four_cc, slice(at, stop)
        at = stop
    return kind, four_cc, None


def _legacy_sound(codec: str, body: bytes | bytearray) -> TrackInfo:
    rate, channels = 8000, 1 + (body[0] & 1)
    if codec == "mp3":  # the tag cannot say 48 kHz
        rate, channels = sound.mpeg_audio(bytes(body[1:5]))
    return TrackInfo(MediaKind.AUDIO, codec, sample_rate=rate, channels=channels)


def _split_aggregate(message: Message) -> Iterator[Message]:
    """Yield the tags packed into an aggregate message; their stamps are relative to the first's."""
    body, at, shift = message.body, 0, None
    while at + 11 <= len(body):
        size = int.from_bytes(body[at + 1 : at + 4], "big")
        stamp = int.from_bytes(body[at + 4 : at + 7], "big") | body[at + 7] << 24
        shift = message.timestamp - stamp if shift is None else shift
        if body[at] in (chunks.AUDIO, chunks.VIDEO, chunks.DATA):
            part = body[at + 11 : at + 11 + size]
            yield Message(body[at], message.stream, (stamp + shift) & 0xFFFFFFFF, part)
        at += 11 + size + 4


def _signed24(body: bytes | bytearray, at: int) -> int:
    value = body[at] << 16 | body[at + 1] << 8 | body[at + 2]
    return value - 0x1000000 if value & 0x800000 else value


def _side(value: amf0.Value) -> int:
    return int(value) if isinstance(value, float) and 0 < value < 65536 else 0


def _printable(four_cc: bytes) -> str:
    return repr(four_cc.decode("ascii", "replace"))
