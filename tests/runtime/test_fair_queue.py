"""Fair turns: order within a room, and no room's work in front of all others'."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livefoley.runtime.workers.fair_queue import FairQueue


def served(queue: FairQueue[float]) -> list[str]:
    """Serve until nothing waits; an item is what serving it costs."""
    order = []
    while (found := queue.pop()) is not None:
        room, cost = found
        queue.charge(room, cost)
        order.append(room)
    return order


def test_rooms_take_turns_by_what_they_cost_and_not_by_what_they_send() -> None:
    queue: FairQueue[float] = FairQueue()
    for _ in range(8):
        queue.push("dear", 4.0)
    for _ in range(8):
        queue.push("cheap", 1.0)
    assert "".join(room[0] for room in served(queue)) == "dccccdccccdddddd"


def test_a_room_that_was_idle_is_next_but_has_saved_nothing_up() -> None:
    queue: FairQueue[float] = FairQueue()
    queue.push("late", 1.0)
    assert queue.pop() == ("late", 1.0)
    queue.charge("late", 1.0)
    for _ in range(100):
        queue.push("steady", 1.0)
    for _ in range(50):
        queue.pop()
        queue.charge("steady", 1.0)
    for _ in range(4):
        queue.push("late", 1.0)
    assert served(queue)[:8].count("late") == 4  # every other turn, not four at once


def test_a_room_that_is_gone_is_served_no_more() -> None:
    queue: FairQueue[float] = FairQueue()
    queue.push("gone", 1.0)
    queue.push("here", 1.0)
    queue.forget("gone")
    queue.charge("gone", 1.0)
    assert served(queue) == ["here"]
    assert len(queue) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 2.0)), max_size=60))
def test_every_item_comes_out_once_and_a_rooms_items_in_their_order(items: list[tuple[str, float]]) -> None:
    queue: FairQueue[tuple[int, float]] = FairQueue()
    for number, (room, cost) in enumerate(items):
        queue.push(room, (number, cost))
    out: list[tuple[str, int]] = []
    while (found := queue.pop()) is not None:
        room, (number, cost) = found
        queue.charge(room, cost)
        out.append((room, number))
    assert sorted(number for _, number in out) == list(range(len(items)))
    for room in "abc":
        numbers = [number for each, number in out if each == room]
        assert numbers == sorted(numbers)


@given(st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 1.0), min_size=2))
def test_no_room_that_waits_gets_less_than_its_share_by_more_than_one_item(costs: dict[str, float]) -> None:
    queue: FairQueue[float] = FairQueue()
    for room, cost in costs.items():
        for _ in range(400):
            queue.push(room, cost)
    time_s = dict.fromkeys(costs, 0.0)
    for _ in range(100):
        room, cost = queue.pop() or ("", 0.0)
        queue.charge(room, cost)
        time_s[room] += cost
    assert max(time_s.values()) - min(time_s.values()) <= 2 * max(costs.values())
