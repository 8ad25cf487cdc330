"""What a room tells the outside: the documents of its event feed, its webhooks and ``livefoley events``.

They are JSON, one document a notice; ``schema`` counts up when a field changes its meaning or goes away, and stays when
fields are added. Times ending in ``_s`` are seconds since the room's stream began, on the clock of its outputs; ``at``
and ``airs_at`` are UTC in ISO 8601. ``None`` where a time is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Literal, TypeAlias

from livefoley.core.understood import Understood

SCHEMA = 1


class NoticeType(StrEnum):
    """What a notice is about; each document below says which is its own."""

    HIGHLIGHT = "highlight"
    KEYWORD = "keyword"
    TRANSCRIPT = "transcript"
    CHAT = "chat"
    SCENE = "scene"
    DESCRIPTION = "description"
    PLACE = "place"
    SOURCE = "source"
    ACTION = "action"
    GAP = "gap"
    CLIP_READY = "clip.ready"
    CLIP_FAILED = "clip.failed"
    CLIP_QUARANTINED = "clip.quarantined"


@dataclass(frozen=True, slots=True)
class ReasonNotice:
    """One signal's part in a highlight; ``signal`` is ``keyword``, ``chat``, ``crowd``, ``loud`` or ``screen``."""

    signal: str
    start_s: float
    end_s: float
    score: float
    detail: str
    people: int | None = None  # about how many took part, where that is counted


@dataclass(frozen=True, slots=True)
class HighlightNotice:
    """A moment, as known by now. The last revision of each ``id`` has the state ``final`` or ``withdrawn``."""

    type: ClassVar = NoticeType.HIGHLIGHT

    id: str
    revision: int
    state: str  # spotted, confirmed, withdrawn, final
    kind: str
    start_s: float
    end_s: float
    peak_s: float
    score: float
    reasons: tuple[ReasonNotice, ...]
    transcript: str
    accent: str  # the sound it got; empty for none
    airs_at: str | None  # when the outputs carry its start


@dataclass(frozen=True, slots=True)
class KeywordNotice:
    """A keyword was heard; ``state`` is ``spotted``, ``confirmed`` or ``withdrawn``."""

    type: ClassVar = NoticeType.KEYWORD

    id: str
    state: str
    keyword: str
    heard: str
    language: str
    kind: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class WordNotice:
    """One word and when it was said."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class TranscriptNotice:
    """What was said; told again until it is ``final``, each time as a whole."""

    type: ClassVar = NoticeType.TRANSCRIPT

    id: str
    revision: int
    final: bool
    language: str
    text: str
    start_s: float
    end_s: float
    words: tuple[WordNotice, ...]


@dataclass(frozen=True, slots=True)
class ChatNotice:
    """The audience writes more than usual; told when it begins, and as it was at its height when it is ``over``.

    Rates are writers a second; ``people`` is about how many wrote within five.
    """

    type: ClassVar = NoticeType.CHAT

    id: str
    over: bool
    rate: float
    usual: float
    share: float  # of the messages that hold one of the room's chat words
    score: float
    people: int = 0


@dataclass(frozen=True, slots=True)
class SceneNotice:
    """OBS shows another scene; ``describe`` is what the room sounds like from now on, empty when nothing changed."""

    type: ClassVar = NoticeType.SCENE

    scene: str
    describe: str


@dataclass(frozen=True, slots=True)
class DescriptionNotice:
    """The room is described anew; ``understood`` is what livefoley makes of it."""

    type: ClassVar = NoticeType.DESCRIPTION

    describe: str
    understood: Understood


@dataclass(frozen=True, slots=True)
class PlaceNotice:
    """The ambience is described by ``place`` from now on, as the ``source`` (``host``, ``picture``) has it by what was
    ``seen`` or said; empty: by the room's own description again."""

    type: ClassVar = NoticeType.PLACE

    place: str
    source: str
    seen: str


@dataclass(frozen=True, slots=True)
class SourceNotice:
    """Another source makes sounds of a kind from now on.

    ``kind`` is ``bed``, ``action`` or ``accent``; ``source`` is a ``core.cues.SoundSource`` or the name of a maker that
    was added; ``name`` is the first such sound, or what the bed is of.
    """

    type: ClassVar = NoticeType.SOURCE

    kind: str
    source: str
    name: str


@dataclass(frozen=True, slots=True)
class ActionNotice:
    """Something moved: the ``sound`` that was chosen for it (empty for none), how surely, and why.

    ``family`` is a ``core.families.Family``, empty where none is known.
    """

    type: ClassVar = NoticeType.ACTION

    start_s: float
    sound: str
    family: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class ClipNotice:
    """The making of a clip is over; its type is ``clip.`` and the ``state``.

    ``location`` is where it was published (empty unless ready), ``reason`` why it was not (empty when ready).
    """

    id: str  # its content id
    state: Literal["ready", "failed", "quarantined"]
    title: str
    kind: str
    start_s: float
    end_s: float
    score: float
    location: str
    reason: str
    latency_s: float  # from the moment its last picture left the room

    @property
    def type(self) -> NoticeType:
        """By how it ended."""
        return NoticeType(f"clip.{self.state}")


@dataclass(frozen=True, slots=True)
class GapNotice:
    """This reader was too slow or came too late: ``missed`` notices are not told."""

    type: ClassVar = NoticeType.GAP

    missed: int


NoticeData: TypeAlias = (
    HighlightNotice
    | KeywordNotice
    | TranscriptNotice
    | ChatNotice
    | SceneNotice
    | DescriptionNotice
    | PlaceNotice
    | SourceNotice
    | ActionNotice
    | ClipNotice
    | GapNotice
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One document. ``id`` counts up within a room, over restarts too."""

    id: int
    room: str
    at: str
    type: NoticeType
    data: NoticeData
    schema: int = SCHEMA


def utc(at_s: float) -> str:
    """Return a time of day (Unix seconds) as ISO 8601 with milliseconds."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
