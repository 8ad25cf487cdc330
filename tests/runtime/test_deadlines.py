"""The most urgent first; what is too late, too much or not wanted is shed and counted."""

from __future__ import annotations

from livefoley.runtime.workers.deadlines import DeadlineQueue


def always() -> bool:
    return True


def test_the_earliest_deadline_comes_first_and_of_equal_ones_the_older() -> None:
    queue: DeadlineQueue[str] = DeadlineQueue(8)
    for deadline_s, job in ((3.0, "late"), (1.0, "first"), (2.0, "second"), (1.0, "also first")):
        assert queue.push(deadline_s, always, job)
    assert [queue.pop() for _ in range(5)] == ["first", "also first", "second", "late", None]
    assert queue.shed == 0


def test_what_is_not_wanted_any_more_is_shed_when_its_turn_comes() -> None:
    queue: DeadlineQueue[str] = DeadlineQueue(8)
    wanted = {"a": True, "b": True}
    for job in wanted:
        queue.push(1.0, lambda job=job: wanted[job], job)
    wanted["a"] = False
    assert queue.peek() == "b"
    assert (queue.pop(), queue.pop(), queue.shed) == ("b", None, 1)


def test_what_is_past_its_deadline_is_taken_out_and_more_than_the_limit_is_not_taken() -> None:
    queue: DeadlineQueue[int] = DeadlineQueue(3)
    assert [queue.push(float(job), always, job) for job in range(4)] == [True, True, True, False]
    assert queue.expire(1.0) == [0, 1]
    assert queue.clear() == [2]
    assert (len(queue), queue.shed) == (0, 4)
