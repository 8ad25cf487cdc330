"""What goes into a room's engine and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from livefoley.core.media import OutputItem, TrackInfo, Unit
from livefoley.core.snapshots import RoomState
from livefoley.core.ticks import Tick
from livefoley.engine.audio_input import AudioInputStatistics
from livefoley.engine.choice import Leaning
from livefoley.engine.hold import OnDrop
from livefoley.engine.microphone.own_sound import OwnSoundStatistics
from livefoley.engine.microphone.programme import ProgrammeStatistics
from livefoley.engine.mixer import Mixed, MixerStatistics, MixSettings
from livefoley.engine.planner import PlannerSettings, PlannerStatistics, even
from livefoley.engine.timeline import TimelineStatistics


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """All that the engine needs to know of a room; ``leaning`` says what speaks for families at a time."""

    lookahead_s: float = 1.5
    on_drop: OnDrop = OnDrop.FREEZE
    mix: MixSettings = field(default_factory=MixSettings)
    plan: PlannerSettings = field(default_factory=PlannerSettings)
    stem: bool = False
    leaning: Callable[[Tick], Leaning] = even


class Taps(Protocol):
    """Gets a copy of what comes in, for analysis. Must not block."""

    def video(self, item: TrackInfo | Unit) -> None:
        """Take a video track's parameters or its next unit in decode order."""
        ...

    def audio(self, samples: NDArray[np.float32], start: Tick) -> None:
        """Take decoded mono sound, ``[n]`` at 48 kHz."""
        ...


@dataclass(frozen=True, slots=True)
class Departure:
    """What leaves now: the programme, the foley alone when the room has a stem, and the sound of both before encoding.

    ``with_original`` is the programme with the original sound as a track of its own, if the room encodes that.
    Each entry of ``sound`` is a block and the tick it begins at.
    """

    program: list[OutputItem]
    stem: list[OutputItem]
    sound: list[tuple[Tick, Mixed]] = field(default_factory=list)
    with_original: list[OutputItem] = field(default_factory=list)

    def leave(self, items: Iterable[OutputItem]) -> None:
        """Let items of the programme leave."""
        begin = len(self.program)
        self.program.extend(items)
        self.with_original.extend(self.program[begin:])


@dataclass(frozen=True, slots=True)
class RoomCounters:
    """What the engine itself counts; its parts have statistics of their own."""

    state: RoomState
    units_in: int
    video_bytes: int
    audio_bytes: int
    units_out: int
    late_units: int
    resyncs: int
    hold_frames: int
    held_back_ticks: int
    delay_line_bytes: int
    decode_errors: int


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """Figures of the engine and of its parts."""

    counters: RoomCounters
    timeline: TimelineStatistics
    audio: AudioInputStatistics
    mixer: MixerStatistics
    planner: PlannerStatistics
    programme: ProgrammeStatistics
    own_sound: OwnSoundStatistics | None  # None where nothing is learned from it
