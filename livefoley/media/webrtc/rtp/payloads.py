"""From units to RTP payloads, once for all viewers: H.264 (RFC 6184), VP8 (RFC 7741), Opus (RFC 7587)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.formats import nal

MAX_PAYLOAD = 1200  # with the headers of RTP, SRTP, UDP, IPv6 and a tunnel it fits any path
VIDEO_CLOCK = 90_000
CARRIED = ("h264", "vp8")

_DELIMITER, _STAP_A, _FU_A = 9, 24, 28
_FU_START, _FU_END = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class RtpFrame:
    """A frame as every viewer gets it: its payloads and its time by the clock of its kind, before a viewer's offset."""

    kind: MediaKind
    codec: str
    timestamp: int
    payloads: tuple[bytes, ...]
    keyframe: bool
    bytes: int


def video_timestamp(tick: Tick) -> int:
    """Return a tick in the 90 kHz of video."""
    return tick * VIDEO_CLOCK // TICK_RATE


def sound_frame(unit: Unit) -> RtpFrame:
    """Return the frame of an Opus unit."""
    data = unit.packet.data
    return RtpFrame(MediaKind.AUDIO, "opus", unit.pts, (data,), True, len(data))


class VideoPayloads:
    """Turns the units of one video track into frames. Raises ``UnsupportedCodec`` for what is not carried."""

    def __init__(self, info: TrackInfo) -> None:
        if info.codec not in CARRIED:
            raise UnsupportedCodec(f"{info.codec} video cannot be watched by WebRTC; publish H.264 or VP8")
        self._codec = info.codec
        self._length_size = nal.length_size("h264", info.extradata)
        self._sets = nal.sets_of("h264", info.extradata) if info.codec == "h264" else []
        self._picture = 0

    def frame(self, unit: Unit) -> RtpFrame:
        """Return the frame of ``unit``. Raises ``ValueError`` for a damaged one."""
        packet = unit.packet
        made = self._h264(packet.data, packet.keyframe) if self._codec == "h264" else self._vp8(packet.data)
        payloads = tuple(made)
        size = sum(map(len, payloads))
        return RtpFrame(MediaKind.VIDEO, self._codec, video_timestamp(unit.pts), payloads, packet.keyframe, size)

    def _h264(self, data: bytes, keyframe: bool) -> Iterator[bytes]:
        units = nal.split_length_prefixed(data, self._length_size)
        if keyframe:  # the parameter sets travel beside the stream inside livefoley; a viewer has only the stream
            present = {nal.unit_type("h264", unit) for unit in units}
            missing = [unit for unit in self._sets if nal.unit_type("h264", unit) not in present]
            first = int(nal.unit_type("h264", units[0]) == _DELIMITER) if units else 0
            units[first:first] = missing
        small: list[bytes] = []
        for unit in units:
            if sum(map(len, small)) + 2 * len(small) + len(unit) + 3 > MAX_PAYLOAD:
                yield from _aggregated(small)
                small = []
            if len(unit) > MAX_PAYLOAD:
                yield from _fragments(unit)
            else:
                small.append(unit)
        yield from _aggregated(small)

    def _vp8(self, data: bytes) -> Iterator[bytes]:
        self._picture = (self._picture + 1) & 0x7FFF
        number = (0x8000 | self._picture).to_bytes(2, "big")
        room = MAX_PAYLOAD - 4
        for at in range(0, len(data), room):
            yield bytes([0x90 if at == 0 else 0x80, 0x80]) + number + data[at : at + room]


def _aggregated(units: list[bytes]) -> list[bytes]:
    """Return small NAL units in one packet (STAP-A), a single one as it is."""
    if len(units) < 2:
        return units
    importance = max(unit[0] & 0x60 for unit in units)
    return [bytes([importance | _STAP_A]) + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)]


def _fragments(unit: bytes) -> Iterator[bytes]:
    """Cut a large NAL unit (FU-A) into parts of even size."""
    count = -(-(len(unit) - 1) // (MAX_PAYLOAD - 2))
    size = -(-(len(unit) - 1) // count)
    head, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    for at in range(1, len(unit), size):
        mark = (_FU_START if at == 1 else 0) | (_FU_END if at + size >= len(unit) else 0)
        yield bytes([head, kind | mark]) + unit[at : at + size]
