"""The student's ambience: at one level from end to end, and none of what comes and goes."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.cues import CueKind, Sound, SoundRequest
from livefoley.core.errors import SilentTakeError
from livefoley.dsp.loudness import integrated_lufs, loudest_lufs
from livefoley.foley import levels
from livefoley.foley.bed.segments import SegmentBed, open_segments
from livefoley.foley.student import sources

NOISE = np.random.default_rng(0).standard_normal((2, 6 * 48_000)).astype(np.float32) * 0.1
SINKING = NOISE * (10 ** (np.linspace(0, -10, NOISE.shape[1]) / 20)).astype(np.float32)
RAIN = SoundRequest(CueKind.BED, "rain", seed=3)


def test_what_sinks_is_levelled_and_what_swells_swells_on() -> None:
    level = levels.level_bed(SINKING)
    assert integrated_lufs(level) == pytest.approx(levels.BED_LUFS, abs=0.5)
    assert abs(loudest_lufs(level[:, :48_000]) - loudest_lufs(level[:, -48_000:])) < 1
    wave = np.cos(np.linspace(0, 6 * np.pi, NOISE.shape[1]))
    swelling = levels.level_bed(NOISE * (10 ** (4 * wave / 20)).astype(np.float32))
    assert 4 < levels.spread_db(swelling) < levels.MOST_SPREAD_DB


def test_an_ambience_woven_of_segments_that_sink_holds_its_level_for_a_minute() -> None:
    def make(request: SoundRequest) -> Sound:
        made = sources.ambience(request, SINKING)
        assert isinstance(made, Sound)
        return made

    bed = open_segments(RAIN, make)
    assert isinstance(bed, SegmentBed)
    tens = [integrated_lufs(bed.read(480_000)) for _ in range(6)]
    assert max(tens) - min(tens) < 2


def test_single_sounds_in_silence_are_no_ambience() -> None:
    bursts = NOISE * 1e-3
    bursts[:, 48_000:60_000] = NOISE[:, :12_000]
    made = sources.ambience(RAIN, bursts)
    assert isinstance(made, SilentTakeError)
    assert "comes and goes" in str(made)
