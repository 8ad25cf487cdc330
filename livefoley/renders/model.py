"""What is asked of a render, what it may take, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from livefoley.core.errors import LivefoleyError
from livefoley.renders.examine import IntakeLimits

MAX_DESCRIPTION = 1000
MAX_SIDE, MAX_PIXELS = 1920, 1920 * 1088
"""Of pictures where larger ones are refused: 1080p, either way up."""


class OutputFormat(StrEnum):
    """The kinds of file a sound comes in."""

    WAV = "wav"
    MP3 = "mp3"


MEDIA_TYPES = {OutputFormat.WAV: "audio/wav", OutputFormat.MP3: "audio/mpeg"}


class RenderState(StrEnum):
    """Where a render stands."""

    QUEUED = "queued"
    FETCHING = "fetching"
    RENDERING = "rendering"
    READY = "ready"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self in (RenderState.READY, RenderState.FAILED)


class Busy(LivefoleyError):  # noqa: N818 - reads as what it is
    """Nothing more can be taken now; later it can."""

    def __init__(self, message: str, retry_after_s: int = 10) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A video's sound: of what ``description`` tells, alone or (``mix``) together with the video's own sound."""

    description: str = ""
    output_format: OutputFormat = OutputFormat.WAV
    mix: bool = False


def request_from_json(given: dict[str, Any]) -> RenderRequest:
    """Return a request that was written down; raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is none."""
    return RenderRequest(**{**given, "output_format": OutputFormat(given["output_format"])})


LEAST_MB, MB_A_SECOND = 900.0, 4.0


def least_memory_mb(duration_s: float) -> int:
    """Return how much address space each process of a render needs for a video of this length.

    Measured on Linux with glibc: 770 MB for 20 s, 1170 for 120, 1880 for 300; with the student 70 more.
    """
    return round(LEAST_MB + MB_A_SECOND * duration_s)


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """What one render may take. ``processes`` watch pieces of the video at once, each in ``memory_mb`` at most; so has
    the process that makes the sound, which holds all of it. Pictures larger than 1080p are watched scaled down, or
    refused."""

    max_duration_s: float = 300.0
    scale_down: bool = True
    processes: int = 2
    memory_mb: int = 3072
    timeout_s: float = 900.0

    def intake(self) -> IntakeLimits:
        """Return what the file may be."""
        if self.scale_down:
            return IntakeLimits(max_duration_s=self.max_duration_s)
        return IntakeLimits(MAX_SIDE, MAX_PIXELS, max_duration_s=self.max_duration_s)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of a render: seconds of sound, sounds laid on what moves, pieces watched, seconds it took, who made the
    sounds (``SoundSource``), and in words what of the video could not be used."""

    duration_s: float
    sounds: int
    pieces: int
    took_s: float
    sources: tuple[str, ...] = ()
    problem: str = ""


def rendered_from_json(given: dict[str, Any]) -> Rendered:
    """Return what came of a render, as it was written down; raises ``TypeError`` for what is none."""
    return Rendered(**{**given, "sources": tuple(given.get("sources", ()))})  # older ones have none


@dataclass(frozen=True, slots=True)
class RenderStatistics:
    """Renders by state now and by outcome since the start; seconds of sound made, and seconds that took."""

    states: Mapping[str, int]
    outcomes: Mapping[str, int]
    refused: Mapping[str, int]
    sound_s: float
    took_s: float
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class RenderStatus:
    """Where a render stands, as it is told. Times are ISO 8601, UTC; ``result`` is the path to fetch the sound from.

    ``error`` says why there is no sound, ``problem`` what of the video could not be used for it.
    """

    id: str
    state: RenderState
    progress: float
    description: str
    output_format: OutputFormat
    mix: bool
    created_at: str
    expires_at: str | None = None
    error: str = ""
    problem: str = ""
    content_id: str = ""
    duration_s: float | None = None
    sounds: int | None = None
    took_s: float | None = None
    sources: tuple[str, ...] = ()
    bytes: int | None = None
    result: str | None = None
