"""The server among strangers: wrong keys, junk, duplicates, silence."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from livefoley.core.errors import AddressInUse, ConfigError, Rejected
from livefoley.core.media import MediaKind, Packet, SourceItem
from livefoley.media.publisher_slot import OnDuplicate
from livefoley.media.rtmp import RtmpLimits, RtmpServer, connection
from livefoley.media.rtmp.protocol import chunks
from livefoley.media.rtmp.protocol.write_tags import metadata
from tests.live.rtmp_client import connect
from tests.live.rtmp_peers import KEY, capture, publish_ffmpeg, serving, url
from tests.support.media_files import file_hashes
from tests.support.peers import require
from tests.support.programs import run_peer
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live


async def test_a_wrong_key_gets_the_standard_error_and_is_counted(server: RtmpServer) -> None:
    async with capture(server.register(KEY)) as captured, connect(url(server, "wrong")) as client:
        with pytest.raises(Rejected, match=r"NetStream\.Publish\.BadName"):
            await client.publish()
        await client.wait_end()
    assert captured.items == []
    assert server.statistics().rejected == {"key": 1}


async def test_ffmpeg_with_a_wrong_key_fails_at_once(server: RtmpServer, h264_clip: Path) -> None:
    async with capture(server.register(KEY)) as captured:
        status, said = await publish_ffmpeg(url(server, "wrong"), h264_clip)
    assert status != 0
    assert "Server error: there is no such stream" in said
    assert captured.items == []


async def test_a_wrong_application_is_refused_at_connect(server: RtmpServer) -> None:
    server.register(KEY)
    async with connect(url(server, app="other")) as client:
        with pytest.raises(Rejected, match=r"NetConnection\.Connect\.Rejected"):
            await client.publish()
    assert server.statistics().rejected == {"app": 1}


async def test_a_key_opens_only_its_own_application(server: RtmpServer) -> None:
    server.register(KEY, app="one")
    server.register("other-key", app="two")
    async with connect(url(server, KEY, "two")) as client:
        with pytest.raises(Rejected, match="BadName"):
            await client.publish()


async def test_every_room_gets_its_own_publisher(server: RtmpServer, h264_clip: Path) -> None:
    async with capture(server.register("one")) as one, capture(server.register("two")) as two:
        await asyncio.gather(*(publish_ffmpeg(url(server, key), h264_clip) for key in ("one", "two")))
        await one.wait(lambda got: got.disconnects)
        await two.wait(lambda got: got.disconnects)
    sent = file_hashes(h264_clip, MediaKind.VIDEO)
    assert one.hashes(MediaKind.VIDEO) == two.hashes(MediaKind.VIDEO) == sent


async def test_a_publisher_of_a_room_that_does_not_run_is_turned_away(server: RtmpServer) -> None:
    server.register(KEY)
    async with connect(url(server)) as client:
        with pytest.raises(Rejected, match="does not run"):
            await client.publish()


async def test_playing_is_refused(server: RtmpServer, h264_clip: Path) -> None:
    server.register(KEY)
    status, said = await run_peer(require("ffmpeg"), "-v", "error", "-i", url(server), "-f", "null", "-")
    assert status != 0
    assert "none is played" in said
    assert server.statistics().rejected == {"play": 1}


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\x00" + random.Random(7).randbytes(5000),
        b"\x03" + bytes(3072) + b"\xff" * 500,
    ],
    ids=["http", "tls", "noise", "noise-after-handshake"],
)
async def test_junk_is_cut_off_and_others_do_not_notice(server: RtmpServer, junk: bytes) -> None:
    async with capture(server.register(KEY)) as captured, connect(url(server)) as client:
        await client.publish()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(junk)
        try:
            async with asyncio.timeout(LIMIT_S):
                while await reader.read(65536):
                    pass
        except ConnectionError:
            pass
        writer.close()
        await client.header()
        await client.picture()
        await captured.wait(lambda got: got.packets(MediaKind.VIDEO))
    assert server.statistics().rejected == {"protocol": 1}


async def test_the_newest_publisher_wins_and_the_old_one_is_told(server: RtmpServer) -> None:
    source = server.register(KEY)
    async with capture(source) as captured, connect(url(server)) as old, connect(url(server)) as new:
        await old.publish()
        await old.header()
        await captured.wait(lambda got: got.infos(MediaKind.VIDEO))
        await new.publish()
        with pytest.raises(Rejected, match="took over"):
            await old.publish_end()
        await new.header()
        await new.picture()
        await captured.wait(lambda got: got.packets(MediaKind.VIDEO))
        assert captured.disconnects == ["another publisher took over"]
        assert len(captured.infos(MediaKind.VIDEO)) == 2
    assert server.statistics().takeovers == source.statistics().takeovers == 1


async def test_with_reject_the_first_publisher_stays(server: RtmpServer) -> None:
    source = server.register(KEY, on_duplicate=OnDuplicate.REJECT)
    async with capture(source) as captured, connect(url(server)) as old, connect(url(server)) as new:
        await old.publish()
        with pytest.raises(Rejected, match="publishing already"):
            await new.publish()
        await old.header()
        await old.picture()
        await captured.wait(lambda got: got.packets(MediaKind.VIDEO))
    assert server.statistics().rejected == {"duplicate": 1}


async def test_a_storm_of_takeovers_is_slowed_down() -> None:
    clock = Clock()
    limits = RtmpLimits(takeovers=2, takeover_interval_s=30)
    async with (
        serving(limits=limits, now=clock) as server,
        capture(server.register(KEY)) as captured,
        AsyncExitStack() as open_,
    ):
        for _ in range(3):
            client = await open_.enter_async_context(connect(url(server)))
            await client.publish()
        client = await open_.enter_async_context(connect(url(server)))
        with pytest.raises(Rejected, match="too often"):
            await client.publish()
        clock.now += 31
        client = await open_.enter_async_context(connect(url(server)))
        await client.publish()
        assert len(captured.disconnects) == 3


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_publisher_that_leaves_without_a_word_is_a_disconnect(server: RtmpServer) -> None:
    async with capture(server.register(KEY)) as captured:
        async with connect(url(server)) as client:
            await client.publish()
        await captured.wait(lambda got: got.disconnects)
    assert captured.disconnects == ["the connection was lost"]


async def test_a_peer_that_connects_and_says_nothing_is_dropped() -> None:
    async with serving(limits=RtmpLimits(handshake_timeout_s=0.2)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(LIMIT_S):
            assert await asyncio.gather(reader.read(1), return_exceptions=True)
        writer.close()
        await until(lambda: server.statistics().connections == 0)
        assert server.statistics().timeouts == 1


async def test_a_peer_that_never_asks_to_publish_is_dropped() -> None:
    async with serving(limits=RtmpLimits(handshake_timeout_s=0.3)) as server:
        server.register(KEY)
        async with connect(url(server)) as client:
            await client.step()
            await client.wait_end()
        await until(lambda: server.statistics().timeouts == 1)


async def test_a_publisher_that_falls_silent_is_dropped_while_its_connection_lives() -> None:
    clock = Clock()
    async with (
        serving(limits=RtmpLimits(read_timeout_s=0.3), now=clock) as server,
        capture(server.register(KEY)) as captured,
        connect(url(server)) as client,
    ):
        await client.publish()
        await client.header()
        for stamp in range(0, 500, 100):
            await client.picture(stamp)
            await captured.wait(lambda got, count=stamp // 100 + 1: len(got.packets(MediaKind.VIDEO)) == count)
            clock.now += 0.1
            await asyncio.sleep(0.1)  # the server looks at its clock by itself
        assert captured.disconnects == []
        clock.now += 0.3
        await captured.wait(lambda got: got.disconnects)
        assert captured.disconnects == ["the publisher sent nothing any more"]


async def test_a_publisher_of_neither_picture_nor_sound_is_told_until_one_comes() -> None:
    clock = Clock()
    async with serving(limits=RtmpLimits(read_timeout_s=60), now=clock) as server:
        source = server.register(KEY)
        async with capture(source) as captured, connect(url(server)) as client:
            await client.publish()
            client.session.send_tag(chunks.DATA, 0, metadata([], {"encoder": "test"}))
            await client.flush()
            assert source.statistics().problem == ""
            clock.now += 6
            assert "sends no picture and no sound" in source.statistics().problem
            await client.header()
            await client.picture(0)
            await captured.wait(lambda got: got.packets(MediaKind.VIDEO))
            assert source.statistics().problem == ""
        assert source.statistics().problem == ""


async def test_too_many_connections_are_turned_away() -> None:
    async with serving(limits=RtmpLimits(max_connections=5, max_connections_per_ip=2)) as server:
        open_sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        await until(lambda: server.statistics().rejected == {"full": 1})
        assert server.statistics().connections <= 3
        for one in open_sockets:
            one.close()
        await until(lambda: server.statistics().connections == 0)


async def test_a_message_above_the_limit_ends_the_publisher() -> None:
    async with (
        serving(limits=RtmpLimits(max_message_bytes=10_000)) as server,
        capture(server.register(KEY)) as captured,
        connect(url(server)) as client,
    ):
        await client.publish()
        await client.header()
        await client.picture(size=20_000)
        await client.wait_end()
        await captured.wait(lambda got: got.disconnects)
        assert "larger than 10000" in captured.disconnects[0]


async def test_a_publisher_whose_media_costs_too_much_waits_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[Packet] = []
    monkeypatch.setattr(connection, "time", SimpleNamespace(thread_time=lambda: 0.005 * len(pictures)))

    def dear(item: SourceItem) -> None:
        if isinstance(item, Packet):
            pictures.append(item)

    async with serving(limits=RtmpLimits(publisher_share=0.3, publisher_burst_s=0.05)) as server:
        source = asyncio.create_task(server.register(KEY).run(dear))
        async with connect(url(server)) as client:
            await client.publish()
            await client.header()
            began_s = time.monotonic()
            for number in range(100):
                await client.picture(number * 40, size=16_000)
            await until(lambda: len(pictures) == 100)
            took_s = time.monotonic() - began_s
        source.cancel()
        assert took_s > 1.2  # half a second of the processor, at three tenths of it
        assert server.statistics().publisher_waits > 5
        assert server.share.waits == 0
    assert [packet.dts for packet in pictures] == [number * 40 for number in range(100)]


async def test_a_peer_that_asks_for_ever_and_reads_nothing_is_cut_off(server: RtmpServer) -> None:
    async with capture(server.register(KEY)), connect(url(server), receive_buffer=4096) as client:
        await client.publish()
        ping = b"\x02" + bytes(3) + b"\x00\x00\x06\x04" + bytes(4) + b"\x00\x06" + bytes(4)
        client.writer.transport.pause_reading()
        with pytest.raises(ConnectionError):  # noqa: PT012 - when it happens is the system's to say
            for _ in range(2000):
                client.writer.write(ping * 4000)
                await client.writer.drain()
        await until(lambda: server.statistics().rejected == {"protocol": 1})
    await until(lambda: server.statistics().connections == 0)


async def test_media_of_half_a_message_then_silence_frees_everything(server: RtmpServer) -> None:
    async with capture(server.register(KEY)) as captured:
        async with connect(url(server)) as client:
            await client.publish()
            client.writer.write(b"\x06" + bytes(3) + b"\x10\x00\x00\x09" + bytes(4) + b"x" * 100)
            await client.writer.drain()
        await captured.wait(lambda got: got.disconnects)
    await until(lambda: server.statistics().connections == 0)


async def test_an_occupied_port_is_one_clear_line(server: RtmpServer) -> None:
    with pytest.raises(AddressInUse, match=rf"127\.0\.0\.1:{server.port} is taken"):
        await RtmpServer("127.0.0.1", server.port).start()


async def test_an_address_that_is_not_ours_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="cannot listen on"):
        await RtmpServer("192.0.2.1", 0).start()


@pytest.mark.parametrize("key", ["", "two words", "a?b", "a/b"])
def test_a_key_no_encoder_can_send_is_a_config_error(key: str) -> None:
    with pytest.raises(ConfigError):
        RtmpServer("127.0.0.1", 0).register(key)


def test_a_key_registered_twice_is_a_config_error_that_does_not_show_it() -> None:
    server = RtmpServer("127.0.0.1", 0)
    server.register(KEY)
    server.register(KEY, app="other")
    with pytest.raises(ConfigError) as caught:
        server.register(KEY)
    assert KEY not in str(caught.value)


async def test_the_end_of_a_run_sends_the_publisher_away(server: RtmpServer) -> None:
    source = server.register(KEY)
    async with connect(url(server)) as client:
        async with capture(source):
            await client.publish()
        with pytest.raises(Rejected, match="has ended"):
            await client.publish_end()
        async with capture(source), connect(url(server)) as again:
            await again.publish()


async def test_no_log_line_shows_a_key(server: RtmpServer, capsys: pytest.CaptureFixture[str]) -> None:
    async with capture(server.register(KEY)):
        for key in (f"{KEY}?token=secret-token", "another-secret-key"):
            async with connect(url(server, key)) as client:
                try:
                    await client.publish()
                except Rejected:
                    pass
        await until(lambda: server.statistics().connections == 0)
    out = "".join(capsys.readouterr())
    assert "publisher came" in out
    assert "rejected" in out
    assert not [secret for secret in (KEY, "secret-token", "another-secret-key") if secret in out]


async def test_a_publisher_that_breaks_the_protocol_is_told_how(server: RtmpServer) -> None:
    async with capture(server.register(KEY)) as captured, connect(url(server)) as client:
        await client.publish()
        client.writer.write(b"\x02" + bytes(3) + b"\x00\x00\x01\x05" + bytes(4) + b"\x00")  # a window of one byte
        with pytest.raises(Rejected, match="broke the protocol"):
            await client.publish_end()
        await captured.wait(lambda got: got.disconnects)
    assert server.statistics().rejected == {"protocol": 1}


async def test_what_cannot_be_used_is_said_of_the_room(server: RtmpServer) -> None:
    source = server.register(KEY)
    async with capture(source), connect(url(server)) as client:
        await client.publish()
        for stamp in (0, 2000):
            client.session.send_tag(chunks.AUDIO, stamp, b"\xaf\x01bare")
            await client.picture(stamp)
        await until(lambda: "sound in AAC" in source.statistics().problem)
        assert "video in H.264" in source.statistics().problem
        await client.header()
        await until(lambda: "video" not in source.statistics().problem)
