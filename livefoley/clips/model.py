"""What a clip is: what was asked for, where its making stands, its files, and what is told of it.

All of it is JSON when it is written down, so a job can go on in another process or on another machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from livefoley.core.text.credits import Credit

SCHEMA = 1
"""Of ``metadata.json``: counts up when a field changes its meaning or goes away, not when fields are added."""

PROVIDER = "livefoley"
CONTENT_ID_CHARACTERS = 32


class Heat(StrEnum):
    """How much a clip will be asked for, which decides how long caches may keep it."""

    HOT = "hot"  # for everybody
    PERSONAL = "personal"  # for one viewer
    DRAFT = "draft"  # not published to anybody yet


class Priority(StrEnum):
    """Which of the clips that wait are made first."""

    LIVE = "live"  # somebody waits for it
    BATCH = "batch"  # when no live one waits


class ClipState(StrEnum):
    """Where the making of a clip stands; the last three are final, until a quarantined one is released."""

    QUEUED = "queued"  # its end has not left the room yet, or a worker is busy
    CUTTING = "cutting"
    SOUNDING = "sounding"
    CHECKING = "checking"
    PUBLISHING = "publishing"
    READY = "ready"
    QUARANTINED = "quarantined"  # a check found something: kept, not published
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Say whether nothing more happens by itself."""
        return self in (ClipState.READY, ClipState.QUARANTINED, ClipState.FAILED)


