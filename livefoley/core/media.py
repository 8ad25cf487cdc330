"""The carriers of media: what a track is, one packet as it arrived, and the same packet placed on the timeline."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import Tick


class MediaKind(StrEnum):
    """What a track carries."""

    VIDEO = "video"
    AUDIO = "audio"


class Track(StrEnum):
    """A track of what leaves a room. ``ORIGINAL`` is the source's sound before anything was laid under it."""

    VIDEO = "video"
    SOUND = "sound"
    ORIGINAL = "original"


VIDEO_CODECS = ("h264", "hevc", "av1", "vp9", "vp8")
AUDIO_CODECS = ("aac", "mp3", "opus", "pcm_alaw", "pcm_mulaw", "ac3", "flac")

AAC_FRAME = 1024
"""Samples in a frame of AAC-LC; also its encoder's priming."""


AS_STORED = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
"""The matrix of MP4's track header that changes nothing: 16.16 fixed point, the third column 2.30."""

_PIXELS = b"pasp"


@dataclass(frozen=True, slots=True)
class Display:
    """How a container says, beside the codec, that a track's pictures are shown: turned, stretched, in which colours.

    A phone stores what it films lying on its side, with a header that says by how much to turn it.
    ``matrix`` is that of MP4's track header (nine numbers, row by row). ``boxes`` are those that stand in MP4's sample
    entry beside the codec's parameters, one after the other: the shape of a pixel (``pasp``), colours (``colr``), what
    HDR needs (``mdcv``, ``clli``, ``dvcC`` ...), spherical and stereoscopic pictures (``sv3d``, ``st3d``).
    """

    matrix: tuple[int, ...] = AS_STORED
    boxes: bytes = b""

    @property
    def turns(self) -> int:
        """Quarter turns clockwise by which stored pictures are shown, after being mirrored if they are; 0 to 3."""
        a, b = self.matrix[0], self.matrix[1]
        sign = -1 if self.mirrored else 1
        return round(math.degrees(math.atan2(sign * b, sign * a)) / 90) % 4

    @property
    def mirrored(self) -> bool:
        """Whether left and right of the stored picture change places."""
        return self.matrix[0] * self.matrix[4] < self.matrix[1] * self.matrix[3]

    @property
    def is_turned(self) -> bool:
        """Whether pictures are shown otherwise than they are stored."""
        return bool(self.turns or self.mirrored)

    @property
    def pixel_aspect(self) -> Fraction:
        """The width of a stored pixel over its height."""
        found = next((body for kind, body in self.parts() if kind == _PIXELS and len(body) >= 8), b"")
        wide, high = struct.unpack(">2I", found[:8]) if found else (1, 1)
        aspect = Fraction(wide, high) if wide and high else Fraction(1)
        return aspect if Fraction(1, 16) <= aspect <= 16 else Fraction(1)

    def parts(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield kind and content of each box."""
        at = 0
        while at + 8 <= len(self.boxes):
            size = max(8, int.from_bytes(self.boxes[at : at + 4], "big"))
            yield self.boxes[at + 4 : at + 8], self.boxes[at + 8 : at + size]
            at += size

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height at which pictures stored at such a size are seen, in square pixels."""
        wide = round(width * self.pixel_aspect)
        return (height, wide) if self.turns % 2 else (wide, height)

    def upright(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return a picture ``[height, width, ...]`` as it is seen, but for the shape of its pixels."""
        mirrored = picture[:, ::-1] if self.mirrored else picture
        return np.ascontiguousarray(np.rot90(mirrored, -self.turns))

    def as_stored(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return the picture of which ``upright`` makes this one."""
        turned = np.rot90(picture, self.turns)
        return np.ascontiguousarray(turned[:, ::-1] if self.mirrored else turned)

    def only(self, *kinds: bytes) -> Display:
        """Return the same with boxes of these kinds alone."""
        return self._with((kind, body) for kind, body in self.parts() if kind in kinds)

    def without(self, *kinds: bytes) -> Display:
        """Return the same without boxes of these kinds."""
        return self._with((kind, body) for kind, body in self.parts() if kind not in kinds)

    def _with(self, parts: Iterable[tuple[bytes, bytes]]) -> Display:
        return Display(self.matrix, b"".join(struct.pack(">I", 8 + len(body)) + kind + body for kind, body in parts))

    def told(self) -> str:
        """Return in words how stored pictures are turned; empty when they are not."""
        words = [f"turned by {90 * self.turns} degrees"] if self.turns else []
        return " and ".join([*words, *(["mirrored"] if self.mirrored else [])])


PLAIN = Display()
"""As stored."""


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """The parameters of one track. A source sends one before the first packet of the track, and again when they change.

    ``codec`` is FFmpeg's name (``h264``, ``hevc``, ``av1``, ``aac``, ``opus``, ``mp3``, ``pcm_alaw``, ``pcm_mulaw``).
    ``extradata`` is the decoder configuration as MP4 and FLV carry it: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead;
    H.264 and HEVC packets that go with it have length-prefixed NAL units, never Annex B start codes.
    ``width``/``height`` are those of the stored picture, 0 when the source does not know them; ``display`` says how it
    is shown. ``original`` says which of a room's two sounds leaves with these parameters; see ``Track``.
    """

    kind: MediaKind
    codec: str
    extradata: bytes = b""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0
    display: Display = PLAIN
    original: bool = False

    @property
    def track(self) -> Track:
        return _track(self.kind, self.original)


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded packet as the source stamped it; never modified on its way.

    ``pts`` and ``dts`` count ``time_base`` seconds, unwrapped to 64 bits by the source.
    """

    kind: MediaKind
    data: bytes
    pts: int
    dts: int
    time_base: Fraction
    keyframe: bool = True


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The publisher went away (or the input ended); what follows, if anything, is a new epoch."""

    reason: str = ""


SourceItem: TypeAlias = TrackInfo | Packet | Disconnected
"""What a source gives, in order of arrival."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A packet with its place on the room's timeline, in ticks. ``dts`` never decreases within a track.

    ``pts`` is the source's. Where its decode times did not fit, ``dts`` was moved, and is after ``pts`` only if there
    was no room before it. ``original``: see ``Track``.
    """

    packet: Packet
    pts: Tick
    dts: Tick
    epoch: int
    original: bool = False

    @property
    def kind(self) -> MediaKind:
        return self.packet.kind

    @property
    def track(self) -> Track:
        return _track(self.kind, self.original)

    @property
    def opens_track(self) -> bool:
        """Whether a track may begin with it."""
        return self.packet.keyframe or self.kind is MediaKind.AUDIO


OutputItem: TypeAlias = TrackInfo | Unit
"""What a sink is given: a ``TrackInfo`` before the first unit of a track and at every change of parameters, then units
of both tracks in order of ``dts`` (within the encoder's delay of about 50 ms)."""


def _track(kind: MediaKind, original: bool) -> Track:
    return Track.VIDEO if kind is MediaKind.VIDEO else Track.ORIGINAL if original else Track.SOUND
