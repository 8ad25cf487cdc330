"""The watermark is found after what happens to published sound, hides in it, and is not found where there is none."""

from __future__ import annotations

import binascii
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.clips.marker import Marker
from livefoley.core.errors import ConfigError
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.marks.audible_notice import LEVEL
from livefoley.marks.carrier import ID_DIGITS, PERIOD, RATE, content_id, data_of, sequence, waveform
from livefoley.marks.detect import detect
from livefoley.marks.embed import embed, mark
from livefoley.marks.masking import bark
from tests.clips.heard import noise_to_mask_db
from tests.clips.sounds import RATE as RATE_48K
from tests.clips.sounds import Samples, at_level, lasting, level_db, read, through_ffmpeg
from tests.support.peers import shared

ID = "00c0ffee12345678" * 2
STEMS = ("RAIN", "FIRE", "CROWDS", "FOOTSTEPS")


@cache
def recorded(category: str, seconds: float = 10.0) -> Samples:
    files = sorted(shared(f"sounds/{category}").glob("*.opus"))[:6]
    return at_level(lasting(np.concatenate([read(path) for path in files], axis=1), seconds), -26)


@cache
def speech(seconds: float = 10.0) -> Samples:
    files = sorted(shared("speech").glob("en0*.wav"))[:4]
    return at_level(lasting(np.concatenate([read(path) for path in files], axis=1), seconds), -20)


@pytest.fixture(scope="module")
def bed() -> Samples:
    """Twelve seconds of a generated bed."""
    source = ProceduralBed(3, "雨夜的街道, rain and a crowd")
    return at_level(np.concatenate([source.read(4800) for _ in range(120)], axis=1), -30)


@pytest.mark.parametrize("category", STEMS)
def test_a_recorded_stem_keeps_its_mark_through_aac_gain_and_resampling(category: str, tmp_path: Path) -> None:
    marked = embed(recorded(category), ID)
    for name, quieter_db, options in (
        ("plain.wav", 0, ("-c:a", "pcm_s16le")),
        ("cd.wav", 0, ("-c:a", "pcm_s16le", "-ar", "44100")),
        ("aac.m4a", 0, ("-c:a", "aac", "-b:a", "96k")),
        ("quiet.m4a", 3, ("-c:a", "aac", "-b:a", "96k", "-ar", "44100")),
        ("loud.m4a", -3, ("-c:a", "aac", "-b:a", "96k")),
    ):
        found = detect(through_ffmpeg(marked * 10 ** (-quieter_db / 20), tmp_path, name, *options))
        assert found.found, (name, found)
        assert found.content_id == ID[:ID_DIGITS], (name, found)
        assert found.false_alarm < 1e-9, (name, found)


@pytest.mark.parametrize("category", ["RAIN", "FIRE", "CROWDS"])
def test_the_mark_of_a_stem_under_speech_is_found_in_the_published_clip(category: str, tmp_path: Path) -> None:
    mixed = embed(recorded(category), ID) / 2 + speech()  # the stem is 12 dB below the host
    found = detect(through_ffmpeg(mixed, tmp_path, "mix.m4a", "-c:a", "aac", "-b:a", "96k"))
    assert found.found, found
    assert found.content_id in (ID[:ID_DIGITS], None)


def test_a_generated_bed_keeps_its_mark_in_mono_from_any_point_on(bed: Samples) -> None:
    marked = embed(bed, ID)
    for start, seconds in ((0, 12), (3.217, 6), (7.5, 4)):
        piece = marked[:, int(start * RATE_48K) : int((start + seconds) * RATE_48K)].mean(axis=0)
        found = detect(piece)
        assert found.found, (start, seconds, found)
        assert found.content_id == ID[:ID_DIGITS], (start, seconds, found)


@pytest.mark.parametrize("speed", [-1e-3, -2e-4, 5e-4, 1.2e-3])
def test_a_clock_that_is_a_little_off_does_not_lose_the_mark(bed: Samples, speed: float) -> None:
    found = detect(soxr.resample(embed(bed, ID).T, RATE_48K, RATE_48K * (1 + speed)).T)
    assert found.found
    assert found.content_id == ID[:ID_DIGITS]


def test_a_hundred_unmarked_files_have_no_mark() -> None:
    files = sorted(path for path in shared("sounds").glob("*/*.opus") if path.stat().st_size > 20_000)[::3][:97]
    files += sorted(shared("speech").glob("en*.wav"))[:3]
    verdicts = [detect(read(path)[:, : 4 * RATE_48K]) for path in files]
    assert len(verdicts) == 100
    assert not [verdict for verdict in verdicts if verdict.found]
    assert max(verdict.score for verdict in verdicts) < max(verdict.threshold for verdict in verdicts) - 1


def test_scores_of_noise_stay_below_their_bound() -> None:
    rng = np.random.default_rng(0)
    folded = rng.standard_normal((200, PERIOD)).astype(np.float32)
    folded *= rng.pareto(1.5, folded.shape)  # and far from Gaussian
    scores = folded @ sequence(0) / np.linalg.norm(folded, axis=1)
    for level in (1.0, 1.5, 2.0):
        assert np.mean(scores > level) < 1.5 * math.exp(-(level**2) / 2)


