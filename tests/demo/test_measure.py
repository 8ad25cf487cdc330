"""The demo's measures, held against sounds whose truth is known."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.errors import InputError, OutputError
from livefoley.core.ticks import TICK_RATE
from livefoley.demo import measure, spectrogram
from livefoley.demo.recording import Pictures, read_pictures, read_sound
from livefoley.demo.voice import host

HITS_S = (1.0, 1.5, 2.2, 3.01)


def rain(seconds: float, level: float = 0.01) -> np.ndarray:
    return (np.random.default_rng(2).standard_normal((2, round(seconds * TICK_RATE))) * level).astype(np.float32)


def with_hits(bed: np.ndarray, hits_s: tuple[float, ...], level: float = 0.5) -> np.ndarray:
    t = np.arange(TICK_RATE // 5) / TICK_RATE
    knock = (level * np.exp(-t / 0.03) * np.sin(2 * math.pi * 400 * t)).astype(np.float32)
    for hit in hits_s:
        start = round(hit * TICK_RATE)
        bed[:, start : start + len(knock)] += knock
    return bed


def test_hits_over_rain_are_found_to_the_millisecond_and_nothing_else() -> None:
    found = measure.match_onsets(measure.find_onsets_s(with_hits(rain(4.0), HITS_S)), HITS_S)
    assert (found.missed_s, found.false_s) == ((), ())
    assert found.error_ms(100) <= 2.0


def test_rain_alone_holds_no_hits() -> None:
    assert measure.find_onsets_s(rain(4.0)).size == 0


def test_an_onset_belongs_to_the_nearest_moment_and_to_one_only() -> None:
    matched = measure.match_onsets(np.array((1.01, 1.04, 5.0)), (1.0, 2.0))
    assert matched.errors_s == pytest.approx((0.01,))
    assert (matched.missed_s, matched.false_s) == ((2.0,), (1.04, 5.0))
    assert (matched.recall, matched.precision) == (0.5, pytest.approx(1 / 3))
    assert matched.f1 == pytest.approx(0.4)


def test_without_any_onset_the_error_is_infinite() -> None:
    assert measure.match_onsets(np.zeros(0), (1.0,)).error_ms(95) == math.inf


@given(st.integers(-4000, 4000))
@settings(max_examples=15, deadline=None)
def test_a_shift_is_found_to_the_sample_under_noise(shift: int) -> None:
    voice = measure.mono(host()[:, : 4 * TICK_RATE])
    came = np.roll(voice, shift) + rain(4.0)[0]
    assert measure.sound_shift_s(voice, came) * TICK_RATE == pytest.approx(shift, abs=0.3)


def test_drift_is_the_slope_of_local_shifts() -> None:
    assert measure.drift_ms_per_minute([(0.0, 0.001), (30.0, 0.002), (60.0, 0.003)]) == pytest.approx(2.0)
    assert measure.drift_ms_per_minute([(1.0, 0.5)]) == 0.0


def test_ducking_is_the_level_under_speech_against_that_of_pauses() -> None:
    bed = rain(12.0)
    bed[:, 4 * TICK_RATE : 7 * TICK_RATE] *= 0.4
    assert measure.ducking_db(with_hits(bed, (1.0, 5.0)), ((4.0, 7.0),), 0.0) == pytest.approx(-8.0, abs=0.5)


def test_payloads_are_compared_in_order_from_where_the_source_begins() -> None:
    source = Pictures(("a", "b", "c"), (0.0, 0.1, 0.2))
    out = Pictures(("slate", "a", "b", "c", "c"), (0.0, 1.0, 1.1, 1.2, 1.3))
    assert measure.match_pictures(source, out) == measure.PictureMatch(3, 3, 1.0, pytest.approx(0.0, abs=1e-9))
    changed = Pictures(("a", "x", "c"), (0.5, 0.6, 0.7))
    assert measure.match_pictures(source, changed).equal == 2
    assert measure.match_pictures(source, Pictures(("z",), (0.0,))).equal == 0


def test_a_recording_is_read_as_a_player_plays_it(clip: Path) -> None:
    sound, voice = measure.mono(read_sound(clip)), measure.mono(host())
    assert abs(measure.sound_shift_s(voice[: 8 * TICK_RATE], sound)) < 0.0005
    assert len(read_pictures(clip).hashes) == 240


def test_a_file_that_is_no_recording_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"not a film")
    for read in (read_sound, read_pictures):
        with pytest.raises(InputError, match=r"x\.mp4") as error:
            read(tmp_path / "x.mp4")
        assert "\n" not in str(error.value)


def test_a_tone_lies_in_the_row_of_its_frequency() -> None:
    t = np.arange(2 * TICK_RATE) / TICK_RATE
    tone = np.stack([0.5 * np.sin(2 * math.pi * 1000 * t)] * 2).astype(np.float32)
    panel = spectrogram._panel(tone, 2.0, 50)
    rows = np.geomspace(spectrogram.HIGH_HZ, spectrogram.LOW_HZ, spectrogram.PANEL)
    brightness = panel[:, 25].astype(int).sum(axis=1)
    assert rows[int(brightness.argmax())] == pytest.approx(1000, rel=0.05)


def test_the_picture_of_the_sound_is_a_png_also_in_a_folder_with_a_chinese_name(tmp_path: Path) -> None:
    path = tmp_path / "输出" / "spectrogram.png"
    spectrogram.draw(path, [("before", rain(2.0)), ("after", rain(1.0))], 2.0, (0.5,), ((1.0, 1.5),))
    with av.open(str(path)) as container:
        assert container.streams.video[0].width == spectrogram.WIDTH
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        spectrogram.draw(tmp_path / "file" / "x.png", [("before", rain(1.0))], 1.0, (), ())
