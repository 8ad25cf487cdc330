"""One room's clips: fills its buffer with what leaves, and asks for a clip when a highlight or a request is due.

The room calls in with everything that leaves and that it notices. Nothing here waits, and nothing here can fail it.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import structlog

from livefoley.clips.buffer.choices import RecentChoices
from livefoley.clips.buffer.ranges import ClipRanges, Range, RangeSettings
from livefoley.clips.buffer.rolling import BufferLimits, RollingBuffer
from livefoley.clips.buffer.selection import Selection
from livefoley.clips.model import ClipReason, ClipRequest
from livefoley.core.cues import ActionPrompts, Cue
from livefoley.core.errors import Full, InputError
from livefoley.core.event_json import Event
from livefoley.core.highlights import Evidence, Highlight
from livefoley.core.snapshots import ClipsSnapshot
from livefoley.core.throttle import LogThrottle
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks, ticks_from_s
from livefoley.engine.clock import Playout
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.room_types import Departure
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.chain import StudentUse
from livefoley.runtime.clips.chunk_files import ChunkFiles
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.clips")

STEP_S = 0.1
ROUNDING: Tick = TICK_RATE // 6  # a clip ends some pictures after it was asked to: these must have left, too
TRIES = 4  # at a clip that is too long by the pictures it has to take whole
MAX_AHEAD_S = 600.0
MAX_AHEAD = 64  # clips of a room, of each priority, whose end has not left yet


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """What the room wants of its clips. ``title`` and ``tags`` are templates, ``values`` the operator's own names."""

    directory: Path
    on_highlight: bool = True
    ranges: RangeSettings = field(default_factory=RangeSettings)
    limits: BufferLimits = field(default_factory=BufferLimits)
    exact: bool = False
    vertical: bool = False
    title: str = "${room} ${kind}"
    tags: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    student: StudentUse = StudentUse.AUTO


@dataclass(frozen=True, slots=True)
class Cutting:
    """A clip that is due: what was asked for, what it is cut from, and how the room sounds now."""

    id: str
    request: ClipRequest
    settings: ClipSettings
    selection: Selection
    session: str
    mix: MixSettings
    plan: PlannerSettings
    describe: str
    seed: int
    clock: tuple[Tick, float]
    due_s: float


class ClipRequests(Protocol):
    """Takes what is to be made into clips."""

    def expect(self, request: ClipRequest) -> str:
        """Note a clip that nobody has asked for by hand; return its id."""
        ...

    async def cut(self, cutting: Cutting, write: Callable[[Selection, Path], Awaitable[None]]) -> None:
        """Make a clip; ``write`` puts its selection down in a directory."""
        ...

    def refuse(self, clip_id: str, reason: str) -> None:
        """Say that a clip cannot be made."""
        ...


class Asker(Protocol):
    """A room that clips can be asked of."""

    def ask(self, clip_id: str, request: ClipRequest) -> None:
        """Make a clip when its end has left; raises ``InputError``."""
        ...

    @property
    def ahead(self) -> int:
        """How many clips are wanted whose end has not left yet."""
        ...

    def forget(self, clip_id: str) -> None:
        """Do not make a clip that waits."""
        ...


class Sounding(Protocol):
    """How the room sounds at the moment, as far as a clip of it needs to know: its engine tells."""

    @property
    def mix(self) -> MixSettings:
        """The levels."""
        ...

    @property
    def plan(self) -> PlannerSettings:
        """What is asked for."""
        ...

    @property
    def playout(self) -> Playout:
        """Which tick leaves when."""
        ...


@dataclass(slots=True)
class _Wanted:
    """A request that waits until its end has left the room."""

    id: str
    request: ClipRequest
    start: Tick
    end: Tick
    peak: Tick | None
    of_highlight: bool = False


