"""What travels between a room and its workers, as message headers; every translator comes as a pair."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from typing import Any

import numpy as np

from livefoley.core.cues import Cue, CueKind, Stereo
from livefoley.core.events import (
    CrowdSound,
    HearingEvent,
    KeywordHit,
    KeywordState,
    MotionKind,
    MotionOnset,
    PerceptionEvent,
    SceneCut,
    ScreenText,
    Speech,
    Transcript,
    Word,
)
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.runtime.ipc import Header


def track_header(info: TrackInfo) -> Header:
    """A track's parameters; the payload is its extradata."""
    return {"op": "track", "codec": info.codec, "width": info.width, "height": info.height}


def track_from(header: Header, payload: bytes) -> TrackInfo:
    return TrackInfo(MediaKind.VIDEO, header["codec"], payload, header["width"], header["height"])


def unit_header(unit: Unit) -> Header:
    """A video unit; the payload is the packet's data."""
    packet = unit.packet
    return {
        "op": "unit",
        "at": [unit.pts, unit.dts, unit.epoch],
        "stamps": [packet.pts, packet.dts, packet.time_base.numerator, packet.time_base.denominator],
        "key": packet.keyframe,
    }


def unit_from(header: Header, payload: bytes) -> Unit:
    pts, dts, num, den = header["stamps"]
    packet = Packet(MediaKind.VIDEO, payload, pts, dts, Fraction(num, den), header["key"])
    return Unit(packet, *header["at"])


def event_header(event: PerceptionEvent) -> Header:
    return {"op": "event", "type": type(event).__name__, **asdict(event)}


def event_from(header: Header) -> PerceptionEvent:
    fields: dict[str, Any] = {key: value for key, value in header.items() if key not in ("op", "type")}
    if header["type"] == "MotionOnset":
        return MotionOnset(**{**fields, "kind": MotionKind(fields["kind"])})
    if header["type"] == "SceneCut":
        return SceneCut(**fields)
    if header["type"] == "CrowdSound":
        return CrowdSound(**fields)
    return Speech(**fields)


def hearing_header(event: HearingEvent) -> Header:
    return {"op": "event", "type": type(event).__name__, "event": asdict(event)}


def hearing_from(header: Header) -> HearingEvent:
    fields: dict[str, Any] = header["event"]
    if header["type"] == "KeywordHit":
        return KeywordHit(**{**fields, "state": KeywordState(fields["state"])})
    return Transcript(**{**fields, "words": tuple(Word(**word) for word in fields["words"])})


def screen_header(event: ScreenText) -> Header:
    return {"op": "event", "event": asdict(event)}


def screen_from(header: Header) -> ScreenText:
    return ScreenText(**header["event"])


def cue_header(cue: Cue) -> Header:
    return {"op": "make", **asdict(cue)}


def cue_from(header: Header) -> Cue:
    fields = {key: value for key, value in header.items() if key != "op"}
    return Cue(**{**fields, "kind": CueKind(fields["kind"])})


def stereo_bytes(samples: Stereo) -> bytes:
    """``[2, n]`` float32, one channel after the other."""
    return np.ascontiguousarray(samples, np.float32).tobytes()


def stereo_from(payload: bytes) -> Stereo:
    return np.frombuffer(payload, np.float32).reshape(2, -1)
