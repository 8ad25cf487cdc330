"""One sound of any words: what kind it is, that somebody always makes it, and that it neither clicks nor is silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.errors import DescriptionError
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.levels import true_peak_db
from livefoley.dsp.loudness import integrated_lufs, loudest_lufs
from livefoley.foley.auto import best_sound, kinds_of
from livefoley.foley.makers import Makers
from livefoley.foley.student.settings import StudentSettings

BED, ACCENT = CueKind.BED, CueKind.ACCENT


@pytest.fixture(scope="module")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Makers:
    """Without a student: what the others have is theirs to make."""
    return Makers(cache_directory=tmp_path_factory.mktemp("cache"))


def asked(text: str, seconds: float = 2.0, seed: int = 1) -> SoundRequest:
    return SoundRequest(ACCENT, text, length=round(seconds * TICK_RATE), seed=seed)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("rain on a tin roof", (BED,)),
        ("海边的浪声", (BED,)),
        ("frying bacon", (BED,)),
        ("a dog barking in the park", (BED, ACCENT)),
        ("切菜声", (ACCENT,)),
        ("crowd cheering", (ACCENT,)),
        ("footsteps on gravel", (ACCENT,)),
        ("zzyzx", (ACCENT,)),
    ],
)
def test_the_words_decide_whether_it_is_an_ambience(text: str, kinds: tuple[CueKind, ...]) -> None:
    assert kinds_of(text) == kinds


def test_a_place_is_a_steady_ambience_as_long_as_asked_and_fades_at_both_ends(makers: Makers) -> None:
    made = best_sound(makers, None, asked("heavy rain", 3.0))
    samples = made.sound.samples
    assert (made.sound.source, made.neutral, samples.shape) == ("procedural", False, (2, 3 * TICK_RATE))
    assert integrated_lufs(samples) == pytest.approx(-14, abs=1)
    assert np.abs(samples[:, [0, -1]]).max() < 1e-3
    assert np.abs(samples[:, 9600:-9600]).max() > 0.1


def test_an_action_in_a_place_is_heard_over_it(makers: Makers) -> None:
    alone = best_sound(makers, None, asked("in a forest", 1.2)).sound.samples
    both = best_sound(makers, None, asked("hammering in a forest", 1.2)).sound
    assert both.source == "bank"
    assert both.samples.shape == alone.shape
    assert loudest_lufs(both.samples) > loudest_lufs(both.samples[:, -TICK_RATE // 4 :]) + 3


def test_what_nobody_knows_is_a_quiet_neutral_sound_and_says_so(makers: Makers) -> None:
    made = best_sound(makers, None, asked("zzyzx"))
    assert made.neutral
    assert integrated_lufs(made.sound.samples) == pytest.approx(-26, abs=1.5)


def test_a_named_source_that_has_nothing_says_why(makers: Makers) -> None:
    with pytest.raises(DescriptionError, match=r"zzyzx.*bank: has no such sound"):
        best_sound(makers, SoundSource.BANK, asked("zzyzx"))


def test_curves_that_nobody_can_follow_are_one_error(makers: Makers) -> None:
    curved = SoundRequest(ACCENT, "rain", length=TICK_RATE, onsets_s=(0.1, 0.5))
    with pytest.raises(DescriptionError, match="no curves"):
        best_sound(makers, None, curved)


def test_without_weights_the_others_make_what_they_know(tmp_path: Path) -> None:
    lacking = Makers(student=StudentSettings(str(tmp_path / "none.json"), "cpu", 1), cache_directory=tmp_path)
    assert best_sound(lacking, None, asked("a dog barks")).neutral
    assert best_sound(lacking, None, asked("knocking")).sound.source == "bank"


def test_what_is_done_over_and_over_goes_on_with_takes_that_differ(makers: Makers) -> None:
    steps = best_sound(makers, None, asked("footsteps on gravel", 4.0)).sound.samples
    assert steps.shape[1] == 4 * TICK_RATE
    seconds = steps[:, : 4 * TICK_RATE].reshape(2, 4, TICK_RATE)
    assert (np.abs(seconds).max(axis=(0, 2)) > 0.05).all()
    once = best_sound(makers, None, asked("one footstep on gravel", 4.0)).sound.samples
    assert once.shape[1] < TICK_RATE
    typing = best_sound(makers, None, asked("typing on a keyboard", 4.0)).sound.samples
    assert typing.shape[1] >= 4 * TICK_RATE


@pytest.mark.parametrize(
    "text", ["rain", "glass breaking", "footsteps", "fire", "church bells", "hammering in a forest"]
)
def test_sounds_lie_at_their_level_and_below_the_peak(makers: Makers, text: str) -> None:
    samples = best_sound(makers, None, asked(text, 4.0)).sound.samples
    assert true_peak_db(samples) <= -1.0
    loud = integrated_lufs(samples) if kinds_of(text) == (BED,) else loudest_lufs(samples)
    assert loud == pytest.approx(-14, abs=1) or true_peak_db(samples) > -1.3
