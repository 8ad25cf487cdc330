"""What a WHIP publisher's units become inside livefoley: H.264 with an avcC, and Opus."""

from __future__ import annotations

from fractions import Fraction

from livefoley.core.media import MediaKind, Packet, SourceItem, TrackInfo
from livefoley.media import nal
from livefoley.media.webrtc.sync import TrackSync

VIDEO_BASE = Fraction(1, 90000)
AUDIO_BASE = Fraction(1, 48000)
OPUS_HEAD = b"OpusHead\x01\x02\x00\x00\x80\xbb\x00\x00\x00\x00\x00"  # stereo, 48 kHz, nothing to skip (RFC 7845, 5.1)
OPUS = TrackInfo(MediaKind.AUDIO, "opus", OPUS_HEAD, sample_rate=48000, channels=2)


class H264Units:
    """Turns Annex B access units into length-prefixed packets, every NAL unit kept; begins at a keyframe."""

    def __init__(self) -> None:
        self.skipped = 0  # units before the first keyframe, and damaged ones
        self._sets: list[bytes] = []
        self._info: TrackInfo | None = None
        self._begun = False

    @property
    def waiting(self) -> bool:
        """Whether nothing can be passed on before a keyframe comes."""
        return not self._begun

    def feed(self, data: bytes, pts: int) -> list[SourceItem]:
        """Return the packet of an access unit, after a ``TrackInfo`` when the parameters are new."""
        units = nal.split_annex_b(data)
        changed = self._learn(units)
        keyframe = nal.is_keyframe("h264", units)
        if self._info is None or not units or not (keyframe or self._begun):
            self.skipped += 1
            return []
        self._begun = True
        joined = nal.join_length_prefixed(units)
        packet = Packet(MediaKind.VIDEO, joined, pts, pts, VIDEO_BASE, keyframe)
        return [self._info, packet] if changed else [packet]

    def _learn(self, units: list[bytes]) -> bool:
        """Take parameter sets; tell whether the track's parameters are new."""
        try:
            sets = nal.merge_sets("h264", self._sets, nal.parameter_sets("h264", units))
            if sets == self._sets:
                return False
            extradata = nal.configuration("h264", sets)
        except ValueError:  # incomplete as yet, or damaged: what was known stays
            return False
        width, height = nal.picture_size("h264", extradata) or (0, 0)
        self._sets = sets
        self._info = TrackInfo(MediaKind.VIDEO, "h264", extradata, width=width, height=height)
        return True


class OpusUnits:
    """Turns Opus packets into ours; the track's parameters come first."""

    def __init__(self) -> None:
        self._begun = False

    def feed(self, data: bytes, pts: int) -> list[SourceItem]:
        """Return the packet, after the ``TrackInfo`` when it is the first; nothing for an empty one."""
        if not data:
            return []
        packet = Packet(MediaKind.AUDIO, data, pts, pts, AUDIO_BASE)
        begun, self._begun = self._begun, True
        return [packet] if begun else [OPUS, packet]


class UnitReader:
    """Turns what one publisher sends into items of a room: units placed by `TrackSync`, nothing that goes back in time.

    WHIP carries no decoding times, so frames out of order (B-frames) cannot be placed: they are left out and counted.
    """

    def __init__(self) -> None:
        self.sync = TrackSync()
        self.reordered = 0
        self._video = H264Units()
        self._audio = OpusUnits()

    @property
    def skipped(self) -> int:
        """Units that could not be used: before the first keyframe, or damaged."""
        return self._video.skipped

    @property
    def needs_keyframe(self) -> bool:
        """Whether there is a picture that cannot begin."""
        return self._video.waiting and self._video.skipped > 0

    def read(self, kind: str, data: bytes, timestamp: int, now_s: float) -> list[SourceItem]:
        """Return what a unit of ``kind`` ("audio", "video") amounts to."""
        pts = self.sync.place(kind, timestamp, now_s)
        if pts is None:
            self.reordered += 1
            return []
        return self._video.feed(data, pts) if kind == "video" else self._audio.feed(data, pts)
