"""What was understood of a description, for whoever asks: the words, the sound they lead to, and who would make it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnderstoodPart:
    """One part of it.

    ``sound`` is kinds of ambience, the name of an effect, or words; ``by`` a ``core.cues.SoundSource``. ``family`` is
    what moves (``core.families``; empty where that is no matter), ``level`` how strong it is meant in 0..1. ``known``
    says how the words are known: ``list``.
    """

    text: str
    sound: str
    by: str
    family: str = ""
    level: float = 0.65
    known: str = "list"


@dataclass(frozen=True, slots=True)
class Understood:
    """All of it; ``unknown`` are words that no list holds, which make no sound."""

    place: tuple[UnderstoodPart, ...] = ()
    actions: tuple[UnderstoodPart, ...] = ()
    accents: tuple[UnderstoodPart, ...] = ()
    unknown: tuple[str, ...] = ()
