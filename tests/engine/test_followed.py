"""A sound that is led: its level, place and pitch follow, in any blocks, and nothing clicks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from livefoley.core.cues import CurvePoint, Stereo
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.lasting.followed import CUT_OUT, FADE_OUT, HOLD, Followed, looped
from tests.dsp.chunks import BLOCK_SIZES, spans

BLOCK = 1024
TONE = np.tile(np.sin(2 * np.pi * 500 * np.arange(2 * TICK_RATE) / TICK_RATE), (2, 1)).astype(np.float32)
STEEPEST = 1.5 * 2 * np.pi * 500 / TICK_RATE  # of that tone, per tick; where its ends are woven, two of them meet
PASSING = [
    CurvePoint(TICK_RATE, -20.0, -1.0, 1.03),
    CurvePoint(2 * TICK_RATE, 0.0, 0.0, 1.0),
    CurvePoint(3 * TICK_RATE, -20.0, 1.0, 0.97),
]


def heard(followed: Followed, n: int, start: Tick = 0, sizes: tuple[int, ...] = (BLOCK,)) -> Stereo:
    """Return what is heard of it, in blocks."""
    blocks = [(followed.render(start + at, size), size) for at, size in spans(sizes, n)]
    return np.concatenate([np.zeros((2, size)) if block is None else block for block, size in blocks], axis=1)


def laid(points: list[CurvePoint], ended: bool = True) -> Followed:
    """Return the tone, led along points."""
    followed = Followed()
    followed.follow(points, ended)
    followed.lay(TONE, 0)
    return followed


def level(sound: Stereo, at_s: float, channel: int = 0) -> float:
    """Return the RMS of a tenth of a second."""
    return float(np.std(sound[channel, round(at_s * TICK_RATE) : round((at_s + 0.1) * TICK_RATE)]))


def test_level_and_place_follow_and_it_is_loudest_where_it_is_nearest() -> None:
    sound = heard(laid(PASSING), 4 * TICK_RATE)
    assert not sound[:, : TICK_RATE // 2].any()
    assert level(sound, 1.95) > 3 * level(sound, 1.0)
    assert level(sound, 1.95) > 3 * level(sound, 2.95, 1)
    assert level(sound, 1.0, 0) > 3 * level(sound, 1.0, 1)
    assert level(sound, 2.95, 1) > 3 * level(sound, 2.95, 0)
    assert not sound[:, 3 * TICK_RATE + HOLD + FADE_OUT :].any()


def test_its_pitch_falls_as_it_passes() -> None:
    sound = heard(laid(PASSING), 4 * TICK_RATE)

    def turns(at_s: float) -> int:
        part = sound[:, round(at_s * TICK_RATE) :][:, : TICK_RATE // 2].sum(axis=0)
        return int(np.count_nonzero(np.diff(np.sign(part))))

    assert turns(1.0) > turns(1.75) > turns(2.5)


@settings(deadline=None, max_examples=20)
@given(BLOCK_SIZES)
def test_chunked_equals_whole(sizes: list[int]) -> None:
    n = 4 * TICK_RATE
    whole, chunked = heard(laid(PASSING), n, sizes=(n,)), heard(laid(PASSING), n, sizes=tuple(sizes))
    np.testing.assert_allclose(chunked, whole, atol=1e-5)


def test_where_nobody_leads_it_any_more_it_fades_within_half_a_second_and_no_end_clicks() -> None:
    followed = laid([CurvePoint(TICK_RATE, 0.0), CurvePoint(2 * TICK_RATE, 0.0)], ended=False)
    sound = heard(followed, 3 * TICK_RATE)
    assert level(sound, 1.9) > 0.6
    assert not sound[:, 5 * TICK_RATE // 2 :].any()
    assert np.abs(np.diff(sound)).max() < STEEPEST
    assert followed.over(4 * TICK_RATE + 1)


def test_it_goes_on_without_a_click_when_it_is_led_again_or_late() -> None:
    followed = laid([CurvePoint(TICK_RATE, 0.0), CurvePoint(3 * TICK_RATE // 2, 0.0)], ended=False)
    first = heard(followed, 7 * TICK_RATE // 4 // BLOCK * BLOCK)
    at = first.shape[1]
    followed.follow([CurvePoint(at - 4000, -3.0), CurvePoint(at + 9000, 0.0), CurvePoint(at + TICK_RATE, 0.0)])
    sound = np.concatenate((first, heard(followed, TICK_RATE, at)), axis=1)
    assert np.abs(np.diff(sound)).max() < STEEPEST
    assert level(sound, 2.2) > 0.6


def test_what_is_laid_too_late_for_its_beginning_fades_in_where_it_is() -> None:
    followed = Followed()
    followed.follow([CurvePoint(0, 0.0), CurvePoint(2 * TICK_RATE, 0.0)])
    assert not heard(followed, TICK_RATE).any()
    followed.lay(TONE, TICK_RATE // 2)
    sound = heard(followed, TICK_RATE, TICK_RATE)
    assert np.abs(sound[:, 0]).max() < 0.01
    assert np.abs(np.diff(sound)).max() < STEEPEST
    assert level(sound, 0.5) > 0.6


def test_a_loop_has_no_seam() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 3 * TICK_RATE)).cumsum(axis=1).astype(np.float32)
    loop = looped(noise)
    steepest = np.abs(np.diff(noise)).max()
    assert np.abs(loop[:, 0] - loop[:, -1]).max() <= 2 * steepest
    assert looped(np.zeros((2, 1), np.float32)).shape == (2, 1)


def test_it_ends_where_the_picture_is_cut_and_begins_no_sooner_than_its_scene() -> None:
    cut = round(2.5 * TICK_RATE)
    for late in (False, True):  # the cut is told of before its last points, or after
        followed = laid(PASSING[: 2 if not late else 3], ended=late)
        followed.cut(cut)
        followed.follow(PASSING[2:], ended=True)
        sound = heard(followed, 4 * TICK_RATE)
        assert level(sound, 2.05) > 0.2
        assert not sound[:, cut + CUT_OUT :].any()
        assert np.abs(np.diff(sound[:, TICK_RATE:])).max() < STEEPEST
        assert followed.over(cut + CUT_OUT + 1)
    follows = Followed(begin=cut)
    follows.follow(PASSING, ended=True)
    follows.lay(TONE, 0)
    sound = heard(follows, 4 * TICK_RATE)
    assert not sound[:, :cut].any()
    assert level(sound, 2.95, 1) > 0.02
