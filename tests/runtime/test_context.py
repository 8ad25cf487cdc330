"""A room's context: what is named and what is judged, as the room's state shows it."""

from __future__ import annotations

import pytest

from livefoley.core.errors import InputError
from livefoley.core.events import Mention
from livefoley.core.families import Family
from livefoley.engine.choice import Choice
from livefoley.runtime.rooms.context import KEPT_ACTIONS, RoomContext

BOX = Mention(0, "boxes", Family.PAPER, "OBJPack_Box")


def laid(family: Family | None, prompt: str | None = "OBJPack_Box") -> Choice:
    return Choice(prompt, family, 1.0, 0.0, "")


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
    context.chosen(1, laid(Family.GLASS))
    context.chosen(2, laid(None))
    context.chosen(3, laid(None, prompt=None))
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
        context.chosen(number, laid(Family.GLASS))
    with pytest.raises(InputError):
        context.thumb(0, up=True, at=0)
    assert context.thumb(KEPT_ACTIONS, up=True, at=0) is Family.GLASS
