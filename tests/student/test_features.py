"""What the network sees and what becomes of what it says: frames, envelopes, onsets, and sound again."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.foley.student import decoder, features
from livefoley.foley.student.features import COLUMNS, FRAMES_PER_TOKEN, HOP, RATE


def noise(seconds: float, seed: int = 0) -> features.Floats:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)


def frames(count: int, seed: int = 0) -> features.Floats:
    rng = np.random.default_rng(seed)
    return np.concatenate((rng.normal(-20, 6, (count, 100)), rng.uniform(0, 3, (count, 1))), axis=1).astype(np.float32)


def struck(times_s: list[float], seconds: float = 4.0) -> features.Floats:
    sound = np.zeros(round(seconds * RATE), np.float32)
    for number, time_s in enumerate(times_s):
        start = round(time_s * RATE)
        tail = noise(0.4, number) * np.exp(-np.arange(round(0.4 * RATE)) / (0.08 * RATE)).astype(np.float32)
        sound[start : start + len(tail)] += tail[: len(sound) - start]
    return features.referenced(sound)


def test_white_noise_at_the_reference_has_bands_near_0_db_and_a_level_of_0_db():
    sound = features.referenced(noise(3))
    assert abs(features.mel_db(sound).mean()) < 2.5
    assert abs(features.level_db(sound).mean()) < 1.0


def test_as_many_frames_come_as_the_sound_has_hundredths_of_a_second():
    for seconds in (0.0, 0.005, 0.5, 1.234):
        sound = noise(seconds)
        assert len(features.mel_db(sound)) == len(features.level_db(sound)) == len(sound) // HOP


def test_onsets_are_found_where_a_sound_begins():
    asked = [0.5, 1.2, 2.0, 3.1]
    found = features.onset_times_s(features.onset_track(features.mel_db(struck(asked))))
    assert len(found) == len(asked)
    assert max(abs(f - a) for f, a in zip(found, asked, strict=True)) <= 0.03


def test_steady_noise_has_no_onsets_after_its_beginning():
    track = features.onset_track(features.mel_db(features.referenced(noise(4))))
    assert not features.onset_times_s(track[10:])


def test_what_is_not_told_is_marked_so():
    told = features.controls(5 * FRAMES_PER_TOKEN, envelope_db=np.zeros(5 * FRAMES_PER_TOKEN, np.float32))
    assert told.shape == (5, features.CONTROLS)
    assert np.all(told[:, -2] == 1)
    assert np.all(told[:, -1] == 0)
    assert not features.controls(8, None, None).any()


@pytest.mark.parametrize("pieces", [[1], [7], [13, 50, 1], [200]])
def test_sound_decoded_in_pieces_is_the_sound_decoded_whole(pieces):
    given = frames(200)
    whole = decoder.invert(given, seed=3)
    stream, at, heard = decoder.MelDecoder(seed=3), 0, []
    for number in range(200):
        step = pieces[number % len(pieces)]
        heard.append(stream.feed(given[at : at + step]))
        at += step
    heard.append(stream.flush())
    np.testing.assert_allclose(np.concatenate(heard), whole, atol=1e-5)


def test_a_decoder_begun_anew_gives_the_same_sound():
    stream, given = decoder.MelDecoder(seed=1), frames(60)
    first = np.concatenate((stream.feed(given), stream.flush()))
    stream.feed(given[:20])
    stream.reset()
    np.testing.assert_array_equal(np.concatenate((stream.feed(given), stream.flush())), first)


def test_decoded_frames_come_back_as_they_were():
    sound = features.referenced(noise(2))
    wanted = features.mel_db(sound)
    again = features.mel_db(decoder.invert(wanted))
    assert np.abs(again - wanted).mean() < 2.0


def test_grain_scatters_the_bands_by_as_much_as_it_says():
    flat = np.zeros((400, COLUMNS), np.float32)
    flat[:, -1] = 2.0
    assert 1.8 < decoder.textured(flat).std() < 2.2
    assert not np.array_equal(decoder.textured(flat, seed=1), decoder.textured(flat, seed=2))


def test_widened_sound_in_pieces_is_the_whole_and_folds_back_to_mono():
    mono = noise(1)
    whole = decoder.Widener().feed(mono)
    stream = decoder.Widener()
    pieces = [stream.feed(mono[at : at + 999]) for at in range(0, len(mono), 999)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-5)
    np.testing.assert_allclose(whole.mean(axis=0), mono, atol=1e-5)


def test_an_imposed_envelope_is_followed():
    asked = np.interp(np.arange(400), [0, 100, 200, 300, 399], [-5, -25, 0, -12, -30]).astype(np.float32)
    sound = decoder.impose(features.referenced(noise(4)), asked)
    assert np.corrcoef(features.level_db(sound), asked)[0, 1] > 0.95


def test_silence_is_not_blown_up_to_follow_an_envelope():
    assert not decoder.impose(np.zeros(RATE, np.float32), np.zeros(100, np.float32)).any()


def test_onsets_come_where_they_are_asked_for_and_nowhere_else():
    made = struck([0.4, 0.52, 1.1, 1.9, 2.4])
    asked = features.track_of([0.41, 1.12, 2.4], 400)
    found = features.onset_times_s(features.onset_track(features.mel_db(decoder.strike(made, asked))))
    assert len(found) == 3
    assert max(abs(f - a) for f, a in zip(found, (0.41, 1.12, 2.4), strict=True)) <= 0.05


def test_no_onsets_asked_leaves_a_sound_as_it_is():
    made = struck([0.5])
    np.testing.assert_array_equal(decoder.strike(made, np.zeros(400, np.float32)), made)
