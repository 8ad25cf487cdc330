"""Pauses between attempts double up to a bound, differ between clients, and begin anew when things went well."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.backoff import Backoff


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def test_each_pause_is_twice_the_one_before_up_to_the_bound() -> None:
    backoff = Backoff((0.5, 15.0), uniform=middle)
    assert [backoff.next_s() for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    assert backoff.failures == 7


def test_success_begins_anew() -> None:
    backoff = Backoff((1.0, 8.0), uniform=middle)
    assert [backoff.next_s(), backoff.next_s()] == [1, 2]
    backoff.reset()
    assert backoff.next_s() == 1


def test_what_went_well_for_long_begins_anew_and_what_broke_at_once_does_not() -> None:
    backoff = Backoff((1.0, 8.0), steady_s=10.0, uniform=middle)
    assert [backoff.next_s(lasted_s) for lasted_s in (0.1, 0.1, 10.0, 10.1, 0.1)] == [1, 2, 4, 1, 2]


@given(least=st.floats(0.001, 10), factor=st.floats(1, 1000), jitter=st.floats(0, 0.9), failures=st.integers(-5, 10**6))
def test_a_pause_is_within_its_bounds_however_often_it_failed(
    least: float, factor: float, jitter: float, failures: int
) -> None:
    pause_s = Backoff((least, least * factor), jitter=jitter).after(failures)
    assert math.isfinite(pause_s)
    assert least * (1 - jitter) <= pause_s * (1 + 1e-9)
    assert pause_s <= least * factor * (1 + jitter) * (1 + 1e-9)


def test_clients_that_lost_the_same_server_do_not_come_back_together() -> None:
    pauses = [Backoff((4.0, 4.0)).next_s() for _ in range(200)]
    assert 3.0 <= min(pauses) < 3.3
    assert 4.7 < max(pauses) <= 5.0


def test_without_jitter_pauses_are_exact() -> None:
    assert Backoff((2.0, 60.0), jitter=0.0).after(3) == pytest.approx(8.0)
