"""The bed is endless, even, seamless and deterministic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from livefoley.dsp.levels import linear_from_db, peak
from livefoley.dsp.loudness import integrated_lufs, momentary_lufs
from livefoley.foley import levels
from livefoley.foley.bed.bed import CROSSFADE_BLOCKS, ProceduralBed
from livefoley.foley.bed.kinds import KINDS
from livefoley.foley.bed.streams import BLOCK, Events
from livefoley.foley.render_cache import RenderCache, Stored, stored
from livefoley.foley.rendered import RenderedSounds

STEADY = ["雨夜的街道, rain on a window", "busy cafe", "壁炉", "air conditioner"]


@pytest.fixture(scope="module")
def rendered() -> RenderedSounds:
    return RenderedSounds(RenderCache(memory_bytes=400_000_000))


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=12))
def test_chunked_equals_whole(rendered: RenderedSounds, chunks: list[int]) -> None:
    whole, parts = (ProceduralBed(3, "rain and wind", rendered) for _ in range(2))
    expected = whole.read(sum(chunks))
    got = np.concatenate([parts.read(n) for n in chunks], axis=1)
    assert np.array_equal(got, expected)


def test_chunks_may_cross_a_change_of_description(rendered: RenderedSounds) -> None:
    def run(step: int) -> np.ndarray:
        bed = ProceduralBed(3, "rain", rendered)
        out = [bed.read(step) for _ in range(60_000 // step)]
        bed.describe("fire")
        return np.concatenate([*out, *(bed.read(step) for _ in range(240_000 // step))], axis=1)

    assert np.array_equal(run(1000), run(60_000))


def test_the_seed_decides(rendered: RenderedSounds) -> None:
    first, again, other = (ProceduralBed(seed, "forest", rendered).read(96_000) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_two_beds_on_one_material_do_not_disturb_each_other(rendered: RenderedSounds) -> None:
    alone = ProceduralBed(9, "cafe", RenderedSounds(RenderCache())).read(240_000)
    noisy, quiet = ProceduralBed(1, "cafe", rendered), ProceduralBed(9, "cafe", rendered)
    out = []
    for _ in range(5):
        noisy.read(48_000)
        out.append(quiet.read(48_000))
    assert np.array_equal(np.concatenate(out, axis=1), alone)


@pytest.mark.parametrize("text", STEADY)
def test_a_steady_bed_keeps_its_loudness_over_any_ten_seconds(text: str, rendered: RenderedSounds) -> None:
    samples = ProceduralBed(5, text, rendered).read(48_000 * 40)
    assert np.all(np.isfinite(samples))
    assert peak(samples) <= linear_from_db(levels.PEAK_DBFS) + 1e-4
    windows = [integrated_lufs(samples[:, at : at + 480_000]) for at in range(0, 48_000 * 30, 192_000)]
    assert max(abs(w - levels.BED_LUFS) for w in windows) <= 1.0, windows


def test_nothing_repeats_within_ten_minutes(rendered: RenderedSounds) -> None:
    bed = ProceduralBed(11, "rain on a window", rendered)
    # 6 kHz is enough to recognise a piece by, and 64 times less work to search
    low = np.concatenate([signal.decimate(bed.read(48_000 * 10)[0], 8) for _ in range(60)])
    rng = np.random.default_rng(0)
    squares = np.concatenate(([0.0], np.cumsum(low**2)))
    for start in rng.integers(0, len(low) - 6000, 12):
        piece = low[start : start + 6000]
        match = signal.fftconvolve(low, piece[::-1], "valid")
        alike = np.abs(match) / np.sqrt((squares[6000:] - squares[:-6000]) * (piece**2).sum() + 1e-12)
        alike[max(0, start - 600) : start + 600] = 0
        assert alike.max() < 0.9


@pytest.mark.parametrize("text", ["busy cafe", "壁炉", "football stadium"])
def test_a_minute_holds_no_copy_of_half_a_second(text: str, rendered: RenderedSounds) -> None:
    """Above 300 Hz: what lies lower is so slow that half a second of any of it resembles some other half second."""
    whole = ProceduralBed(1, text, rendered).read(48_000 * 60)[0]
    low = signal.decimate(signal.sosfilt(signal.butter(4, 300, "high", fs=48_000, output="sos"), whole), 4)
    squares = np.concatenate(([0.0], np.cumsum(low**2)))
    for start in np.random.default_rng(0).integers(0, len(low) - 6000, 8):
        piece = low[start : start + 6000]
        match = signal.fftconvolve(low, piece[::-1], "valid")
        alike = np.abs(match) / np.sqrt((squares[6000:] - squares[:-6000]) * (piece**2).sum() + 1e-9)
        alike[max(0, start - 6000) : start + 6000] = 0
        assert alike.max() < 0.3


@pytest.mark.parametrize("text", ["thunder rolling in the distance", "sea gulls", "frogs in a pond"])
def test_a_place_of_events_begins_with_one(text: str, rendered: RenderedSounds) -> None:
    loud = momentary_lufs(ProceduralBed(4, text, rendered).read(48_000 * 2))
    assert loud.max() > levels.BED_LUFS - 22


@pytest.mark.parametrize("text", ["thunder rolling in the distance", "gulls", "a ticking clock"])
def test_what_events_are_heard_in_is_neither_silence_nor_louder_than_they_are(
    text: str, rendered: RenderedSounds
) -> None:
    samples = ProceduralBed(50_000, text, rendered).read(48_000 * 20)
    tenths = 20 * np.log10(np.sqrt((samples.mean(axis=0).reshape(-1, 4800) ** 2).mean(axis=1)) + 1e-9)
    assert -70 < tenths.min() < tenths.max() - 8


def test_birds_are_louder_than_the_air_they_sing_in(rendered: RenderedSounds) -> None:
    power = np.abs(np.fft.rfft(ProceduralBed(50_000, "birds", rendered).read(48_000 * 10)[0])) ** 2
    assert power[10 * 1500 :].sum() > 0.1 * power.sum()


@pytest.mark.parametrize("text", ["rain", "壁炉", "busy cafe"])
def test_a_bed_carries_no_steady_pressure_and_folds_to_mono(text: str, rendered: RenderedSounds) -> None:
    samples = ProceduralBed(2, text, rendered).read(48_000 * 20)
    assert np.abs(samples.mean(axis=1)).max() < 2e-4
    mono = np.repeat(samples.mean(axis=0, keepdims=True), 2, axis=0)
    assert 0.3 < integrated_lufs(samples) - integrated_lufs(mono) < 2.5


def test_an_excerpt_begins_and_ends_softly() -> None:
    even = np.full((2, 48_000), 0.5, np.float32)
    soft = levels.faded(even)
    assert np.abs(soft[:, [0, -1]]).max() < 1e-3
    assert np.array_equal(soft[:, 2000:40_000], even[:, 2000:40_000])
    assert levels.faded(np.ones((2, 3), np.float32)).shape == (2, 3)


def test_a_change_cross_fades_over_two_seconds_without_a_click_or_a_hole(rendered: RenderedSounds) -> None:
    bed = ProceduralBed(2, "fan", rendered)
    before = bed.read(48_000 * 3)
    bed.describe("stream")
    change, after = bed.read(BLOCK * CROSSFADE_BLOCKS + BLOCK), bed.read(48_000 * 3)
    loud = momentary_lufs(np.concatenate((before[:, -48_000:], change, after[:, :48_000]), axis=1))
    assert loud.min() > levels.BED_LUFS - 4
    assert loud.max() < levels.BED_LUFS + 3
    joint = np.concatenate((before[:, -1:], change[:, :1]), axis=1)
    assert np.abs(np.diff(joint)).max() < 4 * np.abs(np.diff(before)).max()
    assert bed.statistics().scenes == 1


def test_many_changes_at_once_stay_bounded(rendered: RenderedSounds) -> None:
    bed = ProceduralBed(2, "rain", rendered)
    for k in range(20):
        bed.describe(["rain", "fire", "fan", "stream"][k % 4])
        bed.read(500)
        assert bed.statistics().scenes <= 3
    assert np.all(np.isfinite(bed.read(48_000 * 4)))
    assert bed.statistics().scenes == 1


def test_of_many_changes_the_last_one_is_what_stays(rendered: RenderedSounds) -> None:
    bed = ProceduralBed(2, "rain", rendered)
    for text in ("fire", "fan", "stream", "rain", "crickets"):
        bed.describe(text)
        bed.read(9600)
    bed.read(48_000 * 8)
    power = np.abs(np.fft.rfft(bed.read(96_000)[0])) ** 2
    assert power[2 * 3800 : 2 * 5400].sum() > 0.3 * power.sum(), "crickets sing at 4 to 5 kHz"


def test_the_same_description_again_changes_nothing(rendered: RenderedSounds) -> None:
    told, left = (ProceduralBed(2, "rain", rendered) for _ in range(2))
    told.describe("the rain")
    assert np.array_equal(told.read(100_000), left.read(100_000))


@pytest.mark.parametrize(("kind", "least", "most"), [("birds", 5, 30), ("cave", 15, 45), ("clock", 115, 121)])
def test_a_place_of_single_events_has_them_about_as_often_as_it_says(
    rendered: RenderedSounds, kind: str, least: int, most: int
) -> None:
    events = Events(KINDS[kind].events[0], 1.0, 1.0, rendered, np.random.default_rng(2))
    sounding = [False]
    for _ in range(60 * 48_000 // BLOCK):
        out = np.zeros((2, BLOCK), np.float32)
        events.add(out)
        sounding.append(bool(out.any()))
    assert least <= np.count_nonzero(np.diff(sounding)) / 2 <= most


def test_reading_nothing_gives_nothing() -> None:
    assert ProceduralBed(0, "room").read(0).shape == (2, 0)


# ---- segments that a student made ----


def segment(seed: int, seconds: float = 6.0) -> Stored:
    noise = np.random.default_rng(seed).standard_normal((2, round(seconds * 48_000))).astype(np.float32)
    return stored(levels.normalise_bed(noise), 0)


def test_a_given_segment_takes_over_and_another_place_ends_it(rendered: RenderedSounds) -> None:
    bed = ProceduralBed(3, "fan", rendered)
    assert bed.source == "procedural"
    before = bed.read(48_000)
    assert bed.add_segment("fan", segment(1))
    assert bed.source == "student"
    bed.read(CROSSFADE_BLOCKS * BLOCK)
    after = bed.read(96_000)
    bands = [signal.welch(each[0], 48_000, nperseg=2048)[1] for each in (before, after)]
    assert (
        bands[1][-200:].sum() / bands[1].sum() > 5 * bands[0][-200:].sum() / bands[0].sum()
    )  # white, as the segment is
    assert not bed.add_segment("another place", segment(2))
    bed.describe("fire")
    assert bed.source == "procedural"
    assert not bed.add_segment("fan", segment(2))


def test_given_segments_sound_on_without_an_end_and_without_a_gap(rendered: RenderedSounds) -> None:
    bed = ProceduralBed(3, "fan", rendered)
    for seed in range(6):
        assert bed.add_segment("fan", segment(seed))
        bed.read(48_000)
    level = [np.sqrt(np.mean(bed.read(4800) ** 2)) for _ in range(300)]
    assert min(level) > 0.5 * np.median(level)
    assert max(level) < 2.0 * np.median(level)


def test_chunked_equals_whole_with_given_segments(rendered: RenderedSounds) -> None:
    def read(step: int) -> np.ndarray:
        bed = ProceduralBed(3, "rain", rendered)
        out = [bed.read(step) for _ in range(48_000 // step)]
        bed.add_segment("rain", segment(1))
        return np.concatenate([*out, *(bed.read(step) for _ in range(240_000 // step))], axis=1)

    assert np.array_equal(read(1600), read(48_000))