def test_another_mark_is_not_taken_for_this_one(bed: Samples) -> None:
    first, second = (detect(embed(bed, name * 8)).content_id for name in ("1234", "abcd"))
    assert (first, second) == ("1234" * 3, "abcd" * 3)


def test_silence_stays_silent_and_has_no_mark() -> None:
    silence = np.zeros((2, 3 * RATE_48K), np.float32)
    assert not mark(silence, ID).any()
    verdict = detect(silence)
    assert not verdict.found
    assert verdict.content_id is None


@pytest.mark.parametrize("length", [0, 1, 100, 1023, 48_000])
def test_a_sound_of_any_length_can_be_marked_and_looked_at(length: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, (2, length)).astype(np.float32)
    marked = embed(sound, ID)
    assert marked.shape == sound.shape
    assert detect(marked).threshold > 6


@pytest.mark.parametrize("category", [*STEMS, "BELLS", "MUSICAL"])
def test_the_mark_stays_well_below_the_stem_in_every_band(category: str) -> None:
    stem = recorded(category)
    added = mark(stem, ID)
    assert level_db(added) < level_db(stem) - 15
    for low, high, below_db in bands_below(stem, added):
        assert below_db > 10, (low, high, below_db)


@pytest.mark.parametrize("category", [*STEMS, "BELLS", "MUSICAL"])
def test_the_ear_does_not_hear_the_mark_in_the_stem(category: str) -> None:
    stem = recorded(category)
    for sound, noise in zip(stem, mark(stem, ID), strict=True):
        ratio_db = noise_to_mask_db(sound, noise)
        assert 10 * np.log10(np.mean(10 ** (ratio_db / 10))) < -10
        assert np.percentile(ratio_db, 99.9) < -2


def test_nothing_is_heard_before_an_onset() -> None:
    stem = np.zeros((2, RATE_48K), np.float32)
    stem[:, RATE_48K // 2 :] = np.random.default_rng(2).normal(0, 0.1, RATE_48K // 2)
    before = mark(stem, ID)[:, : RATE_48K // 2]
    assert level_db(before[:, -240:]) < -90  # the last 5 ms
    assert level_db(before) < -100


def bands_below(stem: Samples, added: Samples) -> list[tuple[float, float, float]]:
    """Return for each critical band of the mark how far it lies below the stem, dB, in the mean over time.

    The stem counts half a band further on either side: a partial just beyond a band's edge hides what is in the band.
    """
    lines_hz = np.fft.rfftfreq(stem.shape[1], 1 / RATE_48K)
    own, marked = (np.square(np.abs(np.fft.rfft(each.mean(axis=0)))) for each in (stem, added))
    pitch = bark(lines_hz)
    found = []
    for band in range(5, 17):  # 500 Hz to 3.9 kHz
        inside = (pitch >= band) & (pitch < band + 1)
        around = (pitch >= band - 0.5) & (pitch < band + 1.5)
        edges = lines_hz[inside]
        below_db = 10 * math.log10(float(own[around].sum()) / 2 / float(marked[inside].sum()))  # twice as wide
        found.append((float(edges[0]), float(edges[-1]), below_db))
    return found


def test_the_waveform_is_the_same_at_every_rate_and_flat() -> None:
    low, high = waveform(ID, RATE), waveform(ID, RATE_48K)
    assert len(low) == PERIOD
    assert np.corrcoef(low, high[::3])[0, 1] > 0.999
    assert np.mean(high**2) == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=6, max_size=6), st.integers(0, 63))
def test_a_payload_is_read_as_it_was_or_not_at_all(data: bytes, flipped: int) -> None:
    payload = data + binascii.crc_hqx(data, 0xFFFF).to_bytes(2, "big")
    assert content_id(payload) == data.hex()
    changed = bytearray(payload)
    changed[flipped // 8] ^= 1 << (flipped % 8)
    assert content_id(bytes(changed)) is None
    assert data_of(data.hex() + "ff") == data


@pytest.mark.parametrize("wrong", ["", "123", "g" * 12, "ABCDEF012345"])
def test_what_is_no_content_id_is_refused_in_one_line(wrong: str) -> None:
    with pytest.raises(ConfigError, match="12 hexadecimal digits"):
        waveform(wrong, RATE)


def test_an_audible_notice_is_ai_in_morse_code_and_the_stem_goes_on(bed: Samples) -> None:
    noticed = embed(Marker("someone", audible=True).noticed(bed), ID)
    added = (noticed - embed(bed, ID))[0, : int(1.2 * RATE_48K)]
    loud = np.sqrt(np.square(added[: len(added) // 480 * 480].reshape(-1, 480)).mean(axis=1)) > LEVEL / 4
    edges = np.flatnonzero(np.diff(loud.astype(int), prepend=0, append=0)).reshape(-1, 2)
    assert [round((end - start) / 8) for start, end in edges] == [1, 3, 1, 1]
    assert np.allclose(noticed[:, 2 * RATE_48K :], embed(bed, ID)[:, 2 * RATE_48K :], atol=1e-4)
    assert detect(noticed).content_id == ID[:ID_DIGITS]
