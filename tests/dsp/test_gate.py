"""Reading a ring front to back, with fades around its holes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.dsp.gate import GatedReader
from livefoley.dsp.ring import TickRing
from tests.dsp.chunks import BLOCK_SIZES, noise, spans

FADE = 100


def reader(filled: list[tuple[int, int]], fade_first: bool = False) -> GatedReader:
    ring = TickRing(1.0)
    for first, last in filled:
        ring.write(np.ones((2, last - first), np.float32), first)
    return GatedReader(ring, FADE, fade_first)


def test_without_a_hole_the_samples_are_the_rings_own() -> None:
    ring, samples = TickRing(1.0), noise(3000)
    ring.write(samples, 0)
    gated = GatedReader(ring, FADE)
    out = np.concatenate([gated.read(start, 500) for start in range(0, 2500, 500)], axis=1)
    assert np.array_equal(out, samples[:, :2500])
    assert gated.holes == 0


def test_both_sides_of_a_hole_are_faded_and_the_hole_is_counted() -> None:
    gated = reader([(0, 1000), (1300, 3000)])
    out = gated.read(0, 2500)[0]
    assert out[899] == 1.0
    assert 0.4 < out[950] < 0.6
    assert out[999] == 0.0
    assert not out[1000:1300].any()
    assert out[1399] == 1.0
    assert np.abs(np.diff(out)).max() < 1.5 / FADE
    assert gated.holes == 1


def test_the_first_sound_is_faded_in_only_when_asked_for() -> None:
    assert reader([(200, 2000)]).read(0, 1000)[0, 200] == 1.0
    assert reader([(200, 2000)], fade_first=True).read(0, 1000)[0, 200] == np.float32(1 / FADE)


def test_what_is_written_behind_the_reader_is_not_heard() -> None:
    ring = TickRing(1.0)
    gated = GatedReader(ring, FADE)
    gated.read(0, 1000)
    ring.write(np.ones((2, 500), np.float32), 800)
    assert gated.read(1000, 300).any()
    assert ring.statistics().late_samples == 200


@settings(deadline=None)
@given(BLOCK_SIZES, st.lists(st.integers(1, 700), max_size=8))
def test_chunked_equals_whole(sizes: list[int], lengths: list[int]) -> None:
    edges = np.cumsum([0, *lengths]).tolist()
    filled = list(zip(edges[0::2], edges[1::2], strict=False))
    whole, chunked = reader(filled), reader(filled)
    parts = np.concatenate([chunked.read(start, n) for start, n in spans(sizes, 4000)], axis=1)
    assert np.array_equal(parts, whole.read(0, 4000))
    assert chunked.holes == whole.holes
