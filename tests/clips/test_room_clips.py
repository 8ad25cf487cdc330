"""What a room tells its clips can cost clips, and never the room."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from livefoley.engine.mixer import Mixed
from livefoley.engine.room_types import Departure
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.clips.room import ClipSettings, RoomClips
from livefoley.runtime.clips.service import ClipService

BLOCK = np.zeros((2, 1024), np.float32)


def leaves(at: int, original: Any) -> Departure:
    return Departure([], [], [(ORIGIN + at, Mixed(BLOCK, None, original))])


async def test_what_cannot_be_kept_is_counted_and_the_room_goes_on(tmp_path: Path) -> None:
    service = ClipService(tmp_path, {"libraries": [], "place": str(tmp_path)})
    nothing_cut = cast(Any, None)  # how the room sounds is asked for when a clip is cut
    clips = RoomClips("room", ClipSettings(tmp_path), nothing_cut, service, nothing_cut)
    clips.departed(leaves(0, BLOCK))
    clips.departed(leaves(1024, "no samples"))
    assert clips.snapshot().dropped_events == 1
    clips.departed(leaves(2048, BLOCK))
    assert clips.snapshot().dropped_events == 1
    assert clips.snapshot().kept_s > 0
