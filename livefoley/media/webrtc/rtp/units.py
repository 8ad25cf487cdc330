"""What a WHIP publisher's frames become inside livefoley: H.264 with an avcC, VP8 and Opus as they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction

from livefoley.core.media import MediaKind, Packet, SourceItem, TrackInfo
from livefoley.formats import framing, nal, opus
from livefoley.media.webrtc.rtp.reassembly import Frame
from livefoley.media.webrtc.rtp.sync import TrackSync

VIDEO_BASE = Fraction(1, 90000)
AUDIO_BASE = Fraction(1, 48000)
PATIENCE_S = 2.5
EARLY_PACKETS = 10  # of sound that waits for the picture


class Picture:
    """The video of one publisher: begins at a keyframe, and after a loss begins again at the next one."""

    def __init__(self) -> None:
        self.skipped = 0  # frames before a keyframe, and damaged ones
        self.waiting = True
        self._info: TrackInfo | None = None
        self._told: TrackInfo | None = None
        self._sets = framing.ParameterSets("h264")
        self._read: dict[str, Callable[[bytes], tuple[bytes, bool]]] = {"h264": self._h264, "vp8": self._vp8}

    @property
    def begun(self) -> bool:
        """Whether a keyframe was there."""
        return self._told is not None

    def feed(self, codec: str, data: bytes, pts: int) -> list[SourceItem]:
        """Return the packet of a frame, after a ``TrackInfo`` when the parameters are new."""
        read = self._read.get(codec)
        payload, keyframe = read(data) if read is not None else (b"", False)
        if not payload or self._info is None or self._info.codec != codec or (self.waiting and not keyframe):
            self.skipped += 1
            self.waiting = True
            return []
        self.waiting = False
        packet = Packet(MediaKind.VIDEO, payload, pts, pts, VIDEO_BASE, keyframe)
        if self._info == self._told:
            return [packet]
        self._told = self._info
        return [self._info, packet]

    def _h264(self, data: bytes) -> tuple[bytes, bool]:
        """Read an Annex B access unit: length-prefixed, every NAL unit kept; learn the parameter sets in it."""
        units = nal.split_annex_b(data)
        if self._sets.learn(units):
            extradata = self._sets.configuration
            width, height = nal.picture_size("h264", extradata) or (0, 0)
            self._info = TrackInfo(MediaKind.VIDEO, "h264", extradata, width=width, height=height)
        return nal.join_length_prefixed(units), nal.is_keyframe("h264", units)

    def _vp8(self, data: bytes) -> tuple[bytes, bool]:
        """Read a VP8 frame; a keyframe tells its size (RFC 6386, 9.1)."""
        keyframe = len(data) >= 10 and not data[0] & 1 and data[3:6] == b"\x9d\x01\x2a"
        if keyframe:
            width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
            self._info = TrackInfo(MediaKind.VIDEO, "vp8", width=width, height=height)
        return data, keyframe


class Sound:
    """The sound of one publisher, without holes: what was lost is silence."""

    def __init__(self) -> None:
        self._end: int | None = None

    def feed(self, data: bytes, pts: int) -> list[SourceItem]:
        """Return the packet, after what fills the hole before it, and after the ``TrackInfo`` when it is the first."""
        begun, end = self._end is not None, pts if self._end is None else self._end
        self._end = pts + opus.samples(data)
        packets: list[SourceItem] = [_sound(silence, at) for at, silence in opus.filling(end, pts)]
        packets.append(_sound(data, pts))
        return packets if begun else [opus.INFO, *packets]


def _sound(data: bytes, pts: int) -> Packet:
    return Packet(MediaKind.AUDIO, data, pts - opus.DELAY, pts - opus.DELAY, AUDIO_BASE)


class UnitReader:
    """Turns what one publisher sends into items of a room, placed by `TrackSync`.

    WebRTC carries no decoding times, so frames out of order (B-frames) cannot be placed: they are left out and counted.
    ``with_picture``: sound begins with the picture, or alone when none comes for ``PATIENCE_S``; players and files
    that meet sound alone first do not look for a picture later.
    """

    def __init__(self, *, with_picture: bool = False) -> None:
        self.sync = TrackSync()
        self.picture = Picture()
        self.reordered = 0
        self.losses = 0
        self._sound = Sound()
        self._waits = with_picture
        self._waits_until_s: float | None = None
        self._early: deque[tuple[bytes, int]] = deque(maxlen=EARLY_PACKETS)

    @property
    def needs_keyframe(self) -> bool:
        """Whether there is a picture that cannot begin, or go on."""
        return self.picture.waiting and self.picture.skipped + self.losses > 0

    def read(self, kind: str, codec: str, frame: Frame, now_s: float) -> list[SourceItem]:
        """Return what a frame of ``kind`` ("audio", "video") amounts to."""
        pts = self.sync.place(kind, frame.timestamp, now_s)
        if kind == "video" and frame.after_loss:
            self.losses += 1
            self.picture.waiting = True
        if pts is None:
            self.reordered += 1
            return []
        return self._see(codec, frame.data, pts) if kind == "video" else self._hear(frame.data, pts, now_s)

    def _see(self, codec: str, data: bytes, pts: int) -> list[SourceItem]:
        items = self.picture.feed(codec, data, pts)
        return items + self._begin_sound() if items and self._waits else items

    def _hear(self, data: bytes, pts: int, now_s: float) -> list[SourceItem]:
        if not self._waits:
            return self._sound.feed(data, pts)
        self._early.append((data, pts))
        if self._waits_until_s is None:
            self._waits_until_s = now_s + PATIENCE_S
        return self._begin_sound() if now_s >= self._waits_until_s else []

    def _begin_sound(self) -> list[SourceItem]:
        self._waits = False
        items = [item for data, pts in self._early for item in self._sound.feed(data, pts)]
        self._early.clear()
        return items
