"""A room's context: what is named and what is judged, as the room's state shows it."""

from __future__ import annotations

import pytest

from livefoley.clips.buffer.choices import Choices, RecentChoices
from livefoley.core.errors import InputError
from livefoley.core.events import Mention, MotionKind, MotionOnset, Sight, Speech
from livefoley.core.families import Family
from livefoley.core.notices import PlaceNotice
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.engine.choice import Choice
from livefoley.engine.leanings.decisions import Decision, Leaned
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.chain import MakerOrder, StudentUse
from livefoley.foley.description.lexicon import bed_recipe
from livefoley.runtime.rooms.context import KEPT_ACTIONS, TOLD_ACTIONS, RoomContext
from livefoley.runtime.sounds.live import LiveSounds

BOX = Mention(0, "boxes", Family.PAPER, "OBJPack_Box")


def street(at_s: float) -> Sight:
    return Sight(ticks_from_s(at_s), places=(("street", 0.7),))


def test_the_ambience_of_a_room_without_a_place_is_the_picture_s() -> None:
    sounds = LiveSounds()
    told: list[PlaceNotice] = []
    context = RoomContext()
    clips: list[str] = []
    room = sounds.room("shop", MakerOrder.of(StudentUse.NEVER), 0, lambda notice: None)
    context.connect(room, told.append, clips.append)
    context.describe("cardboard boxes")
    for at_s in (0, 2):
        context.perceive(street(at_s))
    assert told == [PlaceNotice("street", "picture", "street")]
    assert context.ambience == "cardboard boxes, street"
    assert bed_recipe(context.ambience).layers == bed_recipe("street").layers
    context.describe("rain on a window, boxes")
    assert told[1:] == [PlaceNotice("", "", "")]
    assert context.ambience == "rain on a window, boxes"
    assert clips == ["cardboard boxes", "cardboard boxes, street", "rain on a window, boxes"]


def test_a_place_the_host_speaks_of_twice_is_the_ambience_for_a_minute() -> None:
    context = RoomContext(steer=True)
    told: list[PlaceNotice] = []
    context.connect(None, told.append)
    for at_s in (10, 20):
        context.named(Mention(ticks_from_s(at_s), "beach", place="beach"))
    assert told == [PlaceNotice("beach", "host", "beach")]
    shown = context.snapshot(ticks_from_s(20))
    assert (shown.place, shown.source) == ("beach", "host")
    context.perceive(Speech(ticks_from_s(85), active=False))
    assert told[1:] == [PlaceNotice("", "", "")]


LANDS = MotionOnset(ticks_from_s(1), MotionKind.IMPACT, 0.9)


def laid(family: Family | None, prompt: str | None = "OBJPack_Box") -> Choice:
    return Choice(prompt, family, 1.0, 0.0, "seen")


def test_what_is_named_is_shown_and_counts_where_the_room_wants_it() -> None:
    for steer in (True, False):
        context = RoomContext(steer)
        context.named(BOX)
        told = context.snapshot(0)
        assert (told.steered, told.names) == (steer, int(steer))
        assert [(each.family, each.word, each.weight) for each in told.raised] == [("paper", "boxes", 3.0)] * steer
        assert context.leaning(0).of(Family.PAPER) == (3.0 if steer else 1.0)


def test_a_thumb_is_about_an_action_that_made_a_sound() -> None:
    context = RoomContext()
    context.chosen(1, laid(Family.GLASS), LANDS, 0)
    context.chosen(2, laid(None), LANDS, 0)
    context.chosen(3, laid(None, prompt=None), LANDS, 0)
    assert context.thumb(1, up=False, at=0) is Family.GLASS
    assert context.thumb(2, up=False, at=0) is None
    for other in (3, 4):
        with pytest.raises(InputError, match=f"event {other} is none of the last {KEPT_ACTIONS} actions"):
            context.thumb(other, up=True, at=0)
    told = context.snapshot(0)
    assert told.given == 2
    assert [(each.family, each.weight) for each in told.thumbs] == [("glass", 0.77), ("unknown", 0.77)]
    assert context.leaning(0).of(Family.GLASS) < 1.0


def test_only_the_last_actions_are_kept() -> None:
    context = RoomContext()
    for number in range(KEPT_ACTIONS + 1):
        context.chosen(number, laid(Family.GLASS), LANDS, ORIGIN + number)
    with pytest.raises(InputError):
        context.thumb(0, up=True, at=0)
    assert context.thumb(KEPT_ACTIONS, up=True, at=0) is Family.GLASS
    told = context.recent()
    assert len(told) == TOLD_ACTIONS
    assert (told[-1].start_s, told[-1].family, told[-1].reason) == (round(KEPT_ACTIONS / TICK_RATE, 3), "glass", "seen")


def test_what_was_chosen_and_what_spoke_for_it_is_kept_for_clips() -> None:
    kept = RecentChoices()
    context = RoomContext(steer=True)
    context.connect(None, lambda notice: None, None, kept)
    context.named(BOX)
    context.perceive(LANDS)
    context.chosen(1, laid(Family.PAPER), LANDS, LANDS.at + 5)
    context.perceive(Speech(ticks_from_s(2), active=True))
    decision = Decision(LANDS.at, LANDS.at + 5, laid(Family.PAPER), kind=MotionKind.IMPACT)
    assert kept.select(0, ticks_from_s(3), ()) == Choices(
        (), (decision,), (Leaned(LANDS.at, context.leaning(LANDS.at)),)
    )
