"""What perception reports: movements, cuts and speech, placed on the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from livefoley.core.ticks import Tick


class MotionKind(StrEnum):
    """How a movement sounds when nothing else is known of it."""

    IMPACT = "impact"  # something stops or turns abruptly: a hit, a step, a thing set down
    SWEEP = "sweep"  # something starts or passes fast: a whoosh


@dataclass(frozen=True, slots=True)
class MotionOnset:
    """A visible action begins or lands at ``at`` (the presentation tick of its frame).

    ``x`` and ``y`` are its centre in 0..1 of the picture (left to right, top to bottom), ``size`` the share of the
    picture that moves, ``speed`` its speed in picture widths a second, ``strength`` in 0..1 how sure and how strong.
    ``uncertainty`` is half the width, in ticks, of the interval the true moment lies in.
    """

    at: Tick
    kind: MotionKind
    strength: float
    x: float = 0.5
    y: float = 0.5
    size: float = 0.0
    speed: float = 0.0
    uncertainty: int = 0


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


PerceptionEvent: TypeAlias = MotionOnset | SceneCut | Speech
