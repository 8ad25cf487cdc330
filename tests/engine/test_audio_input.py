"""Decoded sound on the timeline: coarse stamps, drifting clocks, lost packets, jumps and late sound."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.audio_input import FADE, AudioInput
from tests.dsp.chunks import noise

ORIGIN = 100_003
PACKET = 1024
PULSE = np.hanning(41).astype(np.float32)


def whole_ms(tick: float) -> int:
    return round(tick / 48) * 48


def pulses(first: int, n: int, every: int) -> Stereo:
    """Return the samples ``first .. first + n`` of a source that sends a pulse every ``every`` samples."""
    out = np.zeros((2, n + 2 * PULSE.size), np.float32)
    for centre in range((first // every) * every + every // 3, first + n + PULSE.size, every):
        at = centre - first + PULSE.size - PULSE.size // 2
        if 0 <= at <= n + PULSE.size:
            out[:, at : at + PULSE.size] += PULSE
    return out[:, PULSE.size : PULSE.size + n]


def pulse_places(samples: Stereo, start: int) -> Iterator[float]:
    """Yield the tick of the centre of each pulse."""
    loud = np.flatnonzero(samples[0] > 0.3)
    for group in np.split(loud, np.flatnonzero(np.diff(loud) > PULSE.size) + 1) if loud.size else ():
        part = samples[0, group[0] : group[-1] + 1] - 0.3
        yield start + group[0] + float(np.sum(part * np.arange(part.size)) / np.sum(part))


def errors_ms(
    ppm: float,
    jitter_ms: float,
    seconds: float,
    packet: int = PACKET,
    every: int = 24_000,
    lost: frozenset[int] = frozenset(),
) -> tuple[np.ndarray, AudioInput]:
    """Stream pulses from a source with a drifting clock; return how far from the truth each comes out, in ms."""
    rng, audio, errors = np.random.default_rng(1), AudioInput(15.0), []
    read, stretch = ORIGIN - packet, 1 + ppm * 1e-6
    for number in range(int(seconds * TICK_RATE) // packet):
        first = number * packet
        true = ORIGIN + first * stretch
        if number not in lost:
            audio.feed(pulses(first, packet, every), whole_ms(true + rng.uniform(-jitter_ms, jitter_ms) * 48))
        while read + every < true - TICK_RATE:
            for place in pulse_places(audio.read(read, every), read):
                source = (place - ORIGIN) / stretch
                pulse = round((source - every // 3) / every) * every + every // 3
                errors.append((place - ORIGIN - pulse * stretch) / 48)
            read += every
    return np.array(errors), audio


@pytest.mark.parametrize("ppm", [-500, -200, 0, 200, 500])
@pytest.mark.parametrize("jitter_ms", [0.0, 0.5])
def test_sound_stays_within_two_milliseconds_of_the_truth_for_a_minute(ppm: int, jitter_ms: float) -> None:
    errors, audio = errors_ms(ppm, jitter_ms, 60.0)
    assert errors.size > 110
    assert np.abs(errors).max() <= 2.0
    assert audio.statistics().drift_ppm == pytest.approx(ppm, abs=5)


def test_sound_stays_in_place_for_three_hours_of_drift() -> None:
    errors, audio = errors_ms(350, 0.0, 3 * 3600, packet=24_000, every=480_000)
    assert errors.size > 1000
    assert np.abs(errors).max() <= 2.0
    assert audio.statistics().resyncs == 0


def test_bad_stamps_of_five_milliseconds_are_smoothed() -> None:
    errors, audio = errors_ms(200, 5.0, 60.0)
    assert np.abs(errors).max() <= 2.0 + 5.0  # the anchor itself may be that far off
    assert np.abs(errors[errors.size // 2 :]).max() <= 2.0
    assert audio.statistics().gaps == audio.statistics().resyncs == 0


@pytest.mark.parametrize("ppm", [0, 200])
def test_lost_packets_never_shift_sound_against_picture(ppm: int) -> None:
    lost = frozenset({100, 300, 301, 500, 501, 502, 503, 504, 900})
    errors, audio = errors_ms(ppm, 0.0, 40.0, lost=lost)
    assert np.abs(errors).max() <= 2.0
    statistics = audio.statistics()
    assert (statistics.gaps, statistics.resyncs, statistics.strays) == (3, 1, 0)


def streamed(audio: AudioInput, samples: Stereo, stamps: list[int], packet: int = PACKET) -> None:
    for number, stamp in enumerate(stamps):
        audio.feed(samples[:, number * packet : (number + 1) * packet], stamp)


def test_sound_without_drift_passes_bit_for_bit() -> None:
    audio, samples = AudioInput(), noise(100 * PACKET)
    stamps = [whole_ms(ORIGIN + number * PACKET) for number in range(100)]
    streamed(audio, samples, stamps)
    assert np.array_equal(audio.read(stamps[0], 90 * PACKET), samples[:, : 90 * PACKET])


def test_a_hole_is_exactly_as_long_as_what_was_lost_and_fades_at_both_sides() -> None:
    audio, ones = AudioInput(), np.ones((2, 40 * PACKET), np.float32)
    numbers = [*range(20), *range(21, 40)]
    streamed(audio, ones, [whole_ms(ORIGIN + number * PACKET) for number in numbers])
    out = audio.read(whole_ms(ORIGIN), 38 * PACKET)[0]
    hole = np.flatnonzero(out[: 38 * PACKET] == 0.0)
    assert (hole[0], hole[-1]) == (20 * PACKET - 1, 21 * PACKET - 1)
    assert np.abs(np.diff(out)).max() < 1.5 / FADE
    assert audio.statistics().gaps == 1


def test_one_bad_stamp_moves_nothing() -> None:
    audio, samples = AudioInput(), noise(60 * PACKET)
    stamps = [whole_ms(ORIGIN + number * PACKET) for number in range(60)]
    stamps[20] += 48_000
    stamps[40] -= 20_000
    streamed(audio, samples, stamps)
    assert np.array_equal(audio.read(stamps[0], 50 * PACKET), samples[:, : 50 * PACKET])
    assert audio.statistics().strays == 2


def test_an_encoder_that_stamps_ten_milliseconds_off_and_back_runs_on_without_holes() -> None:
    # as in shared/footage/tears_of_steel_fight.mp4, cut from a WebM whose stamps were never even
    audio, rng = AudioInput(), np.random.default_rng(4)
    samples = np.ones((2, 700 * PACKET), np.float32)
    off_ms = rng.choice([0, 0, 0, 0, -10, -10, -20, 10], 700).repeat(3)[:700]
    streamed(audio, samples, [whole_ms(ORIGIN + number * PACKET) + int(ms) * 48 for number, ms in enumerate(off_ms)])
    heard = audio.read(ORIGIN + 5_000, 6 * TICK_RATE)
    assert heard.min() > 0.98  # no hole, and hardly stretched
    assert audio.statistics().gaps == audio.statistics().resyncs == 0


@pytest.mark.parametrize("jump", [4800, 96_000, -9600])
def test_a_jump_moves_the_sound_to_its_new_place_without_a_click(jump: int) -> None:
    audio, ones = AudioInput(), np.ones((2, 100 * PACKET), np.float32)
    stamps = [ORIGIN + number * PACKET + (jump if number >= 50 else 0) for number in range(100)]
    streamed(audio, ones, stamps)
    out = audio.read(ORIGIN, 95 * PACKET + jump)[0]
    assert audio.end == pytest.approx(stamps[-1] + PACKET, abs=16)
    assert np.abs(np.diff(out)).max() < 1.5 / FADE
    assert audio.statistics().resyncs == 1


@pytest.mark.parametrize("lookahead_s", [1.5, 0.3])
@pytest.mark.parametrize("packet", [480, PACKET])
@pytest.mark.parametrize("step_ms", [-50, -30, -9, 9, 15, 40, 58])
def test_a_step_that_lasts_is_taken_at_once_and_without_a_click(step_ms: int, packet: int, lookahead_s: float) -> None:
    audio, out, read = AudioInput(), [], ORIGIN
    ones, changed = np.ones((2, packet), np.float32), 3 * TICK_RATE // packet
    for number in range(2 * changed):
        stamp = ORIGIN + number * packet + (step_ms * 48 if number >= changed else 0)
        audio.feed(ones, whole_ms(stamp))
        while read < stamp - lookahead_s * TICK_RATE:
            out.append(audio.read(read, packet)[0])
            read += packet
    assert audio.end == pytest.approx(stamp + packet, abs=96)
    assert np.abs(np.diff(np.concatenate(out)[FADE:])).max() < 1.5 / FADE
    statistics = audio.statistics()
    assert statistics.gaps + statistics.resyncs == 1
    moved = np.flatnonzero(np.concatenate(out)[FADE:] == 0.0) + ORIGIN + FADE - (ORIGIN + changed * packet)
    assert moved[0] <= (0.1 if lookahead_s > 1 else 0.6) * TICK_RATE


def test_steps_that_go_back_again_move_nothing() -> None:
    audio = AudioInput()
    samples = np.ones((2, 400 * PACKET), np.float32)
    off_ms = [10 if number // 12 % 2 else 0 for number in range(400)]  # a quarter of a second each
    streamed(audio, samples, [whole_ms(ORIGIN + number * PACKET) + ms * 48 for number, ms in enumerate(off_ms)])
    assert audio.statistics().gaps == audio.statistics().resyncs == 0


def test_sound_behind_the_playhead_is_dropped_and_counted() -> None:
    audio = AudioInput()
    audio.feed(noise(PACKET), ORIGIN)
    audio.read(ORIGIN, 48_000)
    for number in range(1, 60):
        audio.feed(noise(PACKET), ORIGIN + number * PACKET)
    assert audio.statistics().late_samples == 48_000 - (PACKET - 16) + 0
    assert audio.read(ORIGIN + 48_000, 4800).any()


def test_the_end_of_a_publisher_fades_and_the_next_one_anchors_anew() -> None:
    audio, ones = AudioInput(), np.ones((2, 10 * PACKET), np.float32)
    streamed(audio, ones, [ORIGIN + number * PACKET for number in range(10)])
    audio.reset(1)
    again = ORIGIN + 20 * PACKET + 7
    streamed(audio, ones, [again + number * PACKET for number in range(10)])
    out = audio.read(ORIGIN, 25 * PACKET)[0]
    assert not out[10 * PACKET : 20 * PACKET + 7].any()
    assert out[20 * PACKET + 7] > 0.0
    assert np.abs(np.diff(out)).max() < 1.5 / FADE
    assert (audio.statistics().epoch, audio.statistics().resyncs) == (1, 0)


def test_a_block_that_is_held_back_is_placed_before_it_is_due() -> None:
    audio, ones = AudioInput(), np.ones((2, PACKET), np.float32)
    audio.feed(ones, ORIGIN)
    audio.feed(ones, ORIGIN + 48_000)  # a pause, and no further block to confirm it
    audio.read(ORIGIN, 47_000)
    assert audio.read(ORIGIN + 47_000, 3000)[0, 1500] == 1.0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(-200_000, 2_000_000)), max_size=40), st.integers(100, 9000))
def test_no_stamps_however_wild_break_it(blocks: list[tuple[int, int]], n: int) -> None:
    audio, read = AudioInput(2.0), 0
    for length, stamp in blocks:
        audio.feed(np.ones((2, length), np.float32), stamp)
        out = audio.read(read, n)
        assert out.shape == (2, n)
        assert np.abs(out).max() <= 1.2
        read += n
    audio.reset(2)
    assert audio.statistics().blocks == len(blocks)


def test_what_is_not_a_number_is_silenced() -> None:
    audio = AudioInput()
    streamed(audio, np.full((2, 10 * PACKET), np.nan, np.float32), [ORIGIN + number * PACKET for number in range(10)])
    assert not audio.read(ORIGIN, 5 * PACKET).any()


def test_what_is_heard_is_in_one_piece_though_stamps_are_whole_milliseconds() -> None:
    heard: list[tuple[Stereo, int]] = []
    audio, samples = AudioInput(on_sound=lambda block, at: heard.append((block, at))), noise(100 * PACKET)
    streamed(audio, samples, [whole_ms(ORIGIN + number * PACKET) for number in range(100)])
    audio.flush()
    assert all(at + block.shape[1] == later for (block, at), (_, later) in pairwise(heard))
    np.testing.assert_array_equal(np.concatenate([block for block, _ in heard], axis=1), samples)
