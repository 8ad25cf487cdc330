"""Live clips are made before batch ones, which never take all the slots."""

from __future__ import annotations

from livefoley.clips.model import Priority
from livefoley.runtime.clips.line import MAX_WAITING, ClipLine

LIVE, BATCH = Priority.LIVE, Priority.BATCH


def line(slots: int, **clips: Priority) -> ClipLine:
    made = ClipLine(slots)
    for clip_id, priority in clips.items():
        made.add(clip_id, priority)
    return made


def test_live_ones_come_first_and_each_kind_in_its_order() -> None:
    waiting = line(9, a=BATCH, b=LIVE, c=BATCH, d=LIVE)
    assert [waiting.take() for _ in range(5)] == ["b", "d", "a", "c", None]
    assert waiting.making == ("b", "d", "a", "c")


def test_batch_ones_have_half_of_the_slots_and_one_at_least() -> None:
    for slots, batch in ((1, 1), (2, 1), (4, 2), (5, 2)):
        waiting = line(slots, **{f"clip{number}": BATCH for number in range(9)})
        assert sum(waiting.take() is not None for _ in range(9)) == batch
        waiting.add("live", LIVE)
        assert waiting.take() == ("live" if slots > 1 else None)


def test_what_a_worker_died_over_is_made_again_before_the_others() -> None:
    waiting = line(2, a=LIVE, b=LIVE, c=LIVE)
    assert [waiting.take(), waiting.take(), waiting.take()] == ["a", "b", None]
    unfinished = waiting.interrupt()
    assert unfinished == {"a": LIVE, "b": LIVE}
    assert waiting.making == ()
    waiting.put_first(unfinished)
    assert [waiting.take(), waiting.take()] == ["a", "b"]


def test_what_is_forgotten_or_over_makes_room() -> None:
    waiting = line(1, a=LIVE, b=LIVE)
    assert waiting.take() == "a"
    assert (waiting.take(), len(waiting)) == (None, 1)
    waiting.forget("a")
    assert waiting.take() == "b"
    assert not waiting.is_empty
    waiting.forget("b")
    waiting.forget("never there")
    assert waiting.is_empty


def test_each_kind_may_fill_its_own_line_alone() -> None:
    waiting = line(1, **{f"clip{number}": BATCH for number in range(MAX_WAITING)})
    assert waiting.is_full(BATCH)
    assert not waiting.is_full(LIVE)
