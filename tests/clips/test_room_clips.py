"""What a room tells its clips can cost clips, and never the room."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from livefoley.clips.model import ClipRequest, Priority
from livefoley.core.errors import Full
from livefoley.core.snapshots import StateCount
from livefoley.engine.mixer import Mixed
from livefoley.engine.room_types import Departure
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.clips.room import MAX_AHEAD, ClipSettings, RoomClips
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


async def test_clips_that_lie_ahead_are_bounded_by_priority_and_taken_again_when_some_are_deleted(
    tmp_path: Path,
) -> None:
    service = ClipService(tmp_path, {"libraries": [], "place": str(tmp_path)})
    nothing_cut = cast(Any, None)
    clips = RoomClips("room", ClipSettings(tmp_path), nothing_cut, service, nothing_cut)
    service.rooms["room"] = clips
    clips.departed(leaves(0, BLOCK))
    taken = []
    for number in range(1000):
        start_s = 400.0 - number % 7
        with contextlib.suppress(Full):
            taken.append(service.create(ClipRequest("room", start_s=start_s, end_s=start_s + 3)).id)
    assert len(taken) == MAX_AHEAD == service.snapshot().ahead
    assert service.snapshot().refused == (StateCount("ahead", 1000 - MAX_AHEAD),)
    assert len(service.list()) == MAX_AHEAD
    with pytest.raises(Full) as full:
        service.create(ClipRequest("room", start_s=400.0, end_s=403.0))
    assert 390 < full.value.retry_after_s <= 397  # when the first of them is due
    service.create(ClipRequest("room", start_s=400.0, end_s=403.0, priority=Priority.BATCH))
    await service.delete(taken[13])
    service.create(ClipRequest("room", start_s=400.0, end_s=403.0))
