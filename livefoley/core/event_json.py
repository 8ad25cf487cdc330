"""Events and cues as JSON objects: what is kept with a clip and told between processes. Every translator is a pair."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypeAlias

from livefoley.core.cues import Cue, CueKind
from livefoley.core.events import (
    CoursePoint,
    CourseState,
    HearingEvent,
    KeywordHit,
    MotionCourse,
    MotionKind,
    MotionOnset,
    PerceptionEvent,
    SceneCut,
    Sight,
    Speech,
    Transcript,
    Word,
)
from livefoley.core.families import Family
from livefoley.core.highlights import EvidenceState

Event: TypeAlias = PerceptionEvent | HearingEvent
Object: TypeAlias = dict[str, Any]


def event_to_json(event: Event) -> Object:
    """Return an event with its type."""
    return {"type": type(event).__name__, **asdict(event)}


def event_from_json(given: Object) -> Event:
    """Return the event; raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is none."""
    fields = {key: value for key, value in given.items() if key != "type"}
    match given["type"]:
        case "MotionOnset":
            return MotionOnset(**{**fields, "kind": MotionKind(fields["kind"]), "sight": _sight_there(fields)})
        case "MotionCourse":
            points = tuple(CoursePoint(**point) for point in fields["points"])
            state, sight = CourseState(fields["state"]), _sight_there(fields)
            return MotionCourse(**{**fields, "points": points, "state": state, "sight": sight})
        case "Sight":
            return _sight(fields)
        case "SceneCut":
            return SceneCut(**fields)
        case "Speech":
            return Speech(**fields)
        case "KeywordHit":
            return KeywordHit(**{**fields, "state": EvidenceState(fields["state"])})
        case "Transcript":
            return Transcript(**{**fields, "words": tuple(Word(**word) for word in fields["words"])})
        case other:
            raise ValueError(f"{other!r} is no event")


def _sight_there(given: Object) -> Sight | None:
    return _sight(given["sight"]) if given.get("sight") is not None else None


def _sight(given: Object) -> Sight:
    families = tuple((Family(name), float(value)) for name, value in given["families"])
    places = tuple((str(name), float(value)) for name, value in given["places"])
    return Sight(**{**given, "families": families, "places": places})


def cue_to_json(cue: Cue) -> Object:
    """Return a cue."""
    return asdict(cue)


def cue_from_json(given: Object) -> Cue:
    """Return the cue; raises ``ValueError`` or ``TypeError`` for what is none."""
    return Cue(**{**given, "kind": CueKind(given["kind"])})
