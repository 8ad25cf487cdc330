"""The generator around a tiny random network: shapes, seeds, batches, windows that continue, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livefoley.core.cues import Cue, CueKind, Sound, SoundRequest, Stereo
from livefoley.core.errors import DescriptionError, ModelError
from livefoley.dsp.levels import peak
from livefoley.dsp.loudness import loudest_lufs
from livefoley.foley import levels
from livefoley.foley.student import features
from livefoley.foley.student.embed import TextEncoder
from livefoley.foley.student.sources import answer, segments_of, wish_of
from livefoley.foley.student.student import Student, Wish, open_student

from .tiny import write_model

ENCODER = TextEncoder()
SEED = 11  # its windows are of a usual loudness, which random weights do not always see to
BAD_CURVE = np.full(25 * features.FRAMES_PER_TOKEN, np.nan, np.float32)


def student(directory: Path, fault: str = "") -> Student:
    made = open_student(write_model(directory, fault=fault), device="cpu", threads=1)
    made.encoder = ENCODER
    return made


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Student:
    return student(tmp_path_factory.mktemp("model"))


def sound_of(student: Student, *wishes: Wish) -> list[Stereo]:
    made = student.make(wishes)
    assert all(isinstance(each, np.ndarray) for each in made), made
    return made  # type: ignore[return-value]


def test_a_wish_becomes_stereo_of_its_length_at_the_level_of_effects(tiny: Student) -> None:
    [sound] = sound_of(tiny, Wish("rain on a tin roof", features.tokens_for(2.0)))
    assert sound.shape == (2, 96_000)
    assert loudest_lufs(sound) == pytest.approx(levels.EFFECT_LUFS, abs=1.5)
    assert peak(sound) <= 1


def test_one_seed_repeats_and_two_differ(tiny: Student) -> None:
    first, again, other = (sound_of(tiny, Wish("a door", 25, seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)


def test_a_sound_is_the_same_alone_and_in_a_batch(tiny: Student) -> None:
    wishes = [Wish("a dog", 130, 1), Wish("rain", 50, 2), Wish("a bell", 50, 3)]
    together = sound_of(tiny, *wishes)
    for wish, sound in zip(wishes, together, strict=True):
        np.testing.assert_allclose(sound, sound_of(tiny, wish)[0], atol=2e-3)


def test_what_one_wish_lacks_costs_the_others_nothing(tiny: Student) -> None:
    made = tiny.make([Wish("", 25), Wish("rain", 25), Wish("sea", 25, envelope_db=BAD_CURVE), Wish("x", 10**6)])
    assert isinstance(made[1], np.ndarray)
    assert [str(made[k])[:26] for k in (0, 2, 3)] == [
        "the description is empty; ",
        "envelope: holds values tha",
        "a sound of 80000 s is aske",
    ]
    assert all(isinstance(made[k], DescriptionError) for k in (0, 2, 3))


def test_an_envelope_is_kept_to(tiny: Student) -> None:
    envelope = np.full(200, 0.0, np.float32)
    envelope[80:120] = features.SILENT_DB
    [sound] = sound_of(tiny, Wish("wind", features.tokens_for(2.0), envelope_db=envelope))
    middle, rest = sound[:, 90 * 480 : 110 * 480], sound[:, 10 * 480 : 70 * 480]
    assert np.sqrt(np.mean(middle**2)) < 0.05 * np.sqrt(np.mean(rest**2))


@pytest.mark.parametrize(("fault", "said"), [("nan", "no numbers"), ("silent", "silence"), ("loud", "too loud")])
def test_a_broken_model_is_not_heard(tmp_path: Path, fault: str, said: str) -> None:
    broken = student(tmp_path, fault)
    [made] = broken.make([Wish("rain", 25)])
    assert isinstance(made, ModelError)
    assert said in str(made)
    [bed] = broken.advance([broken.bed("rain", 1)])
    assert isinstance(bed, ModelError)


def test_a_segment_depends_on_its_request_alone_and_comes_with_others(tiny: Student, tmp_path: Path) -> None:
    rain, sea = (SoundRequest(CueKind.BED, words, seed=SEED) for words in ("rain at night", "sea"))
    first, empty, second = segments_of(tiny, [rain, replace(sea, prompt=" "), sea])
    assert isinstance(empty, DescriptionError)
    for request, made in ((rain, first), (sea, second)):
        assert isinstance(made, Sound)
        assert (made.source, made.name, made.seed) == ("student", request.prompt, SEED)
        assert made.samples.shape[1] > 5 * 48_000
        [alone] = segments_of(tiny, [request])
        assert isinstance(alone, Sound)
        np.testing.assert_allclose(alone.samples, made.samples, atol=2e-3)
    [broken] = segments_of(student(tmp_path, "nan"), [rain])
    assert isinstance(broken, ModelError)


def test_beds_advance_together_as_they_would_alone(tiny: Student) -> None:
    rain, sea, alone = tiny.bed("rain", 1), tiny.bed("sea", 2), tiny.bed("sea", 2)
    for _ in range(3):
        together, [single] = tiny.advance([rain, sea]), tiny.advance([alone])
        np.testing.assert_allclose(together[1], single, atol=2e-3)


def test_a_cue_becomes_one_onset_and_its_sound_begins_there(tiny: Student) -> None:
    hard = Cue(1, CueKind.ACTION, 0, 0, prompt="a velociraptor purring", intensity=1.0, seed=3).request
    sounds = []
    for request in (hard, replace(hard, intensity=0.2)):
        wish = wish_of(request)
        assert np.count_nonzero(wish.onsets) == 1
        sounds.append(answer(request, *sound_of(tiny, wish)))
    assert [(sound.source, sound.name, sound.seed) for sound in sounds] == [
        ("student", "a velociraptor purring", 3)
    ] * 2
    assert sounds[0].onset < 4800
    assert loudest_lufs(sounds[1].samples) < loudest_lufs(sounds[0].samples) - 6


def test_a_request_with_curves_is_made_by_them_and_as_long_as_asked(tiny: Student) -> None:
    curves = {"onsets_s": (0.5, 1.2), "envelope": ((0.0, -60.0), (1.0, 0.0))}
    request = SoundRequest(CueKind.ACCENT, "glass breaking", length=70_000, **curves)  # type: ignore[arg-type]
    wish = wish_of(request)
    assert np.flatnonzero(wish.onsets).tolist() == [50, 120]
    assert wish.envelope_db is not None
    assert wish.envelope_db[:3] == pytest.approx([-59.7, -59.1, -58.5], abs=0.01)
    assert wish.envelope_db[100] == 0
    sound = answer(request, *sound_of(tiny, wish))
    assert (sound.samples.shape, sound.onset) == ((2, 70_000), 0)
