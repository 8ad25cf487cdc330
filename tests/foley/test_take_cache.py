"""What recurs is answered from memory, a fresh take comes now and then, and the memory is bounded."""

from __future__ import annotations

import numpy as np

from livefoley.core.cues import CueKind, Sound, SoundRequest
from livefoley.foley.take_cache import KEPT, RENEW_EVERY, TakeCache, strength_of


def asked(prompt: str = "clank", seed: int = 0, intensity: float = 0.7) -> SoundRequest:
    return SoundRequest(CueKind.ACTION, prompt, seed=seed, intensity=intensity)


def sound(name: str) -> Sound:
    return Sound(np.zeros((2, 1000), np.float32), name=name)


def test_fresh_takes_are_asked_for_until_there_are_enough_and_now_and_then_after() -> None:
    takes = TakeCache()
    assert takes.spare(asked()) is None
    for number in range(KEPT):
        assert takes.draw(asked()) is None
        takes.keep(asked(), sound(str(number)))
    drawn = [takes.draw(asked(seed=seed)) for seed in range(2 * RENEW_EVERY)]
    assert 1 <= sum(take is None for take in drawn) <= 3
    assert len({take.name for take in drawn if take is not None}) == KEPT


def test_soft_and_hard_are_kept_apart() -> None:
    takes = TakeCache()
    takes.keep(asked(intensity=1.0), sound("hard"))
    assert takes.spare(asked(intensity=0.2)) is None
    assert strength_of(asked(intensity=0.2)) < strength_of(asked(intensity=0.9))


def test_the_memory_is_bounded_and_the_least_used_is_forgotten_first() -> None:
    one = sound("").samples.nbytes
    takes = TakeCache(most_bytes=3 * one)
    for prompt in ("a", "b", "c", "d"):
        takes.keep(asked(prompt), sound(prompt))
        takes.spare(asked("b"))
    assert takes.bytes <= 3 * one
    assert takes.spare(asked("a")) is None
    assert takes.spare(asked("b")) is not None
