"""The mixer: where sounds land, how loud, under speech, in any blocks; and the original, untouched."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings

from livefoley.core.cues import Cue, CueKind, CurvePoint, Sound, Stereo
from livefoley.core.events import Speech
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.dsp.levels import linear_from_db
from livefoley.dsp.limiter import LOOKAHEAD
from livefoley.dsp.ring import TickRing
from livefoley.engine.audio_input import AudioInput
from livefoley.engine.mixer import LATE, MOST_FOLLOWED, Mixed, Mixer, MixSettings, Placement
from tests.dsp.chunks import BLOCK_SIZES, measured_peak_db, noise, sine, spans

SETTINGS = MixSettings(stem=True)
UNITY = MixSettings(bed_gain_db=0.0, action_gain_db=0.0, accent_gain_db=0.0, stem=True)
PLACED = (CueKind.BED, CueKind.ACTION, CueKind.ACCENT)
IMPULSE = np.zeros((2, 64), np.float32)
IMPULSE[:, 10] = 0.5


def original(samples: Stereo | None = None, start: Tick = 0) -> TickRing:
    ring = TickRing(60.0, min(start, 0))
    if samples is not None:
        ring.write(samples, start)
    return ring


def mixed(mixer: Mixer, n: int, start: Tick = 0, sizes: tuple[int, ...] = (1024,)) -> Mixed:
    blocks = [mixer.mix(start + at, size) for at, size in spans(sizes, n)]
    stems = [block.stem for block in blocks if block.stem is not None]
    program = np.concatenate([block.program for block in blocks], axis=1)
    return Mixed(program, np.concatenate(stems, axis=1) if stems else None)


def cue(start: Tick, kind: CueKind = CueKind.ACTION, gain_db: float = 0.0, pan: float = 0.0) -> Cue:
    return Cue(1, kind, start, start, gain_db=gain_db, pan=pan)


def stem(mixer: Mixer, n: int, start: Tick = 0) -> Stereo:
    block = mixed(mixer, n, start).stem
    assert block is not None
    return block


@settings(deadline=None, max_examples=30)
@given(BLOCK_SIZES)
def test_without_foley_the_program_is_the_original_bit_for_bit(sizes: list[int]) -> None:
    samples = noise(9000, 0.1)
    samples[:, 100] = -0.0
    program = mixed(Mixer(MixSettings(), original(samples)), 8000, sizes=tuple(sizes)).program
    assert program.tobytes() == samples[:, :8000].tobytes()


def test_the_audio_input_is_an_original() -> None:
    audio, samples = AudioInput(), noise(48_000, 0.1)
    audio.feed(samples, 480)
    program = mixed(Mixer(MixSettings(), audio), 40_000, 480).program
    assert np.array_equal(program, samples[:, :40_000])


@pytest.mark.parametrize("kind", PLACED)
@pytest.mark.parametrize("start", [500, 1024, 3333])
def test_a_sounds_onset_lands_on_exactly_its_cues_start(kind: CueKind, start: Tick) -> None:
    mixer = Mixer(UNITY, original())
    assert mixer.place(cue(start, kind), Sound(IMPULSE, onset=10), 0) is Placement.LAID
    program = mixed(mixer, 5000).program
    assert np.flatnonzero(program[0]).tolist() == [start]
    assert program[0, start] == 0.5


@pytest.mark.parametrize(("kind", "gain_db"), [(CueKind.BED, -24.0), (CueKind.ACTION, -12.0), (CueKind.ACCENT, -9.0)])
def test_each_kind_has_its_gain_and_a_cue_adds_its_own(kind: CueKind, gain_db: float) -> None:
    mixer = Mixer(SETTINGS, original())
    mixer.place(cue(500, kind, gain_db=-3.0), Sound(IMPULSE, onset=10), 0)
    assert mixed(mixer, 2000).program[1, 500] == pytest.approx(0.5 * linear_from_db(gain_db - 3.0), rel=1e-5)


def test_a_cue_is_heard_where_it_is_seen() -> None:
    mixer = Mixer(UNITY, original())
    mixer.place(cue(500, pan=-1.0), Sound(IMPULSE, onset=10), 0)
    left, right = mixed(mixer, 2000).program[:, 500]
    assert left == pytest.approx(0.5 * 2**0.5)
    assert right == pytest.approx(0.0, abs=1e-6)


def test_an_action_that_is_late_is_dropped_and_an_accent_starts_now() -> None:
    mixer = Mixer(UNITY, original())
    mixer.mix(0, 9600)
    sound = Sound(np.ones((2, 4800), np.float32) * 0.5)
    assert mixer.place(cue(9600 - LATE - 1), sound, 9600) is Placement.DROPPED
    assert mixer.place(cue(5000, CueKind.ACCENT), sound, 9600) is Placement.SHIFTED
    heard = np.flatnonzero(stem(mixer, 9600, 9600)[0]) + 9600
    assert (heard[0], heard.size) == (9600 + LOOKAHEAD, 4800)
    statistics = mixer.statistics()
    assert (statistics.laid, statistics.shifted, statistics.dropped) == (0, 1, 1)


def test_an_action_that_is_hardly_late_keeps_its_place_and_fades_in() -> None:
    mixer = Mixer(UNITY, original())
    mixer.mix(0, 9600)
    assert mixer.place(cue(9600 - 100), Sound(np.ones((2, 4800), np.float32) * 0.5), 9600) is Placement.LAID
    out = stem(mixer, 9600, 9600)[0]
    assert np.flatnonzero(out)[-1] == 4800 - 100 - 1
    assert np.abs(np.diff(out[:4000])).max() < 0.01


def test_a_flood_of_sounds_is_capped_and_counted() -> None:
    mixer = Mixer(UNITY, original(), limit=16)
    for number in range(100):
        mixer.place(cue(1000 + number), Sound(IMPULSE * (0.01 + number / 100), onset=10), 0)
    assert mixer.statistics().sounds == 16
    assert mixer.statistics().evicted == 84
    assert np.flatnonzero(stem(mixer, 3000)[0]).tolist() == list(range(1084, 1100))


def test_the_bed_is_laid_by_tick_and_fades_where_it_runs_out() -> None:
    mixer = Mixer(UNITY, original())
    assert mixer.bed_horizon == 0
    for first in (0, 24_000):
        mixer.add_bed(np.full((2, 24_000), 0.5, np.float32), first)
    assert mixer.bed_horizon == 48_000
    head = stem(mixer, 60_000)
    mixer.add_bed(np.full((2, 48_000), 0.5, np.float32), 72_000)
    out = np.concatenate((head, stem(mixer, 48_000, 60_000)), axis=1)[0]
    assert out[30_000] == 0.5
    assert not out[48_000:72_000].any()
    assert out[80_000] == 0.5
    assert np.abs(np.diff(out)).max() < 0.0005
    assert mixer.statistics().bed_holes == 1


def test_bed_behind_the_playhead_is_counted() -> None:
    mixer = Mixer(UNITY, original())
    mixer.mix(0, 4800)
    mixer.add_bed(np.ones((2, 4800), np.float32), 0)
    assert mixer.statistics().bed_late_samples == 4800
    assert mixer.bed_horizon == 4800 + LOOKAHEAD


def test_foley_ducks_under_speech_and_the_original_does_not() -> None:
    voice = sine(220.0, 160_000, 0.2)
    mixer = Mixer(dataclasses.replace(UNITY, duck_db=8.0), original(voice))
    mixer.add_bed(np.full((2, 160_000), 0.1, np.float32), 0)
    mixer.speech(Speech(48_000, True, -20.0))
    mixer.speech(Speech(60_000, False))
    out = mixed(mixer, 150_000)
    assert out.stem is not None
    assert out.stem[0, 40_000] == pytest.approx(0.1)
    assert out.stem[0, 48_000:60_000] == pytest.approx(0.1 * linear_from_db(-8.0))
    assert out.stem[0, 149_000] == pytest.approx(0.1)
    assert np.allclose(out.program - out.stem, voice[:, :150_000], atol=1e-6)


def loaded(seed: int = 3, level: float = 0.2) -> Mixer:
    """Return a mixer with an original, a bed, cues of each kind and speech."""
    mixer, rng = Mixer(SETTINGS, original(noise(40_000, level, seed))), np.random.default_rng(seed)
    mixer.add_bed(noise(15_000, 0.2, seed + 1), 2000)
    mixer.speech(Speech(9000, True))
    mixer.speech(Speech(11_000, False))
    for number in range(12):
        kind = PLACED[number % 3]
        sound = Sound(noise(int(rng.integers(100, 9000)), 0.2, number), onset=int(rng.integers(0, 100)))
        mixer.place(cue(int(rng.integers(100, 20_000)), kind, pan=float(rng.uniform(-1, 1))), sound, 0)
    return mixer


@settings(deadline=None, max_examples=40)
@given(BLOCK_SIZES)
def test_chunked_equals_whole(sizes: list[int]) -> None:
    whole, chunked = mixed(loaded(), 30_000, sizes=(30_000,)), mixed(loaded(), 30_000, sizes=tuple(sizes))
    assert whole.stem is not None
    assert chunked.stem is not None
    assert np.array_equal(whole.stem, chunked.stem)
    assert np.allclose(whole.program, chunked.program, atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(BLOCK_SIZES)
def test_who_mixes_again_gets_the_original_and_the_foley_in_step_with_the_program(sizes: list[int]) -> None:
    samples = noise(9000, 0.1)
    mixer = Mixer(dataclasses.replace(UNITY, stem=False, apart=True), original(samples))
    mixer.place(cue(3000), Sound(IMPULSE, onset=10), 0)
    blocks = [mixer.mix(at, size) for at, size in spans(tuple(sizes), 8000)]
    assert all(block.original is not None and block.foley is not None for block in blocks)
    apart = np.concatenate([block.original for block in blocks], axis=1)  # type: ignore[arg-type]
    foley = np.concatenate([block.foley for block in blocks], axis=1)  # type: ignore[arg-type]
    assert apart.tobytes() == samples[:, :8000].tobytes()
    assert np.flatnonzero(foley[0]).tolist() == [3000]
    assert Mixer(UNITY, original()).mix(0, 512).original is None


def test_original_and_stem_make_the_program_while_the_limiter_is_idle() -> None:
    mixer = loaded(level=0.05)
    out = mixed(mixer, 30_000)
    assert out.stem is not None
    assert out.stem.any()
    assert mixer.statistics().limiter_gain_db == 0.0
    assert np.allclose(out.program, noise(40_000, 0.05, 3)[:, :30_000] + out.stem, atol=1e-6)


def test_the_program_never_exceeds_the_ceiling() -> None:
    mixer = Mixer(UNITY, original(noise(60_000, 0.5)))
    mixer.add_bed(noise(60_000, 1.0, 5), 0)
    assert measured_peak_db(mixed(mixer, 48_000).program) <= -0.9


def test_new_settings_are_taken_smoothly() -> None:
    mixer = Mixer(UNITY, original())
    mixer.add_bed(np.full((2, 120_000), 0.5, np.float32), 0)
    head = stem(mixer, 24_000)
    mixer.settings = dataclasses.replace(UNITY, bed_gain_db=-20.0)
    quieter = stem(mixer, 24_000, 24_000)
    mixer.settings = dataclasses.replace(UNITY, mute=True)
    out = np.concatenate((head, quieter, stem(mixer, 24_000, 48_000)), axis=1)[0]
    assert out[47_000] == pytest.approx(0.05)
    assert not out[48_000 + TICK_RATE // 10 + LOOKAHEAD :].any()
    assert np.abs(np.diff(out)).max() < 0.0005


def test_muted_foley_leaves_the_original_alone() -> None:
    samples = noise(20_000, 0.1)
    mixer = Mixer(dataclasses.replace(UNITY, mute=True), original(samples))
    mixer.add_bed(noise(20_000), 0)
    assert np.array_equal(mixed(mixer, 10_000).program, samples[:, :10_000])


def test_without_the_setting_there_is_no_stem_and_it_may_be_asked_for_at_any_time() -> None:
    mixer = Mixer(dataclasses.replace(UNITY, stem=False), original())
    mixer.add_bed(np.full((2, 20_000), 0.25, np.float32), 0)
    assert mixer.mix(0, 4800).stem is None
    mixer.settings = UNITY
    assert stem(mixer, 4800, 4800)[0] == pytest.approx(0.25)


def test_a_jump_of_the_playhead_starts_anew_at_its_place() -> None:
    samples = noise(480_000, 0.1)
    mixer = Mixer(UNITY, original(samples))
    mixer.place(cue(300_000), Sound(IMPULSE, onset=10), 0)
    mixer.mix(0, 4800)
    out = mixed(mixer, 96_000, 240_000)
    assert out.stem is not None
    assert np.flatnonzero(out.stem[0]).tolist() == [60_000]
    assert np.array_equal(out.program - out.stem, (samples[:, 240_000:336_000] + out.stem) - out.stem)


def test_a_sound_that_is_not_a_number_does_not_silence_the_mix() -> None:
    samples = noise(20_000, 0.1)
    mixer = Mixer(UNITY, original(samples))
    mixer.place(cue(1000), Sound(np.full((2, 500), np.nan, np.float32)), 0)
    mixer.add_bed(np.full((2, 5000), np.inf, np.float32), 0)
    assert np.array_equal(mixed(mixer, 10_000).program, samples[:, :10_000])


def test_what_lasts_is_an_action_for_the_controls_and_gives_way_to_speech() -> None:
    def lasting(mix: MixSettings, speaks: bool = False) -> float:
        mixer = Mixer(mix, original())
        if speaks:
            mixer.speech(Speech(0, active=True))
        mixer.follow(1, [CurvePoint(0, 0.0), CurvePoint(TICK_RATE, 0.0)], True)
        assert mixer.place(cue(0, CueKind.LASTING), Sound(noise(TICK_RATE, 0.1)), 0) is Placement.LAID
        assert mixer.statistics().sounds == 1
        return float(np.std(stem(mixer, TICK_RATE)))

    full = lasting(UNITY)
    assert full > 0.05
    assert lasting(dataclasses.replace(UNITY, action_gain_db=-20.0)) == pytest.approx(full / 10, rel=0.02)
    assert lasting(dataclasses.replace(UNITY, mute=True)) == 0.0
    assert lasting(UNITY, speaks=True) < 0.6 * full


def test_what_lasts_ends_with_its_movement_and_what_nobody_leads_is_not_heard() -> None:
    mixer = Mixer(UNITY, original())
    mixer.follow(1, [CurvePoint(0, 0.0)], False)
    mixer.place(cue(0, CueKind.LASTING), Sound(noise(TICK_RATE, 0.1)), 0)
    assert mixer.place(dataclasses.replace(cue(0, CueKind.LASTING), id=2), Sound(IMPULSE), 0) is Placement.DROPPED
    sound = stem(mixer, 3 * TICK_RATE)
    assert sound.any()
    assert not sound[:, TICK_RATE * 6 // 10 :].any()
    assert mixer.statistics().sounds == 0


def test_no_more_than_a_few_are_led_at_once() -> None:
    mixer = Mixer(UNITY, original())
    for number in range(10):
        mixer.follow(number, [CurvePoint(0, 0.0)], False)
    assert mixer.statistics().sounds == MOST_FOLLOWED
