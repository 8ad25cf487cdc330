"""Slates of rooms: drawn beside the rooms' process, one at a time, within a bound of time, the last that was asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from livefoley.core.errors import InputError
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import MILLISECONDS
from livefoley.runtime.rooms.slate import RoomSlate, Slate, SlateArtist
from tests.support.waiting import until


def video(width: int, height: int = 8192, extradata: bytes = b"") -> TrackInfo:
    return TrackInfo(MediaKind.VIDEO, "h264", extradata, width, height)


class Easel:
    """Draws nothing, when it is let; keeps what it was asked, and what was shown."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.shown: list[int] = []
        self.drawing = self.most = 0
        self.go_on = asyncio.Semaphore(0)

    async def draw(self, info: TrackInfo) -> Slate:
        self.asked.append(info.width)
        self.drawing += 1
        self.most = max(self.most, self.drawing)
        await self.go_on.acquire()
        self.drawing -= 1
        if info.width == 13:
            raise InputError("thirteen is no width")
        return info, Packet(MediaKind.VIDEO, b"card", 0, 0, MILLISECONDS)

    def show(self, info: TrackInfo, packet: Packet) -> None:
        self.shown.append(info.width)


async def test_of_many_shapes_that_come_while_one_is_drawn_the_last_is_drawn_next() -> None:
    easel = Easel()
    slate = RoomSlate("stage", easel.draw, easel.show, pause_s=0)
    running = asyncio.create_task(slate.run())
    slate.want(video(1))
    await until(lambda: easel.drawing)
    for width in range(2, 500):
        slate.want(video(width))
    easel.go_on.release()
    easel.go_on.release()
    await until(lambda: len(easel.shown) == 2)
    slate.want(video(499, extradata=b"the same shape, other parameters"))
    await asyncio.sleep(0.02)
    running.cancel()
    assert easel.asked == easel.shown == [1, 499]
    assert easel.most == 1


async def test_a_slate_that_cannot_be_drawn_is_a_problem_until_the_next_one_is() -> None:
    easel = Easel()
    slate = RoomSlate("stage", easel.draw, easel.show, pause_s=0)
    running = asyncio.create_task(slate.run())
    easel.go_on = asyncio.Semaphore(10)
    slate.want(video(13))
    await until(lambda: "thirteen is no width" in slate.problem)
    slate.want(video(14))
    await until(lambda: easel.shown == [14] and not slate.problem)
    running.cancel()


async def test_slates_of_all_rooms_are_drawn_one_after_the_other_beside_the_rooms_process() -> None:
    artist = SlateArtist("back soon")
    before = set(psutil.Process().children())
    drawing = asyncio.gather(*(artist.draw(video(width)) for width in (8192, 4096, 640)))
    most = 0
    while not drawing.done():
        most = max(most, len(set(psutil.Process().children()) - before))
        await asyncio.sleep(0.02)
    slates = await drawing
    assert [(info.width, info.height) for info, _ in slates] == [(1080, 1080), (960, 1920), (150, 1920)]
    assert all(packet.keyframe and packet.data for _, packet in slates)
    assert most == 1


async def test_a_slate_that_takes_too_long_is_given_up_with_its_process(tmp_path: Path) -> None:
    artist = SlateArtist("back soon", timeout_s=0.05)
    before = set(psutil.Process().children())
    with pytest.raises(InputError, match=r"not drawn within 0\.05 s"):
        await artist.draw(video(640, 360))
    assert set(psutil.Process().children()) <= before


async def test_why_there_is_no_slate_is_said(tmp_path: Path) -> None:
    artist = SlateArtist("back soon")
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(InputError, match="use a PNG or JPEG"):
        await artist.draw(video(640, 360), tmp_path / "notes.png")
    with pytest.raises(InputError, match="gave none"):
        await SlateArtist("back soon", module="livefoley.nowhere").draw(video(640, 360))
