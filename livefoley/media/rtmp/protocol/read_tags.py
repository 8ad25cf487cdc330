"""From RTMP's audio, video and data messages to track parameters and packets; the pair of write_tags.

One reader serves one publisher. A packet's payload is the tag's body behind the codec header, untouched but for NAL
units behind start codes. Of several tracks of a kind (multitrack) the first is taken.
"""

from __future__ import annotations

from typing import TypeAlias

from livefoley.core.errors import ProtocolError, UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import Unwrapper
from livefoley.media.rtmp.protocol import amf0, chunks, tags
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.picture_tags import PictureTrack
from livefoley.media.rtmp.protocol.sound_tags import SoundTrack
from livefoley.media.rtmp.protocol.tag_parts import Patience, read_colours, read_ex_header, signed24, split_aggregate

ReadItem: TypeAlias = TrackInfo | Packet | UnsupportedCodec
"""What a message amounts to; `UnsupportedCodec` comes once for a track that cannot be used, as a value."""

MAX_METADATA = 256 << 10
MAX_PROBLEMS = 8
"""How many things are said of one publisher."""

_KINDS = {chunks.VIDEO: MediaKind.VIDEO, chunks.AUDIO: MediaKind.AUDIO}
_NOTHING: tuple[ReadItem, ...] = ()


