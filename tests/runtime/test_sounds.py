"""Who makes the sounds of live rooms: in time for the next to step in, the first that comes, a maker in one line."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest

from livefoley.core.cues import Cue, CueKind, Sound, SoundRequest, SoundSource, Stereo
from livefoley.core.notices import SourceNotice
from livefoley.foley.chain import Fit, MakerOrder, Offer, Refusal, StudentUse
from livefoley.runtime.sounds.bed_supply import GRACE_S, LOOK_S, BedSupply
from livefoley.runtime.sounds.cached_takes import LiveCachedTakes
from livefoley.runtime.sounds.chain import Answer, LiveChain, Wanted
from livefoley.runtime.sounds.live import LiveSounds
from livefoley.runtime.sounds.threaded import MAX_WAITING, ThreadedMaker
from tests.foley.theremin import Theremin
from tests.support.waiting import until

ALL = MakerOrder()
ACTION = SoundRequest(CueKind.ACTION, "a theremin")


class Puppet:
    """A maker that answers when it is told to."""

    def __init__(self, source: str, offer: Offer | Refusal) -> None:
        self.source = source
        self.says = offer
        self.asked: list[tuple[SoundRequest, float, Wanted, Answer]] = []

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        return self.says

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        self.asked.append((request, deadline_s, wanted, answer))

    def answer(self, made: Sound | Refusal | None = None, which: int = -1) -> None:
        self.asked[which][3](made or Sound(np.zeros((2, 10), np.float32), source=self.source))

    async def run(self) -> None:
        await asyncio.Event().wait()


class Asked:
    """One cue asked of a chain, and what became of it."""

    def __init__(self, *makers: Puppet, within_s: float = 30.0) -> None:
        self.laid: list[str | None] = []
        self.noted: list[str] = []
        self.wanted = True
        LiveChain(makers).ask(
            ACTION,
            ALL,
            time.monotonic() + within_s,
            lambda: self.wanted,
            lambda sound: self.laid.append(sound.source if sound else None),
            lambda refusal: self.noted.append(f"{refusal.source}: {refusal.reason}"),
        )


def pair() -> tuple[Puppet, Puppet]:
    return Puppet("first", Offer(Fit.MADE, soon_s=0.1)), Puppet("second", Offer(Fit.STAND_IN, soon_s=0.1))


async def test_who_refuses_is_followed_by_the_next_and_at_last_by_nothing() -> None:
    first, second = pair()
    asked = Asked(first, second)
    assert not second.asked
    first.answer(Refusal("no"))
    second.answer()
    assert asked.laid == ["second"]
    assert asked.noted == ["first: no"]
    nobody = Asked(first, second)
    first.answer(Refusal("no"))
    first.answer(Refusal("said twice"))
    second.answer(Refusal("neither"))
    assert nobody.laid == [None]
    assert nobody.noted == ["first: no", "second: neither"]
    assert Asked(Puppet("away", Refusal("is away"))).laid == [None]


async def test_who_is_late_is_followed_by_the_next_and_the_first_sound_is_laid() -> None:
    first, second = pair()
    asked = Asked(first, second, within_s=0.5)
    _, deadline_s, wanted, _ = first.asked[0]
    assert wanted()
    await until(lambda: second.asked)
    assert second.asked[0][1] == pytest.approx(deadline_s + 0.1)
    first.answer()
    assert not wanted()
    second.answer()
    assert asked.laid == ["first"]
    assert asked.noted == ["first: did not answer in time"]


async def test_nobody_is_asked_for_what_is_not_wanted_any_more() -> None:
    first, second = pair()
    asked = Asked(first, second, within_s=0.5)
    asked.wanted = False
    await asyncio.sleep(0.6)
    assert not second.asked
    assert not first.asked[0][2]()


async def test_a_late_one_is_waited_for_when_the_last_one_refuses() -> None:
    first, second = pair()
    asked = Asked(first, second, within_s=0.5)
    await until(lambda: second.asked)
    second.answer(Refusal("no"))
    assert not asked.laid
    first.answer(Refusal("neither"))
    assert asked.laid == [None]


async def test_kept_takes_stand_in_for_a_maker_that_is_away_or_too_slow() -> None:
    maker, laid = Puppet("student", Offer(Fit.MADE, soon_s=0.2)), []
    takes = LiveCachedTakes(maker)

    def ask(within_s: float, request: SoundRequest = ACTION) -> None:
        takes.ask(request, time.monotonic() + within_s, lambda: True, laid.append)

    ask(0.1)
    assert isinstance(laid.pop(), Refusal)
    ask(10)
    maker.answer()
    for within_s, says in ((0.1, maker.says), (10, Refusal("rests"))):
        maker.says = says
        assert takes.offer(ACTION, time.monotonic()) == Offer(Fit.MADE)
        ask(within_s)
    assert [made.source for made in laid] == ["student"] * 3
    assert len(maker.asked) == 1
    assert takes.offer(SoundRequest(CueKind.ACCENT, "a theremin"), 0.0) == Refusal("rests")


@contextlib.asynccontextmanager
async def running(*runs: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(run()) for run in runs]  # type: ignore[arg-type]
        yield
        for task in started:
            task.cancel()


async def test_a_maker_in_a_thread_rests_when_it_fails_and_is_left_alone_while_it_hangs() -> None:
    theremin, now = Theremin(fails=True), [100.0]
    maker, made = ThreadedMaker(theremin, lambda: now[0]), []

    def ask() -> None:
        maker.ask(ACTION, now[0] + 1, lambda: True, made.append)

    async with running(maker.run):
        for _ in range(3):
            ask()
        await until(lambda: len(made) == 3)
        assert made == [Refusal("the theremin is broken", fault=True)] * 3
        assert maker.offer(ACTION, now[0]) == Refusal("rests after it failed (the theremin is broken)")
        now[0] += 10
        theremin.fails = False
        ask()
        await until(lambda: len(made) == 4)
        assert isinstance(made[3], Sound)
        theremin.may_go_on.clear()
        ask()
        await until(lambda: theremin.asked == 5)
        assert isinstance(maker.offer(ACTION, now[0] + 1), Offer)
        assert maker.offer(ACTION, now[0] + 3) == Refusal("has not answered for a while")
        for _ in range(MAX_WAITING + 1):
            ask()
        assert made[4:] == [Refusal(f"has {MAX_WAITING} requests waiting")]
        theremin.may_go_on.set()
        await until(lambda: len(made) == 5 + 1 + MAX_WAITING)


def test_segments_are_asked_of_those_who_go_before_the_synthesis() -> None:
    student, other, given = Puppet("student", Refusal("is starting")), Puppet("other", Offer(Fit.MADE)), []
    supply = BedSupply(
        [student, other], lambda room, text, sound: given.append((room, text, sound.source)), lambda: 0.0
    )
    supply.describe("known", "wind", 0, ALL)
    supply.describe("always", "wind", 0, MakerOrder.of(StudentUse.ALWAYS))
    supply.describe("never", "a velociraptor", 0, MakerOrder(without=frozenset(("student", "other"))))
    supply.step(0.0)
    assert not student.asked
    assert not other.asked
    student.says = Offer(Fit.MADE)
    supply.step(LOOK_S / 2)
    assert not student.asked
    supply.step(LOOK_S)
    assert [request.prompt for request, *_ in student.asked] == ["wind"]
    student.answer()
    assert given == [("always", "wind", "student")]
    student.asked.clear()
    supply.describe("always", "wind", 0, MakerOrder.of(StudentUse.ALWAYS))
    supply.step(LOOK_S)
    assert not student.asked


def test_a_maker_with_no_ambience_for_the_words_is_asked_no_more_and_one_that_fails_later_again() -> None:
    first, other, given = Puppet("first", Offer(Fit.MADE)), Puppet("other", Offer(Fit.MADE, cost_s=1)), []
    now = [0.0]
    supply = BedSupply([first, other], lambda room, text, sound: given.append(sound.source), lambda: now[0])
    supply.describe("room", "a velociraptor", 0, ALL)
    supply.step(0.0)
    first.answer(Refusal("cannot read this"))
    supply.step(0.0)
    other.answer(Refusal("broke", fault=True))
    supply.step(9.0)
    assert (len(first.asked), len(other.asked)) == (1, 1)
    supply.step(now.__setitem__(0, 10.0) or 10.0)
    other.answer()
    assert given == ["other"]
    once, again = (request for request, *_ in other.asked)
    assert once.seed != again.seed
    supply.step(now.__setitem__(0, 20.0) or 20.0)
    assert len(other.asked) == 3
    supply.step(20.0 + GRACE_S + 7)  # an answer that never comes
    supply.step(20.0 + GRACE_S + 60)
    assert len(other.asked) == 4
    other.answer(which=2)
    assert given == ["other"]
    assert not supply.forget("room")
    assert not other.asked[3][2]()


class Room:
    """What a live room does with its sounds."""

    def __init__(self, sounds: LiveSounds, describe: str) -> None:
        self.told: list[SourceNotice] = []
        self.bed: list[Stereo] = []
        self.sounds = sounds.room("demo", ALL, 0, self.told.append)
        self.sounds.describe(describe)

    async def maker_of(self, **cue: object) -> str | None:
        """Return who makes an accent."""
        heard: list[Sound | None] = []
        wanted = Cue(1, CueKind.ACCENT, 0, 0, **cue)  # type: ignore[arg-type]
        self.sounds.ask(wanted, time.monotonic() + 30, lambda: True, heard.append)
        await until(lambda: heard)
        return heard[0].source if heard[0] is not None else None

    async def is_made_by(self, source: str, **cue: object) -> bool:
        """Say whether an accent comes from ``source`` by now."""
        return await self.maker_of(**cue) == source

    async def next_bed(self) -> Stereo:
        """Return the next half second, asked for again where the worker was taken for hung on a busy machine."""
        count = len(self.bed)
        while len(self.bed) == count:
            self.sounds.ask_bed(24_000, time.monotonic() + 30, self.bed.append)
            with contextlib.suppress(TimeoutError):
                await until(lambda: len(self.bed) > count, 5.0)
        return self.bed[-1]


async def test_a_maker_is_one_class_and_one_line_live_too(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank and the bed are a worker's, as in every room; what is added is `ThreadedMaker(Theremin())`."""
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "sounds"))
    sounds = LiveSounds(others=[ThreadedMaker(Theremin())])
    room = Room(sounds, "somebody plays the theremin")
    async with running(sounds.supply_beds, *(maker.run for _, maker in sounds.workers())):
        await until(lambda: sounds.effects)
        assert await room.maker_of(prompt="a theremin") == "theremin"
        assert await room.maker_of(prompt="zzyzx") is None
        await until(lambda: room.is_made_by(SoundSource.BANK, effect="BELLMisc_Ding"))
        while room.sounds.bed_source != "theremin":
            await room.next_bed()
        spectrum = np.abs(np.fft.rfft((await room.next_bed())[0]))
        assert np.argmax(spectrum) * 2 == 1000
    counts = {(each.kind, each.source): each.count for each in room.sounds.sources()}
    assert counts["accent", "theremin"] == counts["accent", "bank"] == 1
    assert counts["bed", "theremin"] >= 1
    assert SourceNotice("accent", "theremin", "a theremin") in room.told
