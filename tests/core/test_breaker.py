"""A model that fails is left alone for a while and then tried with one request."""

from __future__ import annotations

from livefoley.core.breaker import Breaker, BreakerState


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(failures=3, pause_s=(5.0, 15.0))
    for _ in range(3):
        assert breaker.allow(now)
        breaker.failure(now)
    return breaker


def test_three_failures_in_a_row_open_it_and_a_success_between_does_not() -> None:
    breaker = Breaker(failures=3)
    for _ in range(5):
        breaker.failure(0)
        breaker.failure(0)
        breaker.success()
    assert breaker.state(0) is BreakerState.CLOSED
    assert opened().state(1) is BreakerState.OPEN
    assert not opened().allow(4.9)


def test_after_the_pause_one_request_decides() -> None:
    breaker = opened()
    assert breaker.allow(5.0)
    assert not breaker.allow(5.0)
    assert breaker.state(5.0) is BreakerState.TRIAL
    breaker.success()
    assert breaker.allow(5.0)
    assert breaker.openings == 1


def test_each_failed_trial_doubles_the_pause_up_to_a_limit() -> None:
    breaker, now = opened(), 0.0
    for pause in (5.0, 10.0, 15.0, 15.0):
        assert not breaker.allow(now + pause - 0.1)
        now += pause
        assert breaker.allow(now)
        breaker.failure(now)
    assert breaker.openings == 1
