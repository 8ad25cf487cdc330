"""What happens any number of times costs a few log lines a minute, and says how many were left out."""

from __future__ import annotations

import pytest
import structlog
from structlog.testing import capture_logs

from livefoley.core.throttle import LogThrottle


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> LogThrottle:
    return LogThrottle(structlog.get_logger(), clock, lines=3, window_s=60.0)


def test_the_first_few_are_said_and_the_next_minute_says_how_many_were_not(throttle: LogThrottle, clock: Clock) -> None:
    with capture_logs() as lines:
        for number in range(10):
            throttle.warning("an item was lost", number=number)
        clock.s += 59.9
        throttle.warning("an item was lost", number=10)
        clock.s += 0.1
        throttle.warning("an item was lost", number=11)
        throttle.warning("an item was lost", number=12)
    assert [line["number"] for line in lines] == [0, 1, 2, 11, 12]
    assert [line.get("left_out") for line in lines] == [None, None, None, 8, None]


def test_one_event_does_not_silence_another(throttle: LogThrottle) -> None:
    with capture_logs() as lines:
        for _ in range(5):
            throttle.error("segment lost")
        throttle.warning("track left out")
    assert [line["event"] for line in lines] == ["segment lost"] * 3 + ["track left out"]
    assert [line["log_level"] for line in lines] == ["error"] * 3 + ["warning"]


def test_an_exception_is_logged_with_its_trace(throttle: LogThrottle) -> None:
    with capture_logs() as lines:
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            throttle.exception("a block was lost", lost=1)
    assert lines == [{"event": "a block was lost", "lost": 1, "exc_info": True, "log_level": "error"}]
