"""The watermark laid in piece by piece is the one that a whole sound gets: unheard, where it belongs, and read back."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.detect import detect
from livefoley.marks.embed import mark
from livefoley.marks.masking import HOP
from livefoley.marks.streaming import AUDIBLE, DELAY, LINGER_S, StreamEmbedder
from tests.clips.heard import noise_to_mask_db
from tests.clips.sounds import lasting, level_db, through_ffmpeg
from tests.clips.test_marked import shop

ID = "00c0ffee12345678" * 2
HOSTS = (0, 2, 4, 6, 8)  # of the shop: those who go on talking
EXCERPTS_S = {5: 6, 10: 6, 30: 2}
"""How many excerpts of each length are cut out of a minute."""


def noise(seconds: float, level: float = 0.1) -> Stereo:
    return np.random.default_rng(3).normal(0, level, (2, int(seconds * TICK_RATE))).astype(np.float32)


def fed(embedder: StreamEmbedder, sound: Stereo, generated: Stereo | None, hops: list[int], first: int) -> Stereo:
    """Return the mark of all that has one by the end; pieces have ``hops`` again and again, behind the first."""
    pieces, at, length = [], 0, first
    while at + length <= sound.shape[1]:
        span = slice(at, at + length)
        made = embedder.feed(sound[:, span], generated[:, span] if generated is not None else None)
        due = length - (0 if at else DELAY)
        assert made is None or made.shape == (2, due)
        pieces.append(np.zeros((2, due), np.float32) if made is None else made)
        at, length = at + length, hops[len(pieces) % len(hops)] * HOP
    return np.concatenate(pieces, axis=1)


def live(sound: Stereo, generated: Stereo | None) -> Stereo:
    """Return the mark as a room lays it: two frames of AAC at a time, behind what the limiter looks ahead."""
    return fed(StreamEmbedder(ID), sound, generated, [4], 2048 + 144 + DELAY)


@cache
def host(number: int) -> tuple[Stereo, Stereo]:
    """Return a minute of a shop's mix, the clip's sound again and again, and its mark."""
    clip = shop(number)
    mix, stem = (lasting(each, 61) for each in (clip.mix, clip.stem))
    added = live(mix, stem)
    return mix[:, : added.shape[1]], added


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_pieces_of_any_length_get_the_mark_of_the_whole(hops: list[int]) -> None:
    sound = noise(1.5)
    made = fed(StreamEmbedder(ID), sound, sound, hops, 4 * HOP)
    assert level_db(made - mark(sound, ID)[:, : made.shape[1]]) < level_db(made) - 50


@settings(max_examples=10, deadline=None)
@given(st.integers(DELAY, 5000))
def test_the_first_piece_has_any_length_and_the_mark_is_on_time(first: int) -> None:
    sound = noise(6)
    sound[:, : 3 * TICK_RATE] = 0
    made = fed(StreamEmbedder(ID), sound, sound, [4], first)
    assert not made[:, : 3 * TICK_RATE - 2 * HOP].any()
    assert level_db(made[:, 3 * TICK_RATE + 2 * HOP :]) > level_db(sound[:, 4 * TICK_RATE :]) - 25
    marked = sound[:, : made.shape[1]] + made
    assert detect(marked[:, 3 * TICK_RATE :]).content_id == ID[:ID_DIGITS]


def test_there_is_a_mark_where_sound_is_generated_and_a_little_longer() -> None:
    sound, generated = noise(12), np.zeros((2, 12 * TICK_RATE), np.float32)
    knock = slice(TICK_RATE, TICK_RATE + 4800)
    generated[:, knock] = AUDIBLE * 2
    heard = np.flatnonzero(live(sound, generated)[0])
    assert TICK_RATE - 2 * HOP <= heard[0] <= TICK_RATE
    assert abs(heard[-1] - knock.stop - LINGER_S * TICK_RATE) < 3 * HOP


@pytest.mark.parametrize("generated", [None, np.full((2, 3 * TICK_RATE), AUDIBLE / 2, np.float32)])
def test_where_nothing_generated_is_heard_there_is_none(generated: Stereo | None) -> None:
    assert not live(noise(3), generated).any()


def test_what_cannot_be_marked_is_counted_told_once_and_the_next_is_marked() -> None:
    embedder, sound = StreamEmbedder(ID, "stage"), noise(8)
    sound[:, TICK_RATE : TICK_RATE + 4096] = 1e30
    with capture_logs() as told:
        made = fed(embedder, sound, sound, [4], 2048)
    assert embedder.failures >= 2
    assert [line["room"] for line in told] == ["stage"]
    assert np.isfinite(made).all()
    assert not made[:, TICK_RATE : TICK_RATE + 4096 - 2 * HOP].any()
    assert detect(noise(8)[:, 2 * TICK_RATE : made.shape[1]] + made[:, 2 * TICK_RATE :]).content_id == ID[:ID_DIGITS]


@pytest.mark.parametrize("number", HOSTS)
def test_the_ear_does_not_hear_the_mark_of_a_live_mix(number: int) -> None:
    for sound, added in zip(*host(number), strict=True):
        ratio_db = noise_to_mask_db(sound, added)
        assert 10 * np.log10(np.mean(10 ** (ratio_db / 10))) < -10
        assert np.percentile(ratio_db, 99.9) < 0


@pytest.mark.parametrize(("number", "rate"), [(0, "96k"), (2, "128k"), (4, "96k"), (6, "128k"), (8, "96k")])
def test_the_mark_is_read_in_what_is_cut_out_of_the_stream_anywhere(number: int, rate: str, tmp_path: Path) -> None:
    mix, added = host(number)
    sent = through_ffmpeg(mix + added, tmp_path, "live.m4a", "-c:a", "aac", "-b:a", rate)
    plain = through_ffmpeg(mix, tmp_path, "plain.m4a", "-c:a", "aac", "-b:a", rate)
    rng = np.random.default_rng(number)
    for seconds, count in EXCERPTS_S.items():
        for at in rng.integers(0, sent.shape[1] - seconds * TICK_RATE, count):
            span = slice(int(at), int(at) + seconds * TICK_RATE)
            assert detect(sent[:, span]).content_id == ID[:ID_DIGITS], (seconds, at)
            assert not detect(plain[:, span]).found
