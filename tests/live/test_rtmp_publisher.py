"""The publisher against servers that behave, refuse, stall and die."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from livefoley.core.backoff import JITTER
from livefoley.core.media import MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ticks import MILLISECONDS, TICK_RATE, ms_from_ticks
from livefoley.media.rtmp import RtmpLimits, RtmpServer, RtmpSink
from livefoley.media.rtmp.protocol.server_session import PublishRequest, ServerSession
from tests.live.rtmp_client import AVCC, output_of
from tests.live.rtmp_peers import KEY, Captured, capture, nginx_rtmp
from tests.support.media_files import file_hashes
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.programs import process
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live


@asynccontextmanager
async def running(publisher: RtmpSink) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(publisher.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def feed(publisher: RtmpSink, items: list[OutputItem]) -> None:
    """Give the publisher its first packet, which makes it connect, and when it has, the others."""
    first = next(index for index, item in enumerate(items) if isinstance(item, Unit)) + 1
    for item in items[:first]:
        publisher.write_nowait(item)
    await until(lambda: publisher.statistics().connected)
    for item in items[first:]:
        publisher.write_nowait(item)
        await asyncio.sleep(0)


def knock(publisher: RtmpSink) -> None:
    """Give the publisher something to publish: until then it does not connect."""
    for item in [VIDEO, *frames(0, 1)]:
        publisher.write_nowait(item)


async def send(publisher: RtmpSink, items: list[OutputItem]) -> None:
    """Publish ``items`` whole, and say that this was all."""
    async with running(publisher) as task:
        await feed(publisher, items)
        publisher.close()
        async with asyncio.timeout(LIMIT_S):
            await task


def url(server: RtmpServer, key: str = KEY) -> str:
    return f"rtmp://127.0.0.1:{server.port}/live/{key}"


def frames(first: int, count: int, gop: int = 10, size: int = 200) -> list[OutputItem]:
    """Made-up pictures at 25/s, each payload telling its number."""
    items: list[OutputItem] = []
    for number in range(first, first + count):
        data, at, tick = number.to_bytes(4, "big") + bytes(size), number * 40, number * 1920
        items.append(Unit(Packet(MediaKind.VIDEO, data, at, at, MILLISECONDS, number % gop == 0), tick, tick, 0))
    return items


VIDEO = TrackInfo(MediaKind.VIDEO, "h264", AVCC)


def numbers(captured: Captured) -> list[int]:
    return [int.from_bytes(packet.data[:4], "big") for packet in captured.packets(MediaKind.VIDEO)]


@pytest.mark.parametrize("clip", ["h264_clip", "hevc_clip", "av1_clip"])
async def test_what_goes_out_is_what_came_in(server: RtmpServer, clip: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(clip)
    items = output_of(path)
    async with capture(server.register(KEY)) as captured:
        publisher = RtmpSink(url(server))
        await send(publisher, items)
        await captured.wait(lambda got: got.disconnects)
    for kind in MediaKind:
        assert captured.hashes(kind) == file_hashes(path, kind)
    assert captured.infos(MediaKind.VIDEO) == [item for item in items if isinstance(item, TrackInfo)][:1]
    units = [item for item in items if isinstance(item, Unit)]
    told = publisher.statistics()
    assert (told.units, told.dropped_units, told.errors) == (len(units), 0, 0)


async def test_stamps_out_are_the_ticks_and_the_packets_own_offset(server: RtmpServer, h264_clip: Path) -> None:
    items = output_of(h264_clip)
    async with capture(server.register(KEY)) as captured:
        await send(RtmpSink(url(server)), items)
        await captured.wait(lambda got: got.disconnects)
    sent = [item for item in items if isinstance(item, Unit) and item.kind is MediaKind.VIDEO]
    got = captured.packets(MediaKind.VIDEO)
    assert [packet.dts for packet in got] == [ms_from_ticks(unit.dts) for unit in sent]
    for packet, unit in zip(got, sent, strict=True):
        offset_ms = (unit.packet.pts - unit.packet.dts) * unit.packet.time_base * 1000
        assert packet.pts - packet.dts == pytest.approx(float(offset_ms), abs=1)
    assert [packet.keyframe for packet in got] == [unit.packet.keyframe for unit in sent]


@pytest.mark.parametrize("start_ms", [0xFFFF00, 0xFFFFFF, 0xFFFFFF + 5000, 0xFFFFFF00])
async def test_stamps_beyond_24_and_32_bits_go_through(server: RtmpServer, h264_clip: Path, start_ms: int) -> None:
    items = output_of(h264_clip, start=start_ms * 48 - TICK_RATE)
    async with capture(server.register(KEY)) as captured:
        await send(RtmpSink(url(server)), items)
        await captured.wait(lambda got: got.disconnects)
    for kind in MediaKind:
        sent = [ms_from_ticks(item.dts) for item in items if isinstance(item, Unit) and item.kind is kind]
        assert [packet.dts for packet in captured.packets(kind)] == sent
        assert captured.hashes(kind) == file_hashes(h264_clip, kind)


async def recorded(record: Path, clip: Path) -> None:
    """Wait until ``record`` holds as many packets as ``clip``."""

    def whole() -> bool:
        return record.exists() and record.stat().st_size > 1000 and counts(record) == counts(clip)

    def counts(path: Path) -> list[int]:
        return [len(file_hashes(path, kind)) for kind in MediaKind]

    await until(whole)


async def test_nginx_rtmp_records_the_same_payloads(h264_clip: Path, tmp_path: Path) -> None:
    async with nginx_rtmp(tmp_path) as (port, records):
        publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/{KEY}")
        await send(publisher, output_of(h264_clip))
        assert publisher.statistics().errors == 0
        await recorded(records / f"{KEY}.flv", h264_clip)
    for kind in MediaKind:
        assert file_hashes(records / f"{KEY}.flv", kind) == file_hashes(h264_clip, kind)


async def test_nginx_rtmp_takes_a_stream_that_starts_near_the_24_bit_boundary(h264_clip: Path, tmp_path: Path) -> None:
    async with nginx_rtmp(tmp_path) as (port, records):
        publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/{KEY}")
        await send(publisher, output_of(h264_clip, start=0xFFFF00 * 48 - TICK_RATE))
        await recorded(records / f"{KEY}.flv", h264_clip)
    assert file_hashes(records / f"{KEY}.flv", MediaKind.VIDEO) == file_hashes(h264_clip, MediaKind.VIDEO)


async def test_an_ffmpeg_that_listens_takes_the_stream(h264_clip: Path, tmp_path: Path) -> None:
    record, port = tmp_path / "got.flv", free_port()
    listening = (require("ffmpeg"), "-v", "error", "-listen", "1", "-i", f"rtmp://127.0.0.1:{port}/live/out")
    publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/out", backoff_s=(0.1, 0.3))
    with process(*listening, "-c", "copy", "-y", record) as peer:
        await send(publisher, output_of(h264_clip))
        assert await asyncio.to_thread(peer.wait, LIMIT_S) == 0
    assert file_hashes(record, MediaKind.VIDEO) == file_hashes(h264_clip, MediaKind.VIDEO)
    assert len(file_hashes(record, MediaKind.AUDIO)) >= len(file_hashes(h264_clip, MediaKind.AUDIO)) - 2


async def test_a_server_that_says_no_is_asked_again_slowly(
    server: RtmpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.register("other")
    publisher = RtmpSink(url(server), reject_retry_s=0.4, backoff_s=(0.01, 0.01))
    knock(publisher)
    began_s = time.monotonic()
    async with running(publisher):
        await until(lambda: publisher.statistics().errors >= 2)
        assert time.monotonic() - began_s >= 0.4 * (1 - JITTER)
        assert not publisher.statistics().connected
    said = "".join(capsys.readouterr())
    assert "NetStream.Publish.BadName" in said
    assert KEY not in said


async def test_a_server_that_says_yes_and_hangs_up_is_asked_ever_less_often(tmp_path: Path) -> None:
    async with nginx_rtmp(tmp_path) as (port, _):
        publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/closed/{KEY}", backoff_s=(0.05, 10))
        knock(publisher)
        began_s = time.monotonic()
        async with running(publisher):
            await until(lambda: publisher.statistics().errors >= 5)
            assert time.monotonic() - began_s >= (0.05 + 0.1 + 0.2 + 0.4) * (1 - JITTER)


async def test_a_server_that_is_not_there_yet_gets_the_stream_when_it_comes() -> None:
    port = free_port()
    publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/{KEY}", backoff_s=(0.02, 0.05))
    for item in [VIDEO, *frames(0, 50)]:
        publisher.write_nowait(item)
    async with running(publisher):
        await until(lambda: publisher.statistics().errors > 2)
        server = RtmpServer("127.0.0.1", port)
        await server.start()
        async with capture(server.register(KEY)) as captured:
            await captured.wait(lambda got: len(numbers(got)) == 50)
        assert numbers(captured) == list(range(50))
        await server.close()


async def test_after_a_restart_of_the_server_headers_come_anew_and_pictures_from_a_keyframe() -> None:
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    port = server.port
    publisher = RtmpSink(url(server), backoff_s=(0.02, 0.05))
    async with running(publisher):
        async with capture(server.register(KEY)) as captured:
            for item in [VIDEO, *frames(0, 25)]:
                publisher.write_nowait(item)
            await captured.wait(lambda got: len(numbers(got)) == 25)
            await server.close()
        await until(lambda: not publisher.statistics().connected)
        for item in frames(25, 25):
            publisher.write_nowait(item)
        server = RtmpServer("127.0.0.1", port)
        await server.start()
        async with capture(server.register(KEY)) as captured:
            await captured.wait(lambda got: len(numbers(got)) == 20)
            assert captured.items[0] == VIDEO
            assert numbers(captured) == list(range(30, 50))
        await server.close()
    statistics = publisher.statistics()
    assert (statistics.reconnects, statistics.dropped_units) == (1, 5)


async def test_a_long_outage_starts_again_at_the_newest_keyframe() -> None:
    port = free_port()
    publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/{KEY}", backoff_s=(0.02, 0.05), max_units=100)
    async with running(publisher):
        for first in range(0, 1000, 100):
            for item in [VIDEO, *frames(first, 100)]:
                publisher.write_nowait(item)
            errors = publisher.statistics().errors
            await until(lambda errors=errors: publisher.statistics().errors > errors + 1)
        assert publisher.statistics().queue_units <= 100
        server = RtmpServer("127.0.0.1", port)
        await server.start()
        async with capture(server.register(KEY)) as captured:
            await captured.wait(lambda got: len(numbers(got)) == 10)
        assert numbers(captured) == list(range(990, 1000))
        assert publisher.statistics().dropped_units == 990
        await server.close()


async def test_new_parameters_in_mid_stream_send_a_new_sequence_header(server: RtmpServer) -> None:
    wider = replace(VIDEO, extradata=AVCC[:-1] + b"\x81")
    async with capture(server.register(KEY)) as captured:
        await send(RtmpSink(url(server)), [VIDEO, *frames(0, 15), wider, *frames(15, 15)])
        await captured.wait(lambda got: got.disconnects)
    assert [info.extradata for info in captured.infos(MediaKind.VIDEO)] == [VIDEO.extradata, wider.extradata]
    assert numbers(captured) == [*range(15), *range(20, 30)]  # 15..19 belong to a picture that was never sent


async def test_an_output_that_starts_in_mid_gop_waits_for_the_keyframe(server: RtmpServer) -> None:
    publisher = RtmpSink(url(server))
    async with capture(server.register(KEY)) as captured:
        await send(publisher, [VIDEO, *frames(3, 20)])
        await captured.wait(lambda got: got.disconnects)
    assert numbers(captured) == list(range(10, 23))
    assert publisher.statistics().dropped_units == 7


class Wedge(asyncio.Protocol):
    """A server that takes the publisher in and then reads nothing more, ever."""

    def __init__(self) -> None:
        self.session = ServerSession(lambda app: True, RtmpLimits())
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        if any(isinstance(event, PublishRequest) for event in self.session.receive(data)):
            self.session.accept()
            self.transport.pause_reading()
        self.transport.writelines(self.session.take())


async def test_a_wedged_server_is_noticed_and_left() -> None:
    wedges: list[Wedge] = []

    def make() -> Wedge:
        wedges.append(Wedge())
        return wedges[-1]

    listening = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    publisher = RtmpSink(
        f"rtmp://127.0.0.1:{port}/live/{KEY}", write_timeout_s=0.3, backoff_s=(0.05, 0.1), max_bytes=2 << 20
    )
    async with running(publisher):
        await feed(publisher, [VIDEO, *frames(0, 500, size=50_000)])
        await until(lambda: len(wedges) >= 2)
        statistics = publisher.statistics()
        assert statistics.errors >= 1
        assert statistics.dropped_units > 0
    for wedge in wedges:
        if wedge.transport is not None:
            wedge.transport.abort()
    listening.close()


async def test_a_slow_server_is_not_taken_for_a_wedged_one() -> None:
    class Slow(Wedge):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            assert self.transport is not None
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(0.05, self.transport.resume_reading)

    listening = await asyncio.get_running_loop().create_server(Slow, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/{KEY}", write_timeout_s=2.0)
    async with running(publisher):
        await feed(publisher, [VIDEO, *frames(0, 600, size=30_000)])
        began_s = time.monotonic()
        await until(lambda: publisher.statistics().units == 600)
        assert time.monotonic() - began_s > 2.0  # all of it took longer than the server may take to read anything
        assert publisher.statistics().errors == 0
    listening.close()


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(30), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/{KEY}", connect_timeout_s=0.2, backoff_s=(0.01, 0.02))
    knock(publisher)
    async with running(publisher):
        await until(lambda: publisher.statistics().errors >= 2)
    silent.close()


async def test_a_server_that_speaks_something_else_is_an_error_not_a_crash() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    http = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = http.sockets[0].getsockname()[1]
    publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live/{KEY}", backoff_s=(0.01, 0.02))
    knock(publisher)
    async with running(publisher):
        await until(lambda: publisher.statistics().errors >= 2)
    http.close()


async def test_closing_with_nobody_to_send_to_ends_and_counts_what_was_lost() -> None:
    publisher = RtmpSink(f"rtmp://127.0.0.1:{free_port()}/live/{KEY}", backoff_s=(500, 500))
    for item in [VIDEO, *frames(0, 20)]:
        publisher.write_nowait(item)
    async with asyncio.timeout(LIMIT_S):
        running_task = asyncio.create_task(publisher.run())
        await until(lambda: publisher.statistics().errors == 1)
        publisher.close()
        await running_task
    assert publisher.statistics().dropped_units == 20


async def test_a_cancelled_publisher_says_goodbye(server: RtmpServer) -> None:
    publisher = RtmpSink(url(server))
    async with capture(server.register(KEY)) as captured:
        async with running(publisher):
            for item in [VIDEO, *frames(0, 10)]:
                publisher.write_nowait(item)
            await captured.wait(lambda got: len(numbers(got)) == 10)
        await captured.wait(lambda got: got.disconnects)
    assert captured.disconnects == ["the publisher stopped"]


async def test_rtmps_goes_to_a_server_whose_certificate_is_trusted_only(contexts, h264_clip: Path) -> None:
    server = RtmpServer("127.0.0.1", 0, ssl_context=contexts[0])
    await server.start()
    place = url(server).replace("rtmp:", "rtmps:")
    async with capture(server.register(KEY)) as captured:
        doubtful = RtmpSink(place)
        knock(doubtful)
        async with running(doubtful):
            await until(lambda: doubtful.statistics().errors == 1)
        await send(RtmpSink(place, ssl_context=contexts[1]), output_of(h264_clip))
        await captured.wait(lambda got: got.disconnects)
    assert captured.hashes(MediaKind.VIDEO) == file_hashes(h264_clip, MediaKind.VIDEO)
    await server.close()


async def test_the_label_shows_neither_key_nor_query() -> None:
    publisher = RtmpSink("rtmp://user:pw@example.net/live/stream-key?sign=abc")
    for secret in ("stream-key", "abc", "pw"):
        assert secret not in publisher.name
    assert publisher.name == "rtmp://example.net/***"