class TagReader:
    """Turns one publisher's messages into items. ``skipped`` counts tags that could not be used.

    ``problems`` says in words, for each kind, why its track is not used now.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.problems: dict[MediaKind, str] = {}
        self._clock = Unwrapper(32)  # one for both tracks, so that they cannot end up a lap apart
        self._pictures = PictureTrack()
        self._sounds = SoundTrack()
        self._first_tracks = {kind: Patience() for kind in MediaKind}
        self._said: set[str] = set()

    def read(self, message: Message) -> tuple[ReadItem, ...] | list[ReadItem]:
        """Return what ``message`` brings: parameters, packets or nothing. Never raises for what is in a tag."""
        if message.type == chunks.AGGREGATE:
            return [item for part in split_aggregate(message) for item in self.read(part)]
        kind = _KINDS.get(message.type)
        try:
            if kind is None:
                return self._data(message)
            read = self._video if kind is MediaKind.VIDEO else self._audio
            items = read(message.body, message.timestamp)
        except IndexError:  # a tag that ends before its header does
            return self._skip()
        except UnsupportedCodec as error:
            return self._refuse(error, kind)
        if items and self.problems:
            self.problems.pop(kind, None)
        return items

    # ---- video ----

    def _video(self, body: bytes | bytearray, stamp: int) -> tuple[ReadItem, ...]:
        first = body[0]
        form = first >> 4 & 7
        is_enhanced = bool(first & tags.EX_VIDEO)
        if form == tags.COMMAND_FRAME and not (is_enhanced and first & 15 == tags.VIDEO_METADATA):
            return _NOTHING
        if is_enhanced:
            return self._ex_video(body, stamp, form == tags.KEYFRAME)
        codec = tags.LEGACY_VIDEO.get(first & 15)
        if codec is None:
            raise _unusable(MediaKind.VIDEO, tags.VIDEO_NAMES.get(first & 15, f"FLV codec {first & 15}"))
        kind = body[1]
        if kind == tags.SEQUENCE_START:
            return self._configure_video(codec, bytes(body[5:]))
        if kind != tags.CODED_FRAMES:
            return _NOTHING
        return self._picture(codec, body, slice(5, None), signed24(body, 2), stamp, form == tags.KEYFRAME)

    def _ex_video(self, body: bytes | bytearray, stamp: int, keyframe: bool) -> tuple[ReadItem, ...]:
        header = read_ex_header(body, tags.VIDEO_MULTITRACK)
        if header is None:
            return self._other_track(MediaKind.VIDEO, self._pictures.info, stamp)
        kind, four_cc, at, stop = header
        codec = tags.VIDEO_FOUR_CCS.get(four_cc)
        if codec is None:
            raise _unusable(MediaKind.VIDEO, _printable(four_cc))
        if kind == tags.SEQUENCE_START:
            return self._configure_video(codec, bytes(body[at:stop]))
        if kind == tags.CODED_FRAMES and codec in tags.WITH_COMPOSITION:
            return self._picture(codec, body, slice(at + 3, stop), signed24(body, at), stamp, keyframe)
        if kind in (tags.CODED_FRAMES, tags.CODED_FRAMES_X):
            return self._picture(codec, body, slice(at, stop), 0, stamp, keyframe)
        if kind == tags.VIDEO_METADATA:
            return tuple(self._pictures.shown(read_colours(bytes(body[at:stop]))))
        return _NOTHING  # sequence end

    def _configure_video(self, codec: str, record: bytes) -> tuple[ReadItem, ...]:
        if not record and codec in tags.NEEDS_CONFIGURATION:
            return self._skip()
        return tuple(self._pictures.configure(codec, record))

    def _picture(
        self, codec: str, body: bytes | bytearray, part: slice, offset: int, stamp: int, keyframe: bool
    ) -> tuple[ReadItem, ...]:
        dts = self._clock.unwrap(stamp)
        data = bytes(memoryview(body)[part])
        return tuple(self._pictures.picture(codec, data, dts + offset, dts, keyframe)) or self._skip()

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
            raise _unusable(MediaKind.AUDIO, f"FLV codec {form}")
        if codec == "pcm_s16le" and not body[0] & 2:
            codec = "pcm_u8"
        news = tuple(self._sounds.legacy(codec, body[0], bytes(body[1:5])))
        return news + self._sound(codec, body, slice(1, None), stamp)

    def _ex_audio(self, body: bytes | bytearray, stamp: int) -> tuple[ReadItem, ...]:
        header = read_ex_header(body, tags.AUDIO_MULTITRACK)
        if header is None:
            return self._other_track(MediaKind.AUDIO, self._sounds.info, stamp)
        kind, four_cc, at, stop = header
        codec = tags.AUDIO_FOUR_CCS.get(four_cc)
        if codec is None:
            raise _unusable(MediaKind.AUDIO, _printable(four_cc))
        if kind == tags.SEQUENCE_START:
            return self._configure_audio(codec, bytes(body[at:stop]))
        if kind != tags.CODED_FRAMES:
            return _NOTHING
        info, news = self._sounds.info, _NOTHING
        if (info is None or info.codec != codec) and codec not in tags.NEEDS_CONFIGURATION:
            news = tuple(self._sounds.configure(codec, b"", bytes(body[at : at + 4])))
        return news + self._sound(codec, body, slice(at, stop), stamp)

    def _configure_audio(self, codec: str, config: bytes) -> tuple[ReadItem, ...]:
        before = self._sounds.info
        news = tuple(self._sounds.configure(codec, config))
        return news if news or before is not None else self._skip()

    def _sound(self, codec: str, body: bytes | bytearray, part: slice, stamp: int) -> tuple[ReadItem, ...]:
        data = bytes(memoryview(body)[part])
        return tuple(self._sounds.frame(codec, data, self._clock.unwrap(stamp))) or self._skip()

    # ---- metadata ----

    def _data(self, message: Message) -> tuple[ReadItem, ...]:
        """Take size and rate from ``onMetaData``, for codecs whose parameters do not tell them."""
        if len(message.body) > MAX_METADATA:
            return _NOTHING
        try:
            values = amf0.decode(memoryview(message.body)[message.type == chunks.DATA_AMF3 :])
        except ProtocolError:
            return _NOTHING  # a hint only; the stream does not suffer for it
        found = next((value for value in values if isinstance(value, dict)), None)
        if found is None or "onMetaData" not in values:
            return _NOTHING
        channels = found.get("audiochannels")
        stereo = found.get("stereo")
        told = _whole(channels, 8) or (1 + stereo if isinstance(stereo, bool) else 0)
        self._sounds.describe(_whole(found.get("audiosamplerate"), 96_000), told)
        return tuple(self._pictures.resize(_whole(found.get("width")), _whole(found.get("height"))))

    # ---- what cannot be used ----

    def _other_track(self, kind: MediaKind, info: TrackInfo | None, stamp: int) -> tuple[ReadItem, ...]:
        """Leave out a track that is not the first; raise ``UnsupportedCodec`` when the first does not come at all."""
        if info is None and self._first_tracks[kind].over(stamp):
            what = "video" if kind is MediaKind.VIDEO else "sound"
            raise UnsupportedCodec(
                f"{what} comes as other tracks of several alone, and none is track 0, the one that is taken; "
                "let the encoder send one track, or number it 0"
            )
        return _NOTHING

    def _skip(self) -> tuple[ReadItem, ...]:
        self.skipped += 1
        return _NOTHING

    def _refuse(self, error: UnsupportedCodec, kind: MediaKind | None) -> tuple[ReadItem, ...]:
        self.skipped += 1
        text = str(error)
        if text not in self._said and len(self._said) > MAX_PROBLEMS:
            return _NOTHING
        if kind is not None:
            self.problems[kind] = text
        if text in self._said:
            return _NOTHING
        self._said.add(text)
        return (error,)


def _unusable(kind: MediaKind, codec: str) -> UnsupportedCodec:
    what, names = ("video", "H.264, HEVC or AV1") if kind is MediaKind.VIDEO else ("sound", "AAC, MP3 or Opus")
    return UnsupportedCodec(f"{what} in {codec} cannot be used; set the encoder to {names}")


def _whole(value: amf0.Value, most: int = 65_535) -> int:
    return int(value) if isinstance(value, float) and 0 < value <= most else 0


def _printable(four_cc: bytes) -> str:
    return repr(four_cc.decode("ascii", "replace"))
