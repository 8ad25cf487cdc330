"""One object serves cues and rooms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from livefoley.core.cues import CueKind, SoundRequest
from livefoley.core.ports import BedSource, EffectSource
from livefoley.foley.source import Foley


def test_a_process_is_served_by_one_object(tmp_path: Path) -> None:
    foley = Foley(cache_directory=tmp_path)
    effects: EffectSource = foley
    bed: BedSource = foley.bed("demo", "rain")
    foley.warm("切菜")
    rendered = foley.statistics().rendered
    sound = effects.make(SoundRequest(CueKind.ACTION, "切菜"))
    assert sound is not None
    assert foley.statistics().rendered == rendered
    assert bed.read(4800).shape == (2, 4800)


def test_a_room_keeps_its_bed_and_other_rooms_have_their_own(tmp_path: Path) -> None:
    foley = Foley(cache_directory=tmp_path)
    first = foley.bed("a", "fan")
    assert foley.bed("a", "rain") is first
    assert not np.array_equal(foley.bed("b", "fan").read(4800), foley.bed("c", "fan").read(4800))
    foley.close("a")
    assert foley.bed("a", "fan") is not first


def test_a_second_process_finds_what_the_first_rendered(tmp_path: Path) -> None:
    Foley(cache_directory=tmp_path).warm("knocking")
    again = Foley(cache_directory=tmp_path)
    again.warm("knocking")
    assert again.statistics().rendered == 0
    assert again.statistics().disk_hits > 0