class RoomClips:
    """See the module. ``now`` is monotonic."""

    def __init__(
        self,
        room: str,
        settings: ClipSettings,
        sounding: Sounding,
        service: ClipRequests,
        prompts: Callable[[str], ActionPrompts],
        highlights: Callable[[], Iterable[Highlight]] = tuple,
        seed: int = 0,
    ) -> None:
        """``prompts`` says what movements sound like in a place of some words, ``highlights`` returns those that go on,
        as they are now."""
        self.room = room
        self.settings = settings
        self.session = f"{time.time_ns() // 1_000_000:x}"
        self._sounding = sounding
        self._prompts = prompts
        self._highlights = highlights
        self._service = service
        self._seed = seed
        self._chunk_store = ChunkFiles(settings.directory / ".buffer" / room)
        self._buffer = RollingBuffer(settings.limits, self._chunk_store)
        self._chunk_store.on_stored = self._buffer.chunk_stored
        self._ranges = ClipRanges(settings.ranges, ORIGIN)
        self._wanted: dict[str, _Wanted] = {}
        self._lost = 0
        self._throttled = LogThrottle(log, time.monotonic)

    # ---- what the room tells; called between blocks ----

    def departed(self, departure: Departure) -> None:
        """Take what leaves the room."""
        try:
            for item in departure.program:
                self._buffer.picture(item)
            for start, mixed in departure.sound:
                if mixed.original is not None:
                    self._buffer.sound(start, mixed.original, mixed.foley)
        except Exception:  # a mistake of ours must cost clips and not the stream
            self._lost += 1
            self._throttled.exception("what left was not kept for clips", room=self.room, lost=self._lost)

    def noticed(self, event: Event) -> None:
        """Take what perception or the recogniser reports."""
        self._buffer.event(event)

    def accent(self, cue: Cue) -> None:
        """Take an accent that is laid."""
        self._buffer.accent(cue)

    def describe(self, text: str) -> None:
        """The room sounds like this from now on."""
        self._buffer.describe(text)

    @property
    def choices(self) -> RecentChoices:
        """What takes what is chosen for movements, and what speaks for it."""
        return self._buffer.choices

    def highlight(self, highlight: Highlight) -> None:
        """Take a highlight as it is told."""
        if self.settings.on_highlight:
            self._ranges.take([highlight])

    # ---- what is asked for ----

    def ask(self, clip_id: str, request: ClipRequest) -> None:
        """Make a clip when its end has left. Raises ``InputError`` for a time that is not, or not any more, kept, and
        ``Full`` when ``MAX_AHEAD`` clips lie ahead."""
        left = self._buffer.end
        if not left:
            raise InputError(f"room {self.room} has no stream yet; a clip needs one to be cut from")
        start, end = self._span(request, left)
        longest = self.settings.ranges.longest
        if not 0 < end - start <= longest:
            raise InputError(f"a clip is longer than 0 and at most {s_from_ticks(longest):g} s (clips.longest_s)")
        if s_from_ticks(end - left) > MAX_AHEAD_S:
            raise InputError(f"the clip's end lies more than {MAX_AHEAD_S:g} s ahead")
        if end <= self._buffer.begin:
            raise InputError(f"that is not kept any more; the last {self._buffer.statistics().seconds:.0f} s are")
        ahead = [each.end for each in self._wanted.values() if each.request.priority is request.priority]
        if len(ahead) >= MAX_AHEAD:
            wait_s = max(1, math.ceil(s_from_ticks(min(ahead) - left)))
            raise Full(f"{MAX_AHEAD} clips of room {self.room} lie ahead already; try again later", wait_s)
        peak = ORIGIN + ticks_from_s(request.peak_s) if request.peak_s is not None else None
        self._wanted[clip_id] = _Wanted(clip_id, request, start, end, peak)

    @property
    def ahead(self) -> int:
        """How many clips are wanted whose end has not left yet."""
        return len(self._wanted)

    @staticmethod
    def _span(request: ClipRequest, left: Tick) -> tuple[Tick, Tick]:
        if request.last_s is not None:
            return max(ORIGIN, left - ticks_from_s(request.last_s)), left
        if request.start_s is None or request.end_s is None:
            raise InputError("a clip needs last_s, or start_s and end_s")
        return ORIGIN + ticks_from_s(max(0.0, request.start_s)), ORIGIN + ticks_from_s(request.end_s)

    def forget(self, clip_id: str) -> None:
        """Do not make a clip that waits."""
        self._wanted.pop(clip_id, None)

    # ---- when it is due ----

    async def run(self) -> None:
        """Cut what is due until cancelled."""
        async with TaskGroup() as tasks:
            tasks.create_task(self._chunk_store.run())
            while True:
                await asyncio.sleep(STEP_S)
                await self._cut_due()

    async def finish(self) -> None:
        """The stream is over: cut what would have been due later, as far as it goes."""
        await self._cut_due(over=True)

    async def _cut_due(self, over: bool = False) -> None:
        left = self._buffer.end
        if self.settings.on_highlight:
            self._ranges.take(self._highlights())
            for due in self._ranges.due(left - ROUNDING, over):
                request = self._request(due)
                clip_id = self._service.expect(request)
                self._wanted[clip_id] = _Wanted(clip_id, request, due.start, due.end, due.peak, of_highlight=True)
        ready = [each for each in self._wanted.values() if over or each.end + ROUNDING <= left]
        for wanted in ready:
            if self._wanted.pop(wanted.id, None) is not None:  # unless it was deleted while others were cut
                await self._cut(wanted)

    def _request(self, due: Range) -> ClipRequest:
        settings = self.settings
        return ClipRequest(
            room=self.room,
            start_s=_stream_s(due.start),
            end_s=_stream_s(due.end),
            exact=settings.exact,
            vertical=settings.vertical,
            kind=due.kind,
            score=round(due.score, 3),
            peak_s=_stream_s(due.peak),
            reasons=tuple(map(_reason, due.reasons)),
        )

    async def _cut(self, wanted: _Wanted) -> None:
        try:
            await self._service.cut(self._cutting(wanted, self._select(wanted)), self._chunk_store.write)
        except InputError as error:
            self._service.refuse(wanted.id, str(error))
        except Exception as error:  # it must reach neither the room nor the other clips
            log.exception("a clip was lost", room=self.room, clip=wanted.id)
            self._service.refuse(wanted.id, f"an error of livefoley's own ({type(error).__name__}); its log says more")

    def _select(self, wanted: _Wanted) -> Selection:
        """Return what a clip is cut from: whole pictures, so a little more than was asked for, but never too long."""
        exact = wanted.request.exact or wanted.request.vertical
        longest = self.settings.ranges.longest
        start = self._ranges.begin(wanted.start) if wanted.of_highlight else wanted.start
        end = wanted.end
        for _ in range(TRIES):
            selection = self._buffer.select(start, end, wanted.peak, exact)
            if selection.end - selection.start <= longest:
                break
            end -= selection.end - selection.start - longest
        else:
            raise InputError(f"it cannot be cut within {s_from_ticks(longest):g} s (clips.longest_s)")
        if wanted.of_highlight:
            self._ranges.cut(selection.start, selection.end)
        return selection

    def _cutting(self, wanted: _Wanted, selection: Selection) -> Cutting:
        request = wanted.request
        describe = request.describe if request.describe is not None else selection.describe
        now = time.monotonic()
        return Cutting(
            id=wanted.id,
            request=replace(request, start_s=_stream_s(selection.start), end_s=_stream_s(selection.end), last_s=None),
            settings=self.settings,
            selection=selection,
            session=self.session,
            mix=self._sounding.mix,
            plan=replace(self._sounding.plan, prompts=self._prompts(describe)),
            describe=describe,
            seed=self._seed,
            clock=(selection.start, time.time() + self._sounding.playout.wall_s(selection.start) - now),
            due_s=time.time() + self._sounding.playout.wall_s(wanted.end) - now,
        )

    def snapshot(self) -> ClipsSnapshot:
        """Return what is kept."""
        figures = self._buffer.statistics()
        return ClipsSnapshot(
            enabled=True,
            kept_s=round(figures.seconds, 3),
            memory_bytes=figures.memory_bytes,
            disk_bytes=figures.disk_bytes,
            dropped_pictures=figures.dropped_pictures,
            dropped_bytes=figures.dropped_bytes,
            dropped_events=figures.dropped_events + self._lost,
            disk_errors=figures.chunk_store_errors,
            problem=self._chunk_store.problem,
        )


def _reason(given: Evidence) -> ClipReason:
    return ClipReason(given.signal, _stream_s(given.at), _stream_s(given.end), round(given.score, 3), given.detail)


def _stream_s(tick: Tick) -> float:
    return round(s_from_ticks(tick - ORIGIN), 4)