@dataclass(frozen=True, slots=True)
class ClipReason:
    """Why there is a clip: one signal's part in a highlight (``signal``: ``keyword``, ``chat``, ``crowd``, ``loud``).

    Times are seconds of the clip.
    """

    signal: str
    start_s: float
    end_s: float
    score: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """What is asked for. Either ``last_s``, or ``start_s`` and ``end_s``: seconds since the room's stream began, on the
    clock of its outputs, as in its events. The end may lie ahead: then the clip waits for it.

    ``describe`` is what the place sounds like (None: what the room's own description says). ``title`` and ``tags`` are
    what the templates became. A highlight gives ``kind``, ``score``, ``peak_s`` and ``reasons`` (on the same clock).
    """

    room: str
    start_s: float | None = None
    end_s: float | None = None
    last_s: float | None = None
    exact: bool = False
    vertical: bool = False
    describe: str | None = None
    title: str | None = None
    tags: tuple[str, ...] | None = None
    heat: Heat = Heat.HOT
    priority: Priority = Priority.LIVE
    kind: str = "manual"
    score: float = 1.0
    peak_s: float | None = None
    reasons: tuple[ClipReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. ``blocks``: the clip is quarantined until somebody releases it.

    ``check`` names who found it (``frames``, ``text``, ``black``, ``silent``, ``frozen``), ``reason`` is one line for
    people, ``at_s`` where in the clip, ``score`` in 0..1 how sure.
    """

    check: str
    reason: str
    blocks: bool = True
    at_s: float | None = None
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class ClipStatus:
    """Where a clip stands, as the API tells it. ``progress`` in 0..1; ``location`` once it is published.

    Times ending in ``_s`` are seconds since the room's stream began; ``None`` while the clip's end has not left.
    ``latency_s`` tells how long each stage took, and ``whole``: from the clip's end leaving the room to its being
    published.
    """

    id: str
    room: str
    state: ClipState
    progress: float = 0.0
    error: str = ""
    content_id: str = ""
    location: str = ""
    prefix: str = ""  # its path below ``/clips/``
    title: str = ""
    kind: str = "manual"
    priority: Priority = Priority.LIVE
    score: float = 1.0
    start_s: float | None = None
    end_s: float | None = None
    created_at: str = ""
    attempts: int = 0
    findings: tuple[Finding, ...] = ()
    latency_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """The publisher was away, or pictures are missing, from ``start_s`` to ``end_s`` of the clip."""

    start_s: float
    end_s: float
    what: str = "publisher away"


@dataclass(frozen=True, slots=True)
class PlacedSound:
    """A generated sound: its onset at ``at_s`` of the clip, the ``prompt`` it answers, where it came from, and why."""

    at_s: float
    kind: str  # action, accent
    prompt: str
    name: str
    source: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Watermark:
    """Whether the watermark can be read back from the clip's encoded sound, with the id, and with what ``score``."""

    readable: bool = False
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class ClipMetadata:
    """What ``metadata.json`` tells of a clip. Times ending in ``_s`` are seconds from the clip's first picture, except
    ``stream_start_s`` and ``stream_end_s``, which are seconds of the room's stream; ``_at`` are UTC in ISO 8601.
    """

    content_id: str
    room: str
    title: str
    tags: tuple[str, ...]
    heat: Heat
    created_at: str
    start_at: str | None  # when the outputs carried its first picture
    duration_s: float
    peak_s: float
    stream_start_s: float
    stream_end_s: float
    kind: str = "manual"
    score: float = 1.0
    reasons: tuple[ClipReason, ...] = ()
    language: str = ""
    transcript: str = ""
    captions: str = ""  # "live": as heard in the room, "full": written down afterwards; empty: nobody speaks
    describe: str = ""
    sounds: tuple[PlacedSound, ...] = ()
    bed_source: str = ""  # who made the ambience
    credits: tuple[Credit, ...] = ()  # whose recordings are heard in it
    gaps: tuple[Gap, ...] = ()
    epochs: tuple[int, ...] = ()
    exact: bool = False
    vertical: bool = False
    hidden_s: float = 0.0  # of pictures before the first, which an edit list hides: some players show them
    width: int = 0
    height: int = 0
    video_codec: str = ""
    loudness_lufs: float = 0.0
    true_peak_dbtp: float = 0.0
    model: str = ""  # what made the sound
    model_version: str = ""
    provider: str = PROVIDER
    ai_generated: bool = True  # of the sound: what the law asks to be told
    watermark: Watermark = Watermark()
    visible_notice: bool = False  # its first seconds say so
    findings: tuple[Finding, ...] = ()
    latency_s: Mapping[str, float] = field(default_factory=dict)  # by stage
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the document, indented."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ClipMetadata:
        """Return what a document tells; raises ``ValueError`` when it is none of this schema."""
        try:
            fields: dict[str, Any] = json.loads(text)
            fields["heat"] = Heat(fields["heat"])
            for name, kind in (("reasons", ClipReason), ("sounds", PlacedSound), ("gaps", Gap), ("findings", Finding)):
                fields[name] = tuple(kind(**each) for each in fields[name])
            fields["credits"] = tuple(Credit(**each) for each in fields.get("credits", ()))
            fields["watermark"] = Watermark(**fields.get("watermark", {}))
            fields["tags"], fields["epochs"] = tuple(fields["tags"]), tuple(fields["epochs"])
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the metadata of a clip ({error})") from None


@dataclass(frozen=True, slots=True)
class ClipFiles:
    """The files of one clip, in a directory of its own that is named by its content id."""

    directory: Path

    @property
    def clip(self) -> Path:
        """H.264, HEVC or AV1 as the publisher sent it, with the mixed sound."""
        return self.directory / "clip.mp4"

    @property
    def stem(self) -> Path:
        """The generated sound alone, marked; 48 kHz stereo, as long as the clip."""
        return self.directory / "stem.wav"

    @property
    def original(self) -> Path:
        """The sound without anything generated, as long as the clip."""
        return self.directory / "original.wav"

    @property
    def cover(self) -> Path:
        return self.directory / "cover.jpg"

    @property
    def srt(self) -> Path:
        return self.directory / "captions.srt"

    @property
    def vtt(self) -> Path:
        return self.directory / "captions.vtt"

    @property
    def waveform(self) -> Path:
        """The mixed sound as a picture: its waveform over its spectrogram."""
        return self.directory / "waveform.png"

    @property
    def metadata(self) -> Path:
        return self.directory / "metadata.json"

    def all(self) -> tuple[Path, ...]:
        """Return the files that are there, the clip first and the metadata, which says that it is whole, last."""
        wanted = (self.clip, self.stem, self.original, self.cover, self.srt, self.vtt, self.waveform, self.metadata)
        return tuple(path for path in wanted if path.is_file())


def content_id(room: str, session: str, settings: Mapping[str, Any]) -> str:
    """Return the name of a clip by what it is: the same moment, cut and sounded in the same way, has the same one.

    ``session`` tells one run of the room's stream from the next, ``settings`` are the ranges and all that changes the
    outcome; they must be JSON.
    """
    text = json.dumps([room, session, settings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:CONTENT_ID_CHARACTERS]
