"""How a room sounded and why, as JSON in a job's directory; every translator is one of a pair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypeAlias

from livefoley.clips.buffer.choices import Choices
from livefoley.core.events import MotionKind
from livefoley.core.families import Family
from livefoley.engine.choice import Choice, Leaning
from livefoley.engine.leanings.decisions import Decision, Leaned

Object: TypeAlias = dict[str, Any]


def choices_to_json(choices: Choices) -> Object:
    """Return how a room sounded."""
    return {
        "describes": [list(each) for each in choices.describes],
        "decisions": [asdict(each) for each in choices.decisions],
        "leaned": [{"at": each.at, "leaning": _leaning_to_json(each.leaning)} for each in choices.leaned],
    }


def choices_from_json(given: Object) -> Choices:
    """Return how a room sounded; raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is not that."""
    return Choices(
        tuple((int(at), str(text)) for at, text in given["describes"]),
        tuple(map(_decision, given["decisions"])),
        tuple(Leaned(int(each["at"]), _leaning(each["leaning"])) for each in given["leaned"]),
    )


def _decision(given: Object) -> Decision:
    kind = MotionKind(given["kind"]) if given["kind"] is not None else None
    choice = Choice(**{**given["choice"], "family": _family(given["choice"]["family"])})
    return Decision(**{**given, "kind": kind, "choice": choice})


def _leaning_to_json(leaning: Leaning) -> Object:
    """Return a leaning; what nobody knows is a family of its own there, so that no key is one."""
    return {name: list(getattr(leaning, name).items()) for name in ("weights", "effects", "reasons")}


def _leaning(given: Object) -> Leaning:
    return Leaning(
        {family: float(value) for family, value in _by_family(given["weights"])},
        {family: str(value) for family, value in _by_family(given["effects"])},
        {family: str(value) for family, value in _by_family(given["reasons"])},
    )


def _by_family(given: Iterable[tuple[str | None, Any]]) -> list[tuple[Family | None, Any]]:
    return [(_family(name), value) for name, value in given]


def _family(name: str | None) -> Family | None:
    return Family(name) if name is not None else None
