"""The generator around a tiny random network: shapes, seeds, batches, windows that continue, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livefoley.core.cues import Cue, CueKind, Stereo
from livefoley.core.errors import DescriptionError, ModelError
from livefoley.dsp.levels import peak
from livefoley.dsp.loudness import loudest_lufs
from livefoley.foley import levels
from livefoley.foley.student import features
from livefoley.foley.student.embed import TextEncoder
from livefoley.foley.student.sources import StudentBed, StudentEffects, wish_of
from livefoley.foley.student.student import Student, Wish, open_student

from .tiny import write_model

ENCODER = TextEncoder()
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
    assert StudentEffects(broken).make(Cue(1, CueKind.ACCENT, 0, 0, prompt="a thing")) is None


def test_a_bed_read_in_pieces_is_the_bed_read_at_once_also_over_a_change(tiny: Student) -> None:
    def bed() -> StudentBed:
        return StudentBed(tiny, 5, "rain at night")

    def read(pieces: list[int]) -> Stereo:
        made = bed()
        head = [made.read(n) for n in pieces]
        made.describe("sea and wind")
        return np.concatenate((*head, *(made.read(n) for n in reversed(pieces))), axis=1)

    whole = read([200_000])
    assert whole.shape == (2, 400_000)
    np.testing.assert_array_equal(whole, read([1, 4800, 100_000, 95_199]))
    assert not np.allclose(whole[:, -48_000:], bed().read(400_000)[:, -48_000:], atol=1e-3)


def test_a_bed_that_is_reset_begins_anew(tiny: Student) -> None:
    bed = StudentBed(tiny, 5, "rain at night")
    first = bed.read(48_000)
    bed.read(300_000)
    bed.reset()
    np.testing.assert_array_equal(bed.read(48_000), first)


def test_beds_advance_together_as_they_would_alone(tiny: Student) -> None:
    rain, sea, alone = tiny.bed("rain", 1), tiny.bed("sea", 2), tiny.bed("sea", 2)
    for _ in range(3):
        together, [single] = tiny.advance([rain, sea]), tiny.advance([alone])
        np.testing.assert_allclose(together[1], single, atol=2e-3)


def test_a_cue_becomes_one_onset_and_its_sound_begins_there(tiny: Student) -> None:
    cue = Cue(1, CueKind.ACTION, 0, 0, prompt="a velociraptor purring", intensity=1.0, seed=3)
    assert np.count_nonzero(wish_of(cue).onsets) == 1
    sound = StudentEffects(tiny).make(cue)
    assert sound is not None
    assert (sound.source, sound.name) == ("student", "a velociraptor purring")
    assert sound.onset < 4800
    soft = StudentEffects(tiny).make(replace(cue, intensity=0.2))
    assert soft is not None
    assert loudest_lufs(soft.samples) < loudest_lufs(sound.samples) - 6
