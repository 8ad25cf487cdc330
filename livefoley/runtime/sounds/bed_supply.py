"""The rooms' ambiences, as far as somebody makes better ones than the synthesis: when a segment is due, and by whom.

The synthesis plays all the time and needs nobody; whoever goes before it in a room's order is asked for segments that
take the place of its textures. Where the first of them has nothing for the words, the next is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from livefoley.core.cues import Sound, SoundRequest, SoundSource, ambience_of, segment_of
from livefoley.foley.chain import Course, MakerOrder, Offer, Refusal
from livefoley.foley.offers import procedural_offer
from livefoley.runtime.sounds.bed_schedule import BedSchedule
from livefoley.runtime.sounds.chain import LiveMaker

log = structlog.get_logger("livefoley.sounds")

LOOK_S = 0.5  # how often a room for which nobody can make a segment is looked at again
GRACE_S = 30.0  # an answer that is so late never comes

AddSegment = Callable[[str, str, Sound], None]


class _Synthesis:
    """The synthesis' place among the makers: it is never asked for a segment, and who comes after it is not either."""

    source = SoundSource.PROCEDURAL

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        return procedural_offer(request)


@dataclass(slots=True)
class _Ambience:
    """What one room sounds like, and how far its segments are."""

    text: str
    request: SoundRequest
    order: MakerOrder
    schedule: BedSchedule = field(default_factory=BedSchedule)
    part: int = 0
    answered: bool = True


class BedSupply:
    """For all rooms. Time is an argument (seconds, monotonic)."""

    def __init__(self, makers: Sequence[LiveMaker], add_segment: AddSegment, now: Callable[[], float]) -> None:
        """``add_segment`` takes one: the room, what it is of, and the sound."""
        self._makers: tuple[LiveMaker | _Synthesis, ...] = (*makers, _Synthesis())
        self._add_segment = add_segment
        self._now = now
        self._rooms: dict[str, _Ambience] = {}

    def describe(self, room: str, text: str, seed: int, order: MakerOrder) -> None:
        """Say what a room sounds like; the same again changes nothing."""
        request, known = ambience_of(room, text, seed), self._rooms.get(room)
        if known is None or known.request != request:
            self._rooms[room] = _Ambience(text, request, order)

    def forget(self, room: str) -> None:
        """The room is gone."""
        self._rooms.pop(room, None)

    def restart(self) -> None:
        """Whoever was given the segments has lost them."""
        for ambience in self._rooms.values():
            ambience.schedule.restart()

    def step(self, now: float) -> None:
        """Ask for what is due."""
        for room, ambience in self._rooms.items():
            schedule = ambience.schedule
            if not ambience.answered and now > schedule.deadline_s + GRACE_S:
                ambience.answered = True
                schedule.failed(now)
            if schedule.due(now):
                self._ask(room, ambience, now)

    def _ask(self, room: str, ambience: _Ambience, now: float) -> None:
        maker = Course(ambience.request, self._makers, ambience.order, now).next(now)
        if maker is None or isinstance(maker, _Synthesis):
            ambience.schedule.look_again(now + LOOK_S)
            return
        ambience.schedule.asked(now)
        ambience.answered = False
        ambience.part = part = ambience.part + 1
        segment = segment_of(ambience.request, part)

        def answer(made: Sound | Refusal) -> None:
            if not ambience.answered and ambience.part == part:
                ambience.answered = True
                self._answered(room, ambience, maker.source, made)

        maker.ask(segment, ambience.schedule.deadline_s, lambda: self._rooms.get(room) is ambience, answer)

    def _answered(self, room: str, ambience: _Ambience, source: str, made: Sound | Refusal) -> None:
        now = self._now()
        if isinstance(made, Sound):
            ambience.schedule.made(now)
            self._add_segment(room, ambience.text, made)
        elif made.fault:
            ambience.schedule.failed(now)
        else:  # the words are at fault, and stay so
            log.warning("no ambience by this maker", room=room, source=source, reason=made.reason)
            ambience.order = replace(ambience.order, without=ambience.order.without | {source})
            ambience.schedule.look_again(now)
