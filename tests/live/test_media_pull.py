"""Pulling from real servers: pictures bit for bit, losses noticed, reconnects, a pace one can play at."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from livefoley.core.media import Disconnected, MediaKind, Packet, SourceItem, TrackInfo
from livefoley.core.ports import Feed
from livefoley.formats import nal
from livefoley.media.audio_codecs import make_decoder
from livefoley.media.files.file_source import read_items
from livefoley.media.pull import PullSource
from tests.live.media_peers import gstreamer_rtsp, nginx_rtmp, publishing, segmented, web
from tests.media.clips import clip
from tests.media.render import payloads
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.programs import process
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live


@asynccontextmanager
async def pulling(source: PullSource, feed: Feed | None = None) -> AsyncIterator[list[SourceItem]]:
    """Run a source and give the list its items go to, or ``feed`` takes them."""
    items: list[SourceItem] = []
    task = asyncio.create_task(source.run(feed or items.append))
    try:
        yield items
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, LIMIT_S)


def pictures(items: list[SourceItem]) -> list[Packet]:
    return [item for item in items if isinstance(item, Packet) and item.kind is MediaKind.VIDEO]


def losses(items: list[SourceItem]) -> int:
    return sum(isinstance(item, Disconnected) for item in items)


@pytest.fixture
def rtmp(tmp_path: Path) -> Iterator[str]:
    with nginx_rtmp(tmp_path) as url:
        yield f"{url}/room"


def quick(url: str) -> PullSource:
    return PullSource(url, read_timeout_s=2.0, backoff_s=(0.2, 0.5))


async def test_rtmp_brings_every_picture_bit_for_bit_with_its_parameters(rtmp: str) -> None:
    known = set(payloads(clip("h264.flv")))
    async with pulling(quick(rtmp)) as items:
        with process(*publishing(clip("h264.flv"), "-f", "flv", rtmp)):
            await until(lambda: len(pictures(items)) > 50)
    infos = [item for item in items if isinstance(item, TrackInfo)]
    assert {info.codec for info in infos} == {"h264", "aac"}
    assert isinstance(items[0], TrackInfo)
    assert all(packet.data in known for packet in pictures(items))
    assert pictures(items)[0].keyframe


async def test_an_ffmpeg_that_listens_is_pulled_from() -> None:
    known, url = set(payloads(clip("h264.flv"))), f"rtmp://127.0.0.1:{free_port()}/live/out"
    async with pulling(quick(url)) as items:
        with process(*publishing(clip("h264.flv"), "-f", "flv", "-listen", "1", url)):
            await until(lambda: len(pictures(items)) > 50)
    assert {item.codec for item in items if isinstance(item, TrackInfo)} == {"h264", "aac"}
    assert all(packet.data in known for packet in pictures(items))


async def test_a_publisher_that_stops_is_noticed_and_its_return_too(rtmp: str) -> None:
    source = quick(rtmp)
    async with pulling(source) as items:
        with process(*publishing(clip("h264.flv"), "-f", "flv", rtmp)):
            await until(lambda: len(pictures(items)) > 10)
        await until(lambda: losses(items) == 1)
        count = len(items)
        with process(*publishing(clip("large.mp4"), "-f", "flv", rtmp)):
            await until(lambda: len(pictures(items[count:])) > 10)
    widths = [item.width for item in items if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO]
    assert (widths[0], widths[-1]) == (320, 640)
    assert source.statistics().connects == 2


async def test_http_flv_is_pulled() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/live.flv"
    async with pulling(quick(url)) as items:
        with process(*publishing(clip("h264.flv"), "-f", "flv", "-listen", "1", url)):
            await until(lambda: len(pictures(items)) > 30)
    known = set(payloads(clip("h264.flv")))
    assert all(packet.data in known for packet in pictures(items))


async def test_a_title_in_the_encoding_of_an_old_machine_costs_nothing() -> None:
    url = f"http://127.0.0.1:{free_port()}/live.flv"
    title = ("-metadata", os.fsdecode(b"title=\xa9 Caf\xe9"))
    async with pulling(quick(url)) as items:
        with process(*publishing(clip("h264.flv"), *title, "-f", "flv", "-listen", "1", url)):
            await until(lambda: len(pictures(items)) > 30)


def headless(path: Path) -> None:
    """Write half a minute of a clip without its parameter sets."""
    command = [require("ffmpeg"), "-v", "error", "-stream_loop", "9", "-i", clip("h264.ts"), "-c", "copy"]
    subprocess.run([*command, "-bsf:v", "filter_units=remove_types=7|8", path], check=True)


async def test_pictures_without_parameters_are_told_while_the_sound_goes_on(tmp_path: Path) -> None:
    headless(tmp_path / "headless.ts")
    with web(tmp_path) as url:
        source = quick(f"{url}/headless.ts")
        async with pulling(source) as items:
            await until(lambda: "the parameters to decode them never came" in source.statistics().problem)
    assert any(isinstance(item, Packet) for item in items)
    assert not pictures(items)


async def test_rtsp_brings_pictures_and_sound_with_parameters_from_its_description() -> None:
    with gstreamer_rtsp(clip("h264.mp4")) as url:
        async with pulling(quick(url)) as items:
            await until(lambda: len(pictures(items)) > 40)
    known = {slices(packet.data) for packet in pictures(list(read_items(clip("h264.mp4"))))}
    assert {slices(packet.data) for packet in pictures(items)} <= known
    infos = {item.kind: item for item in items if isinstance(item, TrackInfo)}
    assert {info.codec for info in infos.values()} == {"h264", "aac"}
    assert infos[MediaKind.VIDEO].width == 320
    make_decoder(infos[MediaKind.AUDIO])


def slices(data: bytes) -> tuple[bytes, ...]:
    units = nal.split_length_prefixed(data)
    return tuple(unit for unit in units if nal.unit_type("h264", unit) in (1, 5))


@pytest.mark.parametrize("kind", ["mpegts", "fmp4"])
async def test_hls_comes_at_its_own_pace_and_not_in_bursts(tmp_path: Path, kind: str) -> None:
    segmented(clip("h264.mp4"), tmp_path, kind)
    clock = asyncio.get_running_loop().time
    arrivals: list[tuple[float, SourceItem]] = []
    with web(tmp_path) as root:
        async with pulling(quick(f"{root}/index.m3u8"), lambda item: arrivals.append((clock(), item))):
            await until(lambda: len(pictures([item for _, item in arrivals])) >= 40)
    began_s, first = arrivals[0]  # parameters, which come at once
    assert isinstance(first, TrackInfo)
    stamps = [(at_s, float(item.dts * item.time_base)) for at_s, item in arrivals if isinstance(item, Packet)]
    assert max(stamp - stamps[0][1] - (at_s - began_s) for at_s, stamp in stamps) < 0.01
    assert {item.codec for _, item in arrivals if isinstance(item, TrackInfo)} == {"h264", "aac"}


async def test_a_playlist_that_points_at_local_files_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(clip("h264.ts").read_bytes())
    served = tmp_path / "www"
    served.mkdir()
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:5", "#EXTINF:5,", f"file://{secret}", "#EXT-X-ENDLIST", ""]
    (served / "index.m3u8").write_text("\n".join(lines))
    with web(served) as root:
        async with pulling(quick(f"{root}/index.m3u8")) as items:
            await asyncio.sleep(1.0)
    assert items == []
