"""Who may publish when a hook is asked, and publishing by RTMPS."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from livefoley.core.errors import Rejected
from livefoley.core.media import MediaKind
from livefoley.media.auth import AuthRequest
from livefoley.media.rtmp import RtmpLimits, RtmpServer
from tests.live.rtmp_client import connect
from tests.live.rtmp_peers import KEY, capture, publish_ffmpeg, serving, url
from tests.support.media_files import file_hashes
from tests.support.waiting import until

pytestmark = pytest.mark.live


class Gate:
    """An authorizer that answers when told to."""

    def __init__(self) -> None:
        self.requests: list[AuthRequest] = []
        self.verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def allow(self, request: AuthRequest) -> bool:
        self.requests.append(request)
        return await asyncio.shield(self.verdict)


async def test_nothing_says_yes_before_the_hook_has() -> None:
    gate = Gate()
    async with (
        serving(auth=gate) as server,
        capture(server.register(KEY)) as captured,
        connect(url(server, f"{KEY}?user=u&pass=p&token=t")) as client,
    ):
        publishing = asyncio.create_task(client.publish())
        await until(lambda: gate.requests)
        await asyncio.sleep(0.1)
        assert not client.session.publishing
        gate.verdict.set_result(True)
        await publishing
        await client.header()
        await captured.wait(lambda got: got.infos(MediaKind.VIDEO))
    (request,) = gate.requests
    assert (request.action, request.protocol, request.path, request.ip) == (
        "publish",
        "rtmp",
        f"live/{KEY}",
        "127.0.0.1",
    )
    assert (request.user, request.password, request.token) == ("u", "p", "t")
    assert request.query == "user=u&pass=p&token=t"
    assert not [secret for secret in (KEY, "pass=p", "'p'") if secret in repr(request)]


async def test_a_hook_that_refuses_is_the_standard_error() -> None:
    gate = Gate()
    gate.verdict.set_result(False)
    async with serving(auth=gate) as server, capture(server.register(KEY)), connect(url(server)) as client:
        with pytest.raises(Rejected, match="not authorised"):
            await client.publish()
        assert server.statistics().rejected == {"auth": 1}


async def test_a_publisher_that_leaves_while_the_hook_thinks_is_forgotten() -> None:
    gate = Gate()
    async with serving(auth=gate) as server, capture(server.register(KEY)) as captured:
        async with connect(url(server)) as client:
            publishing = asyncio.create_task(client.publish())
            await until(lambda: gate.requests)
            publishing.cancel()
        await until(lambda: server.statistics().connections == 0)
        gate.verdict.set_result(True)
        await asyncio.sleep(0.05)
        assert server.statistics().published_total == 0
        assert captured.items == []


async def test_rtmps_carries_the_same_stream(contexts, h264_clip: Path) -> None:
    async with serving(ssl_context=contexts[0]) as server, capture(server.register(KEY)) as captured:
        status, said = await publish_ffmpeg(url(server).replace("rtmp:", "rtmps:"), h264_clip)
        assert status == 0, said
        await captured.wait(lambda got: got.disconnects)
    for kind in MediaKind:
        assert captured.hashes(kind) == file_hashes(h264_clip, kind)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_what_a_publisher_sent_arrives_though_it_resets_while_it_waits_for_its_turn(contexts, tls: bool) -> None:
    dear = RtmpLimits(publisher_share=0.01, publisher_burst_s=1e-5)
    server_context, client_context = contexts if tls else (None, None)
    async with (
        serving(ssl_context=server_context, limits=dear) as server,
        capture(server.register(KEY)) as captured,
        connect(url(server).replace("rtmp:", "rtmps:" if tls else "rtmp:"), client_context) as client,
    ):
        await client.publish()
        await client.header()
        for number in range(40):
            await client.picture(number * 40, size=8_000)
        await until(lambda: server.statistics().publisher_waits > 0)
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.writer.transport.abort()
        await captured.wait(lambda got: got.disconnects)
        assert [packet.dts for packet in captured.packets(MediaKind.VIDEO)] == [number * 40 for number in range(40)]


async def test_a_plain_and_a_tls_port_lead_to_the_same_rooms(server: RtmpServer, contexts) -> None:
    source = server.register(KEY)
    async with serving(ssl_context=contexts[0], shares=server) as tls, capture(source) as captured:
        secure_url = url(tls).replace("rtmp:", "rtmps:")
        async with connect(url(server)) as plain, connect(secure_url, contexts[1]) as secure:
            await plain.publish()
            await secure.publish()
            assert captured.disconnects == ["another publisher took over"]
            assert (server.statistics().publishers, tls.statistics().publishers) == (0, 1)
            source.dismiss("the room has ended")
            with pytest.raises(Rejected, match="has ended"):
                await secure.publish_end()


async def test_plain_rtmp_to_an_rtmps_port_harms_nobody(contexts) -> None:
    async with serving(ssl_context=contexts[0]) as server, capture(server.register(KEY)) as captured:
        with pytest.raises((ConnectionError, EOFError)):
            async with connect(url(server)) as client:
                await client.publish()
        async with connect(url(server).replace("rtmp:", "rtmps:"), contexts[1]) as client:
            await client.publish()
            await client.header()
            await captured.wait(lambda got: got.infos(MediaKind.VIDEO))
