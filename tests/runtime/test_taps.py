"""The batches in which sound goes to those who analyse it."""

from __future__ import annotations

import itertools

import numpy as np

from livefoley.runtime.taps import AUDIO_BATCH, AudioBatcher, audio_from

Batch = tuple[int, int]


def batches(blocks: list[Batch]) -> list[Batch]:
    """Feed blocks of (start, length); return the batches as (start, length)."""
    sent: list[Batch] = []
    batcher = AudioBatcher(lambda payload, start: sent.append((start, len(audio_from(payload)))))
    for start, length in blocks:
        batcher.feed(np.zeros(length, np.float32), start)
    batcher.flush()
    return sent


def contiguous(sent: list[Batch]) -> bool:
    return all(start + length == after for (start, length), (after, _) in itertools.pairwise(sent))


def test_stamps_of_whole_milliseconds_are_no_jumps() -> None:
    frames = [(round(number * 1024 / 48) * 48, 1024) for number in range(100)]
    sent = batches(frames)
    assert contiguous(sent)
    assert sent[0] == (0, AUDIO_BATCH)
    assert sum(length for _, length in sent) == 100 * 1024


def test_a_clock_that_runs_slow_drops_what_it_says_twice() -> None:
    sent = batches([(number * 1020, 1024) for number in range(2000)])
    assert contiguous(sent)
    assert abs(sum(length for _, length in sent) - 2000 * 1020) <= 2048


def test_a_hole_and_a_jump_back_are_told() -> None:
    assert batches([(0, 1000), (3000, 1000)]) == [(0, 1000), (3000, 1000)]
    assert batches([(100_000, 1000), (0, 1000)]) == [(100_000, 1000), (0, 1000)]


def test_samples_travel_unharmed() -> None:
    got: list[np.ndarray] = []
    batcher = AudioBatcher(lambda payload, _: got.append(audio_from(payload)))
    batcher.feed(np.array([0.5, -0.25, 3.0], np.float32), 0)
    batcher.flush()
    assert np.allclose(got[0], [0.5, -0.25, 1.0], atol=1e-4)
