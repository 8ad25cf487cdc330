"""The one place for a publisher: who comes in, who has to go, and what is counted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from livefoley.core.media import Disconnected, MediaKind, Packet, SourceItem
from livefoley.media.publisher_slot import OnDuplicate, PublisherSlot, Refusal
from livefoley.media.token_bucket import Bucket

PACKET = Packet(MediaKind.VIDEO, b"four", 0, 0, Fraction(1, 1000), keyframe=True)


@dataclass
class Room:
    """A slot with what came of it, at a time that stands still unless moved."""

    on_duplicate: OnDuplicate = OnDuplicate.REPLACE
    now_s: float = 0.0
    items: list[SourceItem] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slot = PublisherSlot[str](self.on_duplicate, Bucket(2, 10.0, lambda: self.now_s), self._end)

    def _end(self, publisher: str, reason: str) -> None:
        self.ended.append((publisher, reason))
        self.slot.release(publisher, reason)


@contextlib.contextmanager
def running(room: Room) -> Iterator[PublisherSlot[str]]:
    room.slot.open(room.items.append)
    yield room.slot
    room.slot.shut()


def test_a_room_that_does_not_run_takes_nobody_and_feeds_nothing() -> None:
    room = Room()
    assert room.slot.refusal() is room.slot.admit("anna") is Refusal.IDLE
    with running(room) as slot:
        assert slot.admit("anna") is None
        assert slot.hears("anna")
    assert not slot.hears("anna")
    slot.take(PACKET)
    assert slot.release("anna", "gone")
    assert room.items == []


def test_the_newest_takes_over_and_the_one_before_is_sent_away_first() -> None:
    room = Room()
    with running(room) as slot:
        assert slot.admit("anna") is slot.admit("bert") is None
        assert room.ended == [("anna", "another publisher took over")]
        assert (slot.hears("anna"), slot.hears("bert")) == (False, True)
        assert not slot.release("anna", "late to notice")
        slot.take(PACKET)
        assert room.items == [Disconnected("another publisher took over"), PACKET]
        assert (slot.published, slot.taken_over, slot.packets, slot.bytes) == (2, 1, 1, 4)


def test_with_reject_the_first_one_stays_until_it_leaves() -> None:
    room = Room(OnDuplicate.REJECT)
    with running(room) as slot:
        assert slot.admit("anna") is None
        assert slot.refusal() is slot.admit("bert") is Refusal.DUPLICATE
        assert slot.release("anna", "done")
        assert slot.admit("bert") is None
        assert room.ended == []
        assert slot.taken_over == 0


def test_a_storm_of_takeovers_is_held_back_and_passes() -> None:
    room = Room()
    with running(room) as slot:
        taken = [slot.admit(name) for name in ("anna", "bert", "anna", "bert")]
        assert taken == [None, None, None, Refusal.STORM]
        assert slot.publisher == "anna"
        room.now_s = 10.0
        assert slot.admit("bert") is None
        assert slot.release("bert", "done")
        assert slot.admit("anna") is None  # nobody is taken over from
        assert slot.taken_over == 3
