"""How loud a clip's sound becomes: speech and hits to the loudness of clips, a quiet room never."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.clips.sound import AMBIENCE_DB, ambience_gain_db, master
from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.levels import background_db, linear_from_db
from livefoley.dsp.loudness import integrated_lufs


def tone(level_db: float, seconds: float = 5.0) -> Stereo:
    """The tone of a room."""
    made = np.random.default_rng(1).normal(0, linear_from_db(level_db), (2, round(seconds * TICK_RATE)))
    return made.astype(np.float32)


def with_hits(room: Stereo) -> Stereo:
    hit = 0.5 * np.exp(-np.arange(4800) / 800) * np.sin(np.arange(4800) / 5)
    made = room.copy()
    for at in range(0, room.shape[1] - 4800, TICK_RATE):
        made[:, at : at + 4800] += hit.astype(np.float32)
    return made


@pytest.mark.parametrize("level_db", [-60.0, -45.0, -30.0])
def test_a_room_in_which_nothing_happens_stays_quiet(level_db: float) -> None:
    room = tone(level_db)
    made = master(np.zeros_like(room), room)
    assert background_db(made.mix) <= AMBIENCE_DB + 0.5
    assert made.loudness_lufs < -17
    assert background_db(room) + ambience_gain_db(room) == pytest.approx(AMBIENCE_DB)


def test_under_hits_and_under_a_voice_the_clip_is_as_loud_as_clips_are() -> None:
    room = tone(-60.0)
    assert integrated_lufs(master(with_hits(room), room).mix) == pytest.approx(-15, abs=2.0)


def test_silence_has_no_background() -> None:
    assert background_db(np.zeros((2, 5), np.float32)) == background_db(np.zeros((2, TICK_RATE), np.float32)) == -120.0
