"""What travels between a room and its workers, as message headers; every translator comes as a pair."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction

import numpy as np

from livefoley.core.cues import CueKind, Sound, SoundRequest, Stereo
from livefoley.core.event_json import event_from_json, event_to_json
from livefoley.core.events import HearingEvent, KeywordHit, PerceptionEvent, Transcript
from livefoley.core.highlights import Evidence, EvidenceState, Origin
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.runtime.workers.ipc import Header


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


def event_header(event: PerceptionEvent | HearingEvent) -> Header:
    return {"op": "event", "event": event_to_json(event)}


def event_from(header: Header) -> PerceptionEvent:
    event = event_from_json(header["event"])
    if isinstance(event, Transcript | KeywordHit):
        raise ValueError("what is heard does not come from here")
    return event


def hearing_from(header: Header) -> HearingEvent:
    event = event_from_json(header["event"])
    if not isinstance(event, Transcript | KeywordHit):
        raise ValueError("what is seen does not come from here")
    return event


def evidence_header(evidence: Evidence) -> Header:
    """What any signal noticed, from whichever worker."""
    return {"op": "evidence", "evidence": asdict(evidence)}


def evidence_from(header: Header) -> Evidence:
    fields = header["evidence"]
    return Evidence(**{**fields, "origin": Origin(fields["origin"]), "state": EvidenceState(fields["state"])})


def request_header(request: SoundRequest) -> Header:
    """What a sound depends on."""
    return asdict(request)


def request_from(header: Header) -> SoundRequest:
    onsets_s, envelope = header["onsets_s"], header["envelope"]
    return SoundRequest(
        **{
            **header,
            "kind": CueKind(header["kind"]),
            "onsets_s": tuple(onsets_s) if onsets_s is not None else None,
            "envelope": tuple((at_s, db) for at_s, db in envelope) if envelope is not None else None,
        }
    )


def sound_header(sound: Sound) -> Header:
    """A sound; the payload is its samples."""
    return {
        "onset": sound.onset,
        "source": sound.source,
        "name": sound.name,
        "tags": sound.tags,
        "seed": sound.seed,
    }


def sound_from(header: Header, payload: bytes) -> Sound:
    given = (header["onset"], header["source"], header["name"], tuple(header["tags"]), header["seed"])
    return Sound(stereo_from(payload), *given)


def stereo_bytes(samples: Stereo) -> bytes:
    """``[2, n]`` float32, one channel after the other."""
    return np.ascontiguousarray(samples, np.float32).tobytes()


def stereo_from(payload: bytes) -> Stereo:
    return np.frombuffer(payload, np.float32).reshape(2, -1)
