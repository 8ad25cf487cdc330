"""What is learned from a room's own microphone: of hits, of talk, of movements that never sound, and of nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.events import MotionKind, MotionOnset, Sight, Speech
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE, s_from_ticks, ticks_from_s
from livefoley.engine.microphone.guarded import Microphone
from livefoley.engine.microphone.own_sound import NEAR, Advice, OwnSound
from livefoley.engine.microphone.pairing import (
    KIND_HALF_LIFE,
    LEAST_LIKELIHOOD,
    MAX_KINDS,
    Kind,
    Pairing,
    kind_of,
)

SECONDS = 60
BLOCK = 1024
SEEN_AFTER_S = 0.25  # how long after its moment a movement is told of


def movement(at_s: float, x: float = 0.2, kind: MotionKind = MotionKind.IMPACT) -> MotionOnset:
    return MotionOnset(ticks_from_s(at_s), kind, 0.8, x=x, size=0.01)


def microphone(hits_s: list[float], hit: float = 0.3, noise: float = 1e-3) -> NDArray[np.float32]:
    """Return a minute of a quiet room with knocks in it."""
    rng = np.random.default_rng(3)
    sound = rng.normal(0, noise, SECONDS * TICK_RATE)
    for at_s in hits_s:
        at, length = ticks_from_s(at_s), TICK_RATE // 10
        sound[at : at + length] += hit * np.exp(-np.arange(length) / 700) * rng.normal(0, 1, length)
    return sound.astype(np.float32)


def told(own: OwnSound, sound: NDArray[np.float32], events: list[MotionOnset | Speech]) -> dict[int, Advice]:
    """Let ``own`` hear and see a minute as a room does; return what it said of each movement, by its tick."""
    coming, advice = sorted(events, key=lambda event: event.at), {}
    for start in range(0, len(sound), BLOCK):
        own.hear(sound[start : start + BLOCK], start)
        while coming and coming[0].at + ticks_from_s(SEEN_AFTER_S) <= start:
            event = coming.pop(0)
            if isinstance(event, Speech):
                own.speech(event)
            else:
                advice[event.at] = own.advise(event)
    return advice


def moments(seed: int, every_s: float = 1.3) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(at_s + rng.uniform(-0.2, 0.2)) for at_s in np.arange(1.5, SECONDS - 2, every_s)]


def test_a_moment_seen_roughly_is_taken_from_the_sound_and_what_stands_out_there_is_not_doubled() -> None:
    hits, rng = moments(1), np.random.default_rng(2)
    seen = [at_s + float(rng.uniform(-0.04, 0.04)) for at_s in hits]
    own = OwnSound()
    advice = told(own, microphone(hits), [movement(at_s) for at_s in seen])
    errors = [min(abs(s_from_ticks(each.at) - at_s) for at_s in hits) for each in advice.values()]
    assert np.mean(errors) < 0.006
    assert np.mean([abs(a - b) for a, b in zip(seen, hits, strict=True)]) > 0.015
    assert np.mean([each.gain_db for each in advice.values()]) < -6.0
    assert "the original sounds here" in next(iter(advice.values())).reason
    figures = own.statistics()
    assert figures.hears
    assert figures.pairs > 0.9 * figures.movements > 3 * figures.chance
    assert figures.sharpened >= 0.9 * len(hits)
    assert figures.lowered >= 0.9 * len(hits)


def test_a_faint_onset_gives_its_moment_and_leaves_the_sound_as_loud_as_it_was() -> None:
    hits = moments(1)
    advice = told(OwnSound(), microphone(hits, hit=0.0025, noise=1e-4), [movement(at_s + 0.02) for at_s in hits])
    sharpened = [each for at, each in advice.items() if each.at != at]
    assert len(sharpened) > 0.9 * len(hits)
    assert all(each.gain_db > -3.0 for each in sharpened)


def test_what_is_never_heard_where_other_movements_are_becomes_unlikely_and_recovers() -> None:
    hits = moments(1)
    waves = [movement(at_s + 0.55, x=0.9) for at_s in hits]
    own = OwnSound()
    advice = told(own, microphone(hits), [*(movement(at_s) for at_s in hits), *waves])
    of_waves = [advice[each.at].likelihood for each in waves]
    assert of_waves[0] == 1.0
    assert of_waves[-1] == pytest.approx(LEAST_LIKELIHOOD, abs=0.1)
    assert all(advice[ticks_from_s(at_s)].likelihood == 1.0 for at_s in hits)
    much_later = movement(SECONDS + 6 * s_from_ticks(KIND_HALF_LIFE), x=0.9)
    assert own.advise(much_later).likelihood == 1.0


def test_a_microphone_that_hears_nothing_that_moves_silences_nothing() -> None:
    advice = told(OwnSound(), microphone([]), [movement(at_s) for at_s in moments(1)])
    assert all(each == Advice(at) for at, each in advice.items())


def test_speech_is_no_sound_of_a_movement_even_where_hands_move_with_every_syllable() -> None:
    syllables = [at_s for at_s in moments(1, every_s=0.7) if (at_s % 6.0) > 1.0]
    talk = [
        Speech(ticks_from_s(at_s), active)
        for begin in range(0, SECONDS, 6)
        for at_s, active in ((begin + 0.9, True), (begin + 5.95, False))
    ]
    own = OwnSound()
    advice = told(own, microphone(syllables), [*talk, *(movement(at_s + 0.02) for at_s in syllables)])
    inside = [each == Advice(at) for at, each in advice.items()]
    assert all(inside)
    assert not own.statistics().hears


def test_music_that_has_nothing_to_do_with_what_moves_explains_its_pairs_by_chance() -> None:
    beats = [float(at_s) for at_s in np.arange(0.5, SECONDS - 1, 0.25)]
    own = OwnSound()
    advice = told(own, microphone(beats), [movement(at_s) for at_s in moments(7)])
    figures = own.statistics()
    assert figures.pairs > 0.2 * figures.movements  # there are pairs enough
    assert not figures.hears
    later = list(advice.items())[len(advice) // 2 :]
    assert sum(each.at != at for at, each in later) < 0.35 * len(later)
    assert all(each.likelihood == 1.0 for each in advice.values())


def test_a_moment_never_moves_further_than_near_and_one_onset_is_one_movements() -> None:
    hits = moments(1)
    events = [movement(at_s + 0.03) for at_s in hits] + [movement(at_s + 0.055, x=0.8) for at_s in hits]
    advice = told(OwnSound(), microphone(hits), events)
    assert all(abs(each.at - at) <= NEAR for at, each in advice.items())
    taken = [each.at for at, each in advice.items() if each.at != at]
    assert len(taken) == len(set(taken))


def test_sweeps_are_left_alone_and_so_is_what_comes_before_its_sound() -> None:
    own = OwnSound()
    hits = moments(1)
    advice = told(own, microphone(hits), [movement(at_s, kind=MotionKind.SWEEP) for at_s in hits])
    assert all(each == Advice(at) for at, each in advice.items())
    assert own.advise(movement(SECONDS + 2)) == Advice(ticks_from_s(SECONDS + 2))


def test_a_hole_in_the_sound_is_not_taken_for_silence() -> None:
    hits = moments(1)
    sound, own = microphone(hits), OwnSound()
    for start in range(0, len(sound) - 2 * BLOCK, 3 * BLOCK):  # every third packet is missing
        own.hear(sound[start : start + 2 * BLOCK], start)
        for at_s in hits:
            if start <= ticks_from_s(at_s) < start + 3 * BLOCK:
                own.advise(movement(at_s))
    assert own.statistics().judged == 0


def test_the_same_sound_in_other_blocks_says_the_same() -> None:
    hits = moments(1)
    sound = microphone(hits)
    whole, pieces = OwnSound(), OwnSound()
    whole.hear(sound, 0)
    for start in range(0, len(sound), 960):
        pieces.hear(sound[start : start + 960], start)
    late = [movement(at_s + 0.01) for at_s in hits if at_s > SECONDS - 5]
    assert late
    assert [whole.advise(each) for each in late] == [pieces.advise(each) for each in late]


def test_kinds_are_few_and_the_oldest_gives_way() -> None:
    pairing = Pairing()
    for number in range(10 * MAX_KINDS):
        pairing.add(Kind(f"thing {number}", 0, 0, False), True, 0.1, number)
    assert len(pairing._kinds) == MAX_KINDS


def test_a_kind_is_what_is_seen_where_and_how_large() -> None:
    glass = Sight(0, families=((Family.GLASS, 0.6), (Family.METAL, 0.2)))
    seen = MotionOnset(0, MotionKind.IMPACT, 0.8, x=0.99, y=0.1, size=0.1, sight=glass)
    assert kind_of(seen) == Kind("glass", 2, 0, True)
    assert kind_of(MotionOnset(0, MotionKind.IMPACT, 0.8, sight=Sight(0, person=0.5))).seen == "person"
    assert kind_of(MotionOnset(0, MotionKind.IMPACT, 0.8, x=1.0, y=1.0)) == Kind("", 2, 1, False)


def test_whatever_breaks_in_it_movements_are_as_they_were() -> None:
    broken = Microphone(learn=True)
    broken.hear(np.zeros((2, 3), np.float32), 0)  # no mono sound
    for start in range(0, 10 * BLOCK, BLOCK):
        broken.hear(np.zeros(BLOCK, np.float32), start)
    assert "not learned from" in broken.problem
    assert broken.advise(movement(1.0)) == Advice(ticks_from_s(1.0))
    assert broken.statistics() is None
    assert Microphone(learn=False).problem == ""


def test_what_breaks_at_who_speaks_is_left_alone_like_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: OwnSound, event: Speech) -> None:
        raise ArithmeticError("broken")

    monkeypatch.setattr(OwnSound, "speech", fails)
    microphone = Microphone(learn=True)
    microphone.speech(Speech(0, True))
    assert "ArithmeticError" in microphone.problem
    microphone.cut()
    assert microphone.advise(movement(1.0)) == Advice(ticks_from_s(1.0))
