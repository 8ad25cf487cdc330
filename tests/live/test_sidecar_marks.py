"""The watermark of a room's live output: `livefoley verify` finds it in whatever a viewer cuts out, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from livefoley.commands.verify import examine
from livefoley.core.media import MediaKind
from tests.live.rtmp_peers import nginx_rtmp
from tests.support.media_files import file_hashes, recordings
from tests.support.peers import require, shared
from tests.support.programs import run_peer
from tests.support.sidecars import publish, sidecar, wait_room

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

PROVIDER = "例子公司"
FILM = "footage/room.mp4"


async def excerpt(of: Path, start_s: float, length_s: float, rate: str) -> Path:
    """Cut sound out of a recording and encode it anew, as who shares a moment of a stream does."""
    cut = of.with_name(f"{of.stem}-{start_s}.m4a")
    command = [require("ffmpeg"), "-v", "error", "-ss", str(start_s), "-t", str(length_s), "-i", of, "-vn"]
    status, said = await run_peer(*command, "-c:a", "aac", "-b:a", rate, cut)
    assert status == 0, said
    return cut


async def streamed(place: Path, seconds: int, **foley: Any) -> tuple[dict[str, Any], Path]:
    """Return a room's figures when its publisher has gone, and what an RTMP server recorded of it beside ``o.mp4``."""
    async with nginx_rtmp(place / "nginx") as (port, records):
        sinks = [{"rtmp": f"rtmp://127.0.0.1:{port}/live/out"}, {"file": f"{place}/o.mp4"}]
        room = {"describe": "a quiet room", "foley": foley, "stem": True, "sinks": sinks, "on_drop": "audio"}
        async with sidecar(place, {"clips": {"provider": PROVIDER}}, **room) as running:
            assert (await publish(running.ports.publish_url, shared(FILM), "-t", str(seconds)))[0] == 0
            told = await wait_room(running, lambda room: not room["publisher_connected"])
            await running.stop()
        return told, recordings(records, "*.flv")[0]


async def test_any_excerpt_of_a_marked_stream_is_known_and_its_pictures_are_untouched(tmp_path: Path) -> None:
    told, served = await streamed(tmp_path, 24, watermark=True)
    assert len(told["watermark"]) == 12
    assert told["mark_failures"] == told["foley_failures"] == 0
    for recording, start_s, length_s, rate in (
        (served, 2.31, 20, "96k"),
        (served, 7.77, 10, "96k"),
        (tmp_path / "o.mp4", 5.03, 10, "128k"),
        (tmp_path / "o.stem.m4a", 3.9, 10, "128k"),
    ):
        found = examine(await excerpt(recording, start_s, length_s, rate)).mark
        assert found is not None
        assert found.content_id == told["watermark"], (recording.name, found)
    for recording in (tmp_path / "o.mp4", tmp_path / "o.stem.m4a"):
        marks = examine(recording)
        assert (marks.labels.provider, marks.labels.ai_generated) == (PROVIDER, True)
        assert marks.disagreement() == ""
    sent = file_hashes(shared(FILM), MediaKind.VIDEO)[:600]
    assert file_hashes(tmp_path / "o.mp4", MediaKind.VIDEO)[: len(sent)] == sent


@pytest.mark.parametrize("foley", [{"watermark": False}, {"watermark": True, "enabled": False}])
async def test_without_the_switch_or_without_foley_nothing_is_marked(tmp_path: Path, foley: dict[str, bool]) -> None:
    told, served = await streamed(tmp_path, 12, **foley)
    for recording in (served, tmp_path / "o.mp4"):
        marks = examine(recording)
        assert marks.mark is not None
        assert not marks.mark.found, marks.mark
        assert not marks.generated
    assert told["watermark"] == ""
