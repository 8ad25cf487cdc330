"""The carriers of media: what a track is, one packet as it arrived, and the same packet placed on the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from livefoley.core.ticks import Tick


class MediaKind(StrEnum):
    """What a track carries."""

    VIDEO = "video"
    AUDIO = "audio"


VIDEO_CODECS = ("h264", "hevc", "av1", "vp9", "vp8")
AUDIO_CODECS = ("aac", "mp3", "opus", "pcm_alaw", "pcm_mulaw", "ac3", "flac")

AAC_FRAME = 1024
"""Samples in a frame of AAC-LC; also its encoder's priming."""


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """The parameters of one track. A source sends one before the first packet of the track, and again when they change.

    ``codec`` is FFmpeg's name (``h264``, ``hevc``, ``av1``, ``aac``, ``opus``, ``mp3``, ``pcm_alaw``, ``pcm_mulaw``).
    ``extradata`` is the decoder configuration as MP4 and FLV carry it: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead;
    H.264 and HEVC packets that go with it have length-prefixed NAL units, never Annex B start codes.
    ``width``/``height`` are 0 when the source does not know them.
    """

    kind: MediaKind
    codec: str
    extradata: bytes = b""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0


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
    was no room before it.
    """

    packet: Packet
    pts: Tick
    dts: Tick
    epoch: int

    @property
    def kind(self) -> MediaKind:
        return self.packet.kind

    @property
    def opens_track(self) -> bool:
        """Whether a track may begin with it."""
        return self.packet.keyframe or self.kind is MediaKind.AUDIO


OutputItem: TypeAlias = TrackInfo | Unit
"""What a sink is given: a ``TrackInfo`` before the first unit of a track and at every change of parameters, then units
of both tracks in order of ``dts`` (within the encoder's delay of about 50 ms)."""
