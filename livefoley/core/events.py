"""What perception reports: movements, cuts, speech, what was said and its keywords, placed on the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from livefoley.core.families import Family
from livefoley.core.highlights import Evidence, EvidenceState, Origin
from livefoley.core.ticks import Tick

KEYWORD = "keyword"
"""The signal: somebody said one of the room's phrases."""


class MotionKind(StrEnum):
    """How a movement sounds when nothing else is known of it."""

    IMPACT = "impact"  # something stops or turns abruptly: a hit, a step, a thing set down
    SWEEP = "sweep"  # something starts or passes fast: a whoosh
    STEP = "step"  # a foot of somebody who walks meets the ground
    SET_DOWN = "set down"  # a hand sets something down, too softly to be a hit


@dataclass(frozen=True, slots=True)
class Sight:
    """What the eyes make of a piece of the picture, or of the whole of it, at ``at``.

    ``families`` and ``places`` are probabilities, the likeliest first, those that are next to nothing left out; what is
    missing to 1 is nothing they know. ``person`` is how surely somebody is there. ``hands``, ``talking``, ``walking``:
    how surely a hand is where something moves, or the face of one who talks, or one who walks; None where nobody looked
    for them. ``light`` is how bright a whole picture is, in 0..1, and ``green`` how much greener than grey.
    """

    at: Tick
    families: tuple[tuple[Family, float], ...] = ()
    places: tuple[tuple[str, float], ...] = ()
    person: float = 0.0
    hands: float | None = None
    talking: float | None = None
    walking: float | None = None
    light: float = 1.0
    green: float = 0.0


@dataclass(frozen=True, slots=True)
class MotionOnset:
    """A visible action begins or lands at ``at`` (the presentation tick of its frame).

    ``x`` and ``y`` are its centre in 0..1 of the picture (left to right, top to bottom), ``size`` the share of the
    picture that moves, ``speed`` its speed in picture widths a second, ``strength`` in 0..1 how sure and how strong.
    ``uncertainty`` is half the width, in ticks, of the interval the true moment lies in. ``sight`` is what the eyes see
    there, where they look.
    """

    at: Tick
    kind: MotionKind
    strength: float
    x: float = 0.5
    y: float = 0.5
    size: float = 0.0
    speed: float = 0.0
    uncertainty: int = 0
    sight: Sight | None = None


class CourseState(StrEnum):
    """How far a movement that lasts is."""

    BEGINS = "begins"
    GOES_ON = "goes on"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """A movement that lasts, at one picture: its centre, size and speed as those of a ``MotionOnset``."""

    at: Tick
    x: float
    y: float
    size: float
    speed: float


@dataclass(frozen=True, slots=True)
class MotionCourse:
    """Something goes on moving; told again, with the same ``id``, a few times a second until it ends.

    ``points`` is what was seen of it since it was last told, in order, never empty; at its beginning that is all.
    ``steadiness`` is 1 for what goes one way, and 0 for what comes back as often as it goes, ``strokes_per_s`` how
    often that is, where it is regular (else 0). ``sight`` is what the eyes saw there last.
    """

    id: int
    state: CourseState
    points: tuple[CoursePoint, ...]
    steadiness: float = 1.0
    strokes_per_s: float = 0.0
    sight: Sight | None = None

    @property
    def at(self) -> Tick:
        """The moment up to which it is told."""
        return self.points[-1].at


@dataclass(frozen=True, slots=True)
class SceneCut:
    """The picture changes to another scene at ``at``."""

    at: Tick


@dataclass(frozen=True, slots=True)
class Speech:
    """Speech is (``active``) or is not heard from ``at`` on, until the next such event.

    ``level_db`` is its RMS in dBFS.
    """

    at: Tick
    active: bool
    level_db: float = -120.0


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a transcript (in Chinese: a run of characters the recogniser timed together)."""

    start: Tick
    end: Tick
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said from ``start`` to ``end``, normalised.

    One utterance is told several times: its ``revision`` counts up, each tells the whole of it anew, and only the last
    is ``final``. Until then ``text`` is what two passes agreed on, and ``words`` is empty.
    """

    start: Tick
    end: Tick
    text: str
    language: str  # ISO 639-1: "zh", "en"
    words: tuple[Word, ...] = ()
    final: bool = False
    utterance: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Keyword:
    """One entry of a list: what is said, the kind of moment it makes, how much it counts, how often it may."""

    say: str
    kind: str = ""
    language: str = "zh"
    weight: float = 0.8
    cooldown_s: float = 8.0


@dataclass(frozen=True, slots=True)
class KeywordHit:
    """A keyword of the room's lists was heard from ``at`` to ``end``; told again, with the same ``id``, as it settles.

    ``keyword`` is the phrase of the list that fits (its choices taken, numbers as ``{n}``), ``said`` the same with the
    numbers that were said, ``text_heard`` what the recogniser made of it. ``weight`` in 0..1 is the list's,
    ``confidence`` in 0..1 how close what was heard comes. ``cue`` names the moment's kind (``countdown``, ``discount``,
    ``goal``, ...), by which a room's configuration chooses the sound.
    """

    id: int
    state: EvidenceState
    at: Tick
    end: Tick
    keyword: str
    text_heard: str
    language: str
    cue: str = ""
    weight: float = 1.0
    confidence: float = 1.0
    utterance: int = 0
    said: str = ""

    def evidence(self) -> Evidence:
        """Return what it says of a highlight."""
        score = self.weight * self.confidence
        kind = self.cue or KEYWORD
        detail = self.said or self.keyword
        return Evidence(KEYWORD, self.id, Origin.SPEECH, self.at, self.end, score, detail, kind, self.state)


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody names a thing, or what it is made of, or a place: in a sentence that ends at ``at``, or on the screen.

    ``text`` is the word as it stands. A thing has its ``family`` and the bank's ``effect`` of it; a place is described
    by ``place``. ``shown`` tells that it is there, and not only spoken of.
    """

    at: Tick
    text: str
    family: Family | None = None
    effect: str = ""
    place: str = ""
    shown: bool = True


HearingEvent: TypeAlias = Transcript | KeywordHit
"""What the recogniser reports."""


PerceptionEvent: TypeAlias = MotionOnset | MotionCourse | Sight | SceneCut | Speech
"""What is seen and heard without words."""
