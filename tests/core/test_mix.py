"""The mix's controls stand in one place; what may be asked for from outside follows it."""

from __future__ import annotations

import pytest

from livefoley.config.highlights import ObsScene
from livefoley.control.api.rooms import RoomPatch
from livefoley.control.mix_patch import MixPatch
from livefoley.core.mix import GAIN_DB, MIX_CONTROLS, MixControls, changed
from livefoley.core.snapshots import RoomControls
from livefoley.engine.mixer import MixSettings


def test_whoever_may_change_the_mix_may_change_all_of_it() -> None:
    assert set(MixPatch.model_fields) == set(MIX_CONTROLS)
    for model in (RoomPatch, ObsScene):
        assert set(model.model_fields) == {"describe", *MIX_CONTROLS}
    assert all(issubclass(each, MixControls) for each in (MixSettings, RoomControls))


def test_what_is_left_out_stays() -> None:
    patch = RoomPatch(describe="rain", mute=True, bed_gain_db=GAIN_DB[0])
    assert patch.mix() == {"mute": True, "bed_gain_db": -60}
    mix = changed(MixSettings(duck_db=3, stem=True), patch.mix())
    assert (mix.mute, mix.bed_gain_db, mix.action_gain_db, mix.duck_db, mix.stem) == (True, -60, -12, 3, True)
    with pytest.raises(TypeError):
        changed(mix, {"loudness": 1})
