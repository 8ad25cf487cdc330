"""What must not be heard is caught, whatever made it."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.errors import DescriptionError, ModelError
from livefoley.dsp.loudness import loudest_lufs
from livefoley.foley import levels
from livefoley.foley.student import output_check
from livefoley.foley.student.features import REFERENCE_RMS

NOISE = np.random.default_rng(0).standard_normal(48_000).astype(np.float32)


def test_sound_where_it_should_be_passes() -> None:
    output_check.check_raw(NOISE * REFERENCE_RMS)
    output_check.check_mel(np.zeros((10, 100), np.float32))
    finished = levels.normalise_effect(np.stack((NOISE, NOISE)) * 0.1)
    assert output_check.check_finished(finished, levels.EFFECT_LUFS) is finished


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (NOISE[:0], "nothing"),
        (np.where(np.arange(48_000) == 7, np.nan, NOISE), "nothing that can be heard"),
        (NOISE * 1e-5, "silence"),
        (NOISE * 3000, "too loud"),
        (NOISE * REFERENCE_RMS + 0.2, "off centre"),
        (NOISE[:1000] * 1e-5, "silence"),
    ],
)
def test_broken_sound_is_caught(sound: np.ndarray, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        output_check.check_raw(sound.astype(np.float32))


def test_a_loud_take_is_turned_down_and_heard() -> None:
    output_check.check_raw((NOISE * 3).astype(np.float32))
    swell = np.stack((NOISE, NOISE)) * 0.1
    swell[:, :24_000] *= 1e-3
    turned_down = output_check.check_finished(swell, -40.0)
    assert loudest_lufs(turned_down) == pytest.approx(-40.0 + output_check.ABOVE_LU, abs=0.1)


def test_a_finished_sound_that_clips_or_has_the_wrong_level_is_caught() -> None:
    stereo = np.stack((NOISE, NOISE))
    with pytest.raises(ModelError, match="clipped"):
        output_check.check_finished(np.clip(stereo, -1, 1), levels.EFFECT_LUFS)
    with pytest.raises(ModelError, match="LUFS"):
        output_check.check_finished(stereo * 1e-4, levels.EFFECT_LUFS)


def test_curves_that_hold_no_numbers_are_refused_by_name() -> None:
    output_check.check_curves(envelope=None, onsets=np.ones(4, np.float32))
    with pytest.raises(DescriptionError, match="onsets: holds"):
        output_check.check_curves(envelope=np.ones(4, np.float32), onsets=np.array([1, np.inf], np.float32))
