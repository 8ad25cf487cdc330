"""The link to a real, headless OBS: scenes, highlights, a restart, a wrong password."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from livefoley.core.notices import HighlightNotice
from livefoley.outbound.obs import ObsLink, ObsSettings
from livefoley.runtime.events.event_feed import EventFeed
from tests.support.obs import PASSWORD, Operator, obs, operator
from tests.support.ports import free_port
from tests.support.waiting import until

NO_CHAPTERS = 204  # what OBS before 30.2 answers
MOMENT = HighlightNotice("h1", 1, "confirmed", "discount", 1.5, 2.4, 1.5, 0.9, (), "sold out", "", None)

pytestmark = pytest.mark.live


@asynccontextmanager
async def linked(feed: EventFeed, settings: ObsSettings) -> AsyncIterator[tuple[ObsLink, list[str]]]:
    """Run a link; give it with the scenes it reports."""
    scenes: list[str] = []

    async def on_scene(scene: str) -> None:
        scenes.append(scene)

    link = ObsLink("stage", settings, feed, on_scene)
    running = asyncio.create_task(link.run())
    try:
        yield link, scenes
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def hidden(at: Operator) -> bool:
    return not await enabled(at)


async def enabled(at: Operator) -> bool:
    answer = await at.do("GetSceneItemEnabled", sceneName="Scene", sceneItemId=1)
    return bool(answer.data["sceneItemEnabled"])


async def test_scenes_come_highlights_go_and_a_restart_is_survived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, feed = free_port(), EventFeed("stage")
    settings = ObsSettings(f"ws://127.0.0.1:{port}", PASSWORD, chapter=True, source="clip", show_s=1.0)
    async with linked(feed, settings) as (link, scenes):
        async with obs(port, tmp_path / "first.log"), operator(port) as at:
            await until(lambda: scenes == ["Scene"])
            await at.do("CreateScene", sceneName="Starting Soon 马上开始")
            await at.do("SetCurrentProgramScene", sceneName="Starting Soon 马上开始")
            await until(lambda: scenes[1:] == ["Starting Soon 马上开始"])
            await at.do("SetCurrentProgramScene", sceneName="Scene")
            await until(lambda: scenes[2:] == ["Scene"])
            await at.do("SetSceneItemEnabled", sceneName="Scene", sceneItemId=1, sceneItemEnabled=False)
            await until(lambda: feed.statistics().listeners == 1)
            feed.publish(MOMENT)
            await until(lambda: enabled(at))
            await until(lambda: hidden(at))
            assert link.statistics().delivered >= 1
            chapter = await at.do("CreateRecordChapter", chapterName="sold out")
            dropped = link.statistics().dropped
            feed.publish(replace(MOMENT, id="h2"))
            await until(lambda: link.statistics().delivered >= 2)
            assert (dropped, link.statistics().dropped) == (1, 2)  # of chapters: OBS records nothing
        await until(lambda: not link.statistics().connected)
        async with obs(port, tmp_path / "second.log"):
            await until(lambda: link.statistics().connected and scenes[3:] == ["Scene"])
    said = capsys.readouterr().out
    assert said.count("OBS is connected") == 2
    assert said.count("chapters need OBS 30.2") == (chapter.code == NO_CHAPTERS)
    assert PASSWORD not in said


async def test_a_wrong_or_missing_password_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, feed = free_port(), EventFeed("stage")
    async with obs(port, tmp_path / "obs.log"):
        async with operator(port):
            pass
        for password, told in (("not-the-password", "refuses the password"), (None, "asks for a password")):
            async with linked(feed, ObsSettings(f"ws://127.0.0.1:{port}", password)) as (link, scenes):
                await until(lambda link=link: link.statistics().retries >= 3)
                assert (scenes, link.statistics().connected) == ([], False)
            said = capsys.readouterr().out
            assert said.count(told) == 1
            assert "not-the-password" not in said
