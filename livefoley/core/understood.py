"""What is made of a description, of the picture and of the original sound, and what counts in a room beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnderstoodPart:
    """One part of it.

    ``sound`` is kinds of ambience, the name of an effect, or words; ``by`` a ``core.cues.SoundSource``. ``family`` is
    what moves (``core.families``; empty where that is no matter), ``level`` how strong it is meant in 0..1. ``lasting``
    is what sounds for as long as it is seen to go on (empty: nothing); what makes no sound by landing has it as its
    ``sound``, too.
    """

    text: str
    sound: str
    by: str
    family: str = ""
    level: float = 0.65
    lasting: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """All of it; ``unknown`` are words that no list holds, which make no sound."""

    place: tuple[UnderstoodPart, ...] = ()
    actions: tuple[UnderstoodPart, ...] = ()
    accents: tuple[UnderstoodPart, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeaningSnapshot:
    """A family (``core.families``, or ``unknown``) that is believed ``weight`` times as much, and the word for it."""

    family: str
    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class ContextSnapshot:
    """What counts beside picture and description: what the host ``names`` (a count; ``raised`` while it lasts), and
    what the room's thumbs said (``given``, of which ``thumbs`` still weighs). ``place`` describes the ambience in place
    of the description, where the ``source`` (``host``, ``picture``) says another one; else both are empty."""

    steered: bool = False  # whether what the host names counts
    names: int = 0
    raised: tuple[LeaningSnapshot, ...] = ()
    given: int = 0
    thumbs: tuple[LeaningSnapshot, ...] = ()
    place: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class EyesSnapshot:
    """What the eyes see. ``place``, ``families`` (the likeliest, by name) and ``person`` are of the last look at the
    whole picture; ``hands``, ``talking`` and ``walking`` of the last movement where somebody was looked for (None:
    nobody has looked yet), each how surely.

    ``problem`` says why nobody says what moves, ``people_problem`` why nobody says who does: networks that are missing
    or refused, and what brings them. ``spared`` is how often the eyes were closed because the worker was behind.
    """

    enabled: bool = False
    problem: str = ""
    people_problem: str = ""
    place: str = ""
    families: tuple[str, ...] = ()
    person: float = 0.0
    hands: float | None = None
    talking: float | None = None
    walking: float | None = None
    spared: int = 0


@dataclass(frozen=True, slots=True)
class MicrophoneSnapshot:
    """What the original sound holds of the movements in the picture.

    ``hears`` says whether it holds more than chance explains: of the last ``movements``, ``pairs`` had an onset of the
    sound where ``by_chance`` would have (all three fade). Then: movements that were compared, that took their moment
    from the sound, that it carries so well that what is laid is quieter, and that are held for silent as it never does.
    """

    learning: bool = False
    hears: bool = False
    movements: float = 0.0
    pairs: float = 0.0
    by_chance: float = 0.0
    compared: int = 0
    sharpened: int = 0
    lowered: int = 0
    unlikely: int = 0
