"""A room, live: its source, its engine, its workers and its sinks in one TaskGroup.

Nothing here can stop the stream but the stream itself: a sink that fails is opened again, a worker that dies costs
foley, and an error inside the engine's feed costs one packet and is counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from livefoley.core.cues import ActionPrompts, Cue, accent_cue
from livefoley.core.errors import InputError, LivefoleyError
from livefoley.core.events import HearingEvent, PerceptionEvent
from livefoley.core.highlights import Evidence
from livefoley.core.media import Disconnected, MediaKind, SourceItem, TrackInfo
from livefoley.core.notices import DescriptionNotice
from livefoley.core.ports import Audience, Sink, Source
from livefoley.core.snapshots import RoomState
from livefoley.core.throttle import LogThrottle
from livefoley.core.ticks import Tick
from livefoley.engine.planner import BedRequest
from livefoley.engine.room import RoomEngine
from livefoley.engine.room_types import Departure
from livefoley.foley.chain import StudentUse
from livefoley.foley.description.explain import explain
from livefoley.runtime.clips.room import RoomClips
from livefoley.runtime.events import notices
from livefoley.runtime.events.chat import RoomChat
from livefoley.runtime.events.highlights import HighlightService
from livefoley.runtime.events.speech import RoomSpeech
from livefoley.runtime.rooms.context import RoomContext
from livefoley.runtime.rooms.ears import RoomEars
from livefoley.runtime.rooms.figures import RateMeter
from livefoley.runtime.rooms.perception import Perception
from livefoley.runtime.rooms.screen import Screen
from livefoley.runtime.rooms.slate import RoomSlate
from livefoley.runtime.rooms.taps import Fork
from livefoley.runtime.sounds.live import RoomSounds
from livefoley.runtime.supervise import supervise
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.room")

MAX_SLEEP_S = 0.25
SINK_FINISH_S = 10.0
ACCENT_LEAD_S = 0.25  # the sound of an accent "now" must be made and mixed first
ERROR_PAUSE_S = 0.02


class Part(Protocol):
    """Something of the room that runs beside its stream."""

    async def run(self) -> None:
        """Do so until cancelled, or until there is nothing to do."""
        ...


@dataclass(frozen=True, slots=True)
class RoomParts:
    """What a room is made of; the application picks the adapters.

    ``with_original`` are those of ``sinks`` that take the original sound as a track of its own. ``prompts`` says what
    movements sound like in a place of some words. What reports to the room is made for it.
    """

    name: str
    engine: RoomEngine
    source: Source
    sinks: Sequence[Sink]
    highlights: HighlightService
    chat: RoomChat
    speech: RoomSpeech
    prompts: Callable[[str], ActionPrompts]
    context: RoomContext = field(default_factory=RoomContext)
    stem_sinks: Sequence[Sink] = ()
    with_original: Sequence[Sink] = ()
    audience: Audience | None = None
    perception: Callable[[Room], Perception] | None = None
    sounds: RoomSounds | None = None
    ears: Callable[[Room], RoomEars] | None = None
    clips: RoomClips | None = None
    screen: Callable[[Room], Screen] | None = None
    describe: str = ""
    slate: Callable[[Room], RoomSlate] | None = None
    watermark: str = ""  # the content id that its output is marked with


class Room:
    """Runs the parts until the source is over for good, or until cancelled."""

    def __init__(self, parts: RoomParts, now: Callable[[], float] = time.monotonic) -> None:
        self.parts = parts
        self.name = parts.name
        self.engine = parts.engine
        self.describe = parts.describe
        self.began_s = now()
        self.feed_errors = self.play_errors = 0
        self.video_rate, self.audio_rate = RateMeter(), RateMeter()
        self.failure: str | None = None
        self._now = now
        self._throttled = LogThrottle(log, now)
        self._fed = asyncio.Event()
        self._source_over = False
        self._problem: str | None = None  # of the engine, as the log was told
        parts.highlights.connect(self, parts.clips.highlight if parts.clips is not None else None)
        self.perception = parts.perception(self) if parts.perception is not None else None
        self.ears = parts.ears(self) if parts.ears is not None else None
        self.screen = parts.screen(self) if parts.screen is not None else None
        self.slate = parts.slate(self) if parts.slate is not None else None
        taps = [tap for tap in (self.perception, self.ears, self.screen) if tap is not None]
        if taps:
            self.engine.tap(taps[0] if len(taps) == 1 else Fork(*taps))

    # ---- control: applied between blocks ----

    def set_describe(self, text: str) -> None:
        """Change what the place sounds like; the bed cross-fades."""
        if text != self.describe:
            self.parts.highlights.feed.publish(DescriptionNotice(text, explain(text, self.student_use)))
        self.describe = text
        self.engine.replan(self.parts.prompts(text))
        self.parts.context.describe(text)

    def cue(self, *, effect: str | None = None, prompt: str = "", gain_db: float = 0.0, delay_s: float = 0.0) -> int:
        """Lay an accent ``delay_s`` from now on the outgoing stream; returns the cue's id.

        ``effect`` names a sound of the bank, ``prompt`` describes one. Raises ``InputError`` before the stream begins
        and in a room without foley.
        """
        now = self._now()
        if self.parts.sounds is None:
            raise InputError(f"room {self.name} has no foley; set foley.enabled: true in its configuration")
        if not self.engine.started:
            raise InputError(f"room {self.name} has no stream yet; a cue needs one to land in")
        start = self.engine.soonest(max(delay_s, ACCENT_LEAD_S), now)
        at_once = delay_s <= 0
        return self._accent(accent_cue(start, effect=effect, prompt=prompt, gain_db=gain_db, at_once=at_once), now)

    def accent_at(self, start: Tick | None, prompt: str) -> int | None:
        """Ask for an accent on ``start`` (None: as soon as it can come); None in a room without foley."""
        now = self._now()
        if self.parts.sounds is None or not self.engine.started:
            return None
        soonest = self.engine.soonest(ACCENT_LEAD_S, now)
        at_once = start is None
        return self._accent(accent_cue(soonest if start is None else start, prompt=prompt, at_once=at_once), now)

    def _accent(self, cue: Cue, now: float) -> int:
        number = self.engine.accent(cue, now)
        if self.parts.clips is not None:
            self.parts.clips.accent(cue)
        self._request(now)
        return number

    def thumb(self, event: int, up: bool) -> str:
        """Judge the sound of an action by its event's id; return its family. Raises ``InputError`` for another id."""
        family = self.parts.context.thumb(event, up, self.engine.soonest(0.0, self._now()))
        return family.value if family is not None else ""

    def withdraw_accent(self, cue_id: int) -> None:
        """Take an accent back, if its sound is not laid yet."""
        self.engine.withdraw(cue_id)

    def set_mix(self, changes: Mapping[str, float | bool]) -> None:
        """Change controls of the mix by name (``core.mix.MixControls``), smoothly."""
        self.engine.set_mix(changes)

    @property
    def student_use(self) -> StudentUse:
        """What the student makes here."""
        sounds = self.parts.sounds
        return sounds.student_use if sounds is not None else StudentUse.NEVER

    # ---- life ----

    def prepare(self) -> None:
        """Tell the makers of sounds what the room will want, before it begins."""
        self.set_describe(self.describe)

    async def run(self) -> None:
        """Serve the room. Returns when the source is over and everything has left; sinks are finished either way."""
        parts = self.parts
        self.prepare()
        try:
            async with TaskGroup() as tasks:
                outputs = (*parts.sinks, *parts.stem_sinks)
                sinks = [tasks.create_task(supervise(sink.name, sink.run, self.name)) for sink in outputs]
                helpers = [tasks.create_task(self._run_source())]
                beside: dict[str, Part | None] = {
                    "highlights": parts.highlights,
                    "chat": parts.chat,
                    "speech": parts.speech,
                    "audience": parts.audience,
                    "clips": parts.clips,
                    "slate": self.slate,
                }
                helpers += [
                    tasks.create_task(supervise(name, part.run, self.name)) for name, part in beside.items() if part
                ]
                await self._play()
                if parts.clips is not None:
                    await parts.clips.finish()
                for sink in outputs:
                    sink.close()
                if sinks:
                    await asyncio.wait(sinks, timeout=SINK_FINISH_S)
                for task in (*helpers, *sinks):
                    task.cancel()
        finally:
            for part in (parts.audience, self.perception, self.screen):
                if part is not None:
                    part.close()
            if parts.sounds is not None:
                parts.sounds.forget()

    async def _run_source(self) -> None:
        try:
            await self.parts.source.run(self._feed)
        except LivefoleyError as error:
            self.failure = str(error)
            log.error("the source cannot be used", room=self.name, reason=str(error))
        self._source_over = True
        self._fed.set()

    def _feed(self, item: SourceItem) -> None:
        if self._source_over:
            return
        try:
            self.engine.feed(item, self._now())
        except Exception:
            self.feed_errors += 1
            self._throttled.exception("an item was lost", room=self.name, lost=self.feed_errors)
        if not self._fed.is_set():
            self._fed.set()
        self._tell_problem()
        if self.slate is not None and isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO:
            self.slate.want(item)
        elif isinstance(item, Disconnected):
            log.info("publisher is away", room=self.name, reason=item.reason)

    def _tell_problem(self) -> None:
        """Say once in the log why the publisher's sound is not used."""
        before, self._problem = self._problem, self.engine.problem
        if self._problem and self._problem != before:
            log.warning(self._problem, room=self.name)

    # ---- playout ----

    async def _play(self) -> None:
        await self._fed.wait()
        while True:
            try:
                self._play_block(self._now())
            except Exception:
                self.play_errors += 1
                self._throttled.exception("a block was lost", room=self.name, lost=self.play_errors)
                await asyncio.sleep(ERROR_PAUSE_S)
            if self._source_over and self._run_out():
                break
            wake_s = self.engine.wake_s()
            pause_s = MAX_SLEEP_S if wake_s is None else wake_s - self._now()
            await asyncio.sleep(min(MAX_SLEEP_S, max(0.0, pause_s)))
        self._send(self.engine.finish())

    def _play_block(self, now: float) -> None:
        self._send(self.engine.advance(now))
        self._request(now)
        self.video_rate.read(self.engine.bytes_in(MediaKind.VIDEO), now)
        self.audio_rate.read(self.engine.bytes_in(MediaKind.AUDIO), now)

    def _run_out(self) -> bool:
        if self.engine.state is not RoomState.ENDING:
            self.engine.end()
            self._tell_problem()
        return not self.engine.started or self.engine.drained()

    def _send(self, departure: Departure) -> None:
        for sink in self.parts.sinks:
            for item in departure.with_original if sink in self.parts.with_original else departure.program:
                sink.write_nowait(item)
        for sink in self.parts.stem_sinks:
            for item in departure.stem:
                sink.write_nowait(item)
        if self.parts.audience is not None:
            for item in departure.program:
                self.parts.audience.write_nowait(item)
            for start, mixed in departure.sound:
                stem = mixed.stem if self.engine.settings.stem else None
                self.parts.audience.hear_nowait(start, mixed.program, stem)
        if self.parts.clips is not None:
            self.parts.clips.departed(departure)

    # ---- foley ----

    def perceive(self, event: PerceptionEvent) -> None:
        """Take what the perception worker reports."""
        now = self._now()
        if self.parts.clips is not None:
            self.parts.clips.noticed(event)
        self.engine.perceive(event, now)
        self.parts.context.perceive(event)
        for at, choice in self.engine.take_choices():
            told = self.parts.highlights.feed.publish(notices.action(at, choice))
            self.parts.context.chosen(told.id, choice, event, at)
        self._request(now)

    def hear(self, event: HearingEvent) -> None:
        """Take what the speech recogniser reports."""
        if self.parts.clips is not None:
            self.parts.clips.noticed(event)
        self.parts.speech.hear(event, self._now())

    def signal(self, evidence: Evidence) -> None:
        """Take what may be a highlight, from whoever noticed it."""
        self.parts.highlights.signal(evidence, self._now())

    def _request(self, now: float) -> None:
        """Ask for what the planner wants by now."""
        sounds = self.parts.sounds
        if sounds is None:
            return
        for cue in self.engine.take_cues():
            self._ask(sounds, cue)
        request = self.engine.take_bed(now)
        if request is not None:
            self._ask_bed(sounds, request)

    def _ask(self, sounds: RoomSounds, cue: Cue) -> None:
        sounds.ask(
            cue,
            self.engine.deadline_s(cue),
            lambda: self.engine.is_wanted(cue.id),
            lambda sound: self.engine.lay(cue.id, sound, self._now()),
        )

    def _ask_bed(self, sounds: RoomSounds, request: BedRequest) -> None:
        sounds.ask_bed(
            request.length,
            self.engine.deadline_s(request),
            lambda samples: self.engine.lay_bed(samples, request.start),
        )

    def stop(self) -> None:
        """Read no more of the source; what is inside runs out, the outputs are finished and ``run`` returns."""
        self._source_over = True
        self._fed.set()
