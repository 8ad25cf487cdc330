"""Recordings answer free words in both languages, and nothing that only looks alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livefoley.core.cues import HIT, CueKind, Sound, SoundRequest
from livefoley.dsp.loudness import integrated_lufs
from livefoley.foley.bank.library import Library
from livefoley.foley.chain import BedMaker, Fit, Offer, Refusal
from livefoley.foley.description.explain import explain
from livefoley.foley.recordings import captions
from livefoley.foley.recordings.captions import gist, read_vectors
from livefoley.foley.recordings.explained import with_recordings
from livefoley.foley.recordings.finder import Finder
from livefoley.foley.recordings.grains import GrainBed
from livefoley.foley.recordings.index import Found, RecordingIndex, texts_of
from livefoley.foley.recordings.maker import RecordingsMaker
from livefoley.foley.recordings.meaning import Agreement, agreement, filed_under, meaning_of
from livefoley.foley.student.embed import TextEncoder


def asked(prompt: str, kind: CueKind = CueKind.ACTION, **changes: object) -> SoundRequest:
    return replace(SoundRequest(kind, prompt, onsets_s=HIT), **changes)  # type: ignore[arg-type]


def made_by(maker: RecordingsMaker, request: SoundRequest) -> Sound:
    sound = maker.make(request)
    assert isinstance(sound, Sound), sound
    return sound


# ---- found, or not ----


@pytest.mark.parametrize(
    ("words", "caption"),
    [
        ("somebody knocks at the door", "knocking on a wooden door"),
        ("有人敲门", "敲木门"),
        ("a glass smashes", "glass shattering"),
        ("typing on a keyboard", "mechanical keyboard typing"),
        ("键盘打字", "敲击机械键盘"),
        ("the sound of steady rain", "steady rain"),
        ("一直下雨", "持续的雨声"),
    ],
)
def test_a_recording_is_found_by_free_words(finder: Finder, words: str, caption: str) -> None:
    found = finder.find(words)
    assert not isinstance(found, Refusal), found
    captions_of = {text for each in found for text in each.entry.captions}
    assert caption in captions_of


def test_recordings_are_named_where_they_are_asked_first(finder: Finder) -> None:
    rain = with_recordings(explain("rain, typing on a keyboard"), finder.find)
    assert rain.place[0].by == "recordings"
    assert [part.by for part in rain.actions] == ["bank"]
    assert [part.by for part in with_recordings(explain("a wood fire"), finder.find).place] == ["procedural"]


@pytest.mark.parametrize(
    "words", ["切菜声", "a violin solo", "quantum flux of justice", "股票行情", "cats meowing", "扫地的声音"]
)
def test_what_there_is_no_recording_of_is_refused_in_words(finder: Finder, words: str) -> None:
    found = finder.find(words)
    assert isinstance(found, Refusal), found
    assert not found.fault
    assert "has no recording of it" in found.reason


def test_what_is_understood_goes_before_what_looks_alike() -> None:
    gong = filed_under("BELLS") | meaning_of("gong hit")
    assert agreement(meaning_of("切菜声"), gong) is Agreement.AGAINST
    assert agreement(meaning_of("a gong is struck"), gong) >= Agreement.NEAR
    assert agreement(meaning_of("quantum flux"), gong) is Agreement.UNKNOWN
    assert agreement(meaning_of("雨声"), filed_under("WEATHER")) is Agreement.CATEGORY
    assert agreement(meaning_of("雨声") | filed_under(""), filed_under("RAIN") | meaning_of("rain")) is Agreement.SOUND


def test_words_are_looked_for_without_what_says_that_they_are_of_a_sound() -> None:
    assert [gist(text) for text in ("切菜声", "扫地的声音", "the sound of rain", "rain sounds", "声")] == [
        "切菜",
        "扫地",
        "rain",
        "rain",
        "声",
    ]


def test_embeddings_are_made_once_and_kept_for_this_encoder(
    library: Library, encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    RecordingIndex([library], encoder)
    kept = read_vectors(library.directory, texts_of(library))
    assert kept is not None
    gong = texts_of(library).index("锣声")
    assert not kept[gong].any(), "the encoder does not know 锣, and would take it for a mere 声"
    assert read_vectors(library.directory, [*texts_of(library), "more"]) is None
    monkeypatch.setattr(captions, "VERSION", "another")
    assert read_vectors(library.directory, texts_of(library)) is None


def test_torn_embeddings_are_made_again(library: Library, encoder: TextEncoder) -> None:
    RecordingIndex([library], encoder)
    (path,) = library.directory.glob("captions-*.npz")
    path.write_bytes(path.read_bytes()[:100])
    assert read_vectors(library.directory, texts_of(library)) is None
    RecordingIndex([library], encoder)
    assert read_vectors(library.directory, texts_of(library)) is not None


def test_an_empty_library_offers_nothing() -> None:
    maker = RecordingsMaker(lambda text: Refusal(text), 0)
    assert maker.offer(asked("rain"), 0.0) == Refusal("has no recordings")


def test_it_offers_for_words_alone(maker: RecordingsMaker) -> None:
    offer = maker.offer(asked("rain"), 0.0)
    assert isinstance(offer, Offer)
    assert offer.fit is Fit.MADE
    assert isinstance(maker.offer(SoundRequest(CueKind.ACCENT, effect="BELLMisc_Ding"), 0.0), Refusal)
    assert isinstance(maker.offer(asked(" "), 0.0), Refusal)


# ---- hits ----


def test_a_hit_is_one_take_at_its_onset_and_takes_differ(maker: RecordingsMaker) -> None:
    takes = [made_by(maker, asked("knocking on a door", seed=seed)) for seed in range(3)]
    for sound in takes:
        heard = np.abs(sound.samples).max(axis=0)
        assert sound.samples.shape[1] < 1.5 * 48000, "one of three knocks"
        assert heard[: max(1, sound.onset - 240)].max() < 0.1 * heard.max()
        assert int(np.argmax(heard)) - sound.onset < 480
        assert str(sound.credits[0]) == "knocking on a wooden door by A. Recordist (CC0-1.0)"
    shapes = {tuple(np.round(sound.samples[0, sound.onset : sound.onset + 2000 : 100], 3)) for sound in takes}
    assert len(shapes) == 3


def test_a_tail_is_kept(maker: RecordingsMaker, library: Library) -> None:
    gong = next(each for each in library.entries if each.title == "gong hit")
    sound = made_by(maker, asked("a gong is hit"))
    assert sound.samples.shape[1] > 0.97 * gong.samples


def test_the_same_request_gives_the_same_samples(finder: Finder) -> None:
    first, second = (
        made_by(RecordingsMaker(finder.find, finder.count), asked("knocking on a door", seed=7)) for _ in range(2)
    )
    assert np.array_equal(first.samples, second.samples)


def test_a_harder_hit_is_louder(maker: RecordingsMaker) -> None:
    soft, hard = (made_by(maker, asked("glass shattering", intensity=i)) for i in (0.2, 0.6))
    assert np.abs(hard.samples).max() > 1.5 * np.abs(soft.samples).max()


def test_a_file_that_has_vanished_is_passed_over(tmp_path: Path, library: Library, encoder: TextEncoder) -> None:
    rains = [each for each in library.entries if each.category == "RAIN"]
    for path in library.directory.iterdir():
        if path.name != rains[0].file:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    finder = Finder([Library(tmp_path)], encoder)
    maker = RecordingsMaker(finder.find, finder.count)
    for seed in range(3):
        assert made_by(maker, asked("steady rain", CueKind.BED, seed=seed, length=48000)).credits


# ---- what lasts ----


def test_onsets_that_are_asked_for_are_where_it_begins_anew(maker: RecordingsMaker) -> None:
    request = asked("knocking on a door", CueKind.ACCENT, onsets_s=(0.5, 1.5, 2.1), length=3 * 48000)
    level = np.abs(made_by(maker, request).samples).max(axis=0)
    for at_s in (0.5, 1.5, 2.1):
        at = round(at_s * 48000)
        assert level[at : at + 1000].max() > 8 * level[at - 2000 : at - 300].max()


def test_an_envelope_is_followed(maker: RecordingsMaker) -> None:
    envelope = ((0.0, -40.0), (1.0, -40.0), (2.0, 0.0), (3.0, 0.0))
    request = asked("steady rain", CueKind.ACCENT, onsets_s=None, envelope=envelope, length=3 * 48000)
    samples = made_by(maker, request).samples
    assert samples.shape == (2, 3 * 48000)
    soft, loud = (integrated_lufs(samples[:, a:b]) for a, b in ((9600, 43200), (105600, 134400)))
    assert loud - soft == pytest.approx(40, abs=3)


def test_what_happens_once_stays_alone(maker: RecordingsMaker, library: Library) -> None:
    gong = next(each for each in library.entries if each.title == "gong hit")
    sound = made_by(maker, asked("a gong is hit", CueKind.ACCENT, onsets_s=None, length=20 * 48000))
    assert sound.samples.shape[1] == gong.samples
    knocks = made_by(maker, asked("knocking on a door", CueKind.ACCENT, onsets_s=None, length=8 * 48000))
    assert knocks.samples.shape[1] == 8 * 48000


# ---- ambience ----


@pytest.fixture
def bed(maker: RecordingsMaker) -> GrainBed:
    made = maker.bed(asked("steady rain", CueKind.BED, seed=3))
    assert isinstance(made, GrainBed)
    return made


def test_it_makes_ambience_that_goes_on_by_itself(maker: RecordingsMaker) -> None:
    assert isinstance(maker, BedMaker)
    assert maker.bed(asked("a gong is hit", CueKind.BED)) == Refusal("has single sounds of it, and no ambience")


def test_an_ambience_holds_its_level_for_a_minute(bed: GrainBed) -> None:
    minute = bed.read(60 * 48000)
    levels = [integrated_lufs(minute[:, at : at + 3 * 48000]) for at in range(0, 58 * 48000, 48000)]
    assert max(levels) - min(levels) < 2.0
    assert integrated_lufs(minute) == pytest.approx(-14, abs=1)
    assert np.abs(minute).max() < 0.9
    left, right = minute.astype(np.float64)
    assert 10 * np.log10(np.mean(((left + right) / 2) ** 2) / np.mean((left**2 + right**2) / 2)) > -4, "mono-safe"


def test_chunks_of_an_ambience_are_the_whole(maker: RecordingsMaker) -> None:
    one, other = (maker.bed(asked("steady rain", CueKind.BED, seed=3)) for _ in range(2))
    assert isinstance(one, GrainBed)
    assert isinstance(other, GrainBed)
    whole = one.read(10 * 48000)
    parts = np.concatenate([other.read(n) for n in (1, 4799, 100_000, 375_200)], axis=1)
    assert np.array_equal(whole, parts)


def test_an_ambience_has_no_seams(bed: GrainBed) -> None:
    made = bed.read(20 * 48000)
    jumps = np.abs(np.diff(made, axis=1)).max(axis=0)
    assert jumps.max() < 1.2, "no click"
    powers = (made**2).mean(axis=0).reshape(-1, 2400).mean(axis=1)
    assert 10 * np.log10(powers.min() / np.median(powers)) > -6, "no hole where grains meet"


def test_what_sounded_lately_is_not_heard_again(bed: GrainBed) -> None:
    """In 10 s there is no waveform that was there before: of 24 s of material less than a half is used."""
    made = bed.read(10 * 48000)[0].astype(np.float64)
    piece = 12_000
    for at in range(0, len(made) - 2 * piece, 4 * piece):
        wanted = made[at : at + piece]
        rest = made[at + piece :]
        n = 1 << (len(rest) + piece).bit_length()
        found = np.fft.irfft(np.fft.rfft(rest, n) * np.conj(np.fft.rfft(wanted, n)), n)[: len(rest) - piece]
        power = np.cumsum(np.concatenate(([0.0], rest**2)))
        norms = np.sqrt((power[piece:] - power[:-piece])[: len(found)] * (wanted @ wanted)) + 1e-9
        assert np.abs(found / norms).max() < 0.5


def test_other_seeds_are_other_ambiences_and_credit_all_they_use(maker: RecordingsMaker, bed: GrainBed) -> None:
    other = maker.bed(asked("steady rain", CueKind.BED, seed=4))
    assert isinstance(other, GrainBed)
    assert not np.array_equal(other.read(48000), bed.read(48000))
    assert [credit.title for credit in bed.credits] == ["steady rain"]


def test_found_recordings_carry_how_they_were_found(finder: Finder) -> None:
    found = finder.find("steady rain")
    assert not isinstance(found, Refusal)
    assert len(found) == 3
    assert all(isinstance(each, Found) and each.likeness > 0.95 for each in found)
