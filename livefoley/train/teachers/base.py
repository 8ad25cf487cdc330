"""What a teacher is: something large that turns a description, and perhaps a film, into sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livefoley.core.errors import LivefoleyError
from livefoley.foley.student.features import Floats


class TeacherError(LivefoleyError):
    """A teacher that is not installed, whose weights are missing, or whose licence was not accepted."""


@dataclass(frozen=True, slots=True)
class Licence:
    """Under what terms a teacher's sounds, and what learns from them, may be used; ``name`` is what is accepted."""

    name: str
    terms: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing a teacher is asked for. ``video`` is a film for teachers that watch."""

    english: str
    chinese: str = ""
    category: str = ""
    seconds: float = 5.0
    video: Path | None = None


@dataclass(frozen=True, slots=True)
class Taught:
    """A teacher's answer: mono sound at 48 kHz. ``seen [n, d]`` is how a video teacher saw the film."""

    sound: Floats
    seen: Floats | None = None


class Teacher(Protocol):
    """One teacher, loaded."""

    def make(self, lesson: Lesson, seed: int) -> Taught:
        """Return the sound of a lesson; the same seed, the same sound. Raises ``TeacherError``."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A teacher that can be asked for by name."""

    name: str
    summary: str
    licence: Licence
    packages: tuple[str, ...]  # what must be importable
    install: str
    watches: bool = False
