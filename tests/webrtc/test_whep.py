"""WHEP over HTTP with a real peer, fed by hand: who may watch, what a viewer gets, and what a slow one costs."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import numpy as np
import psutil
import pytest
import pytest_asyncio

from livefoley.control.app import make_app
from livefoley.control.server import HttpServer
from livefoley.control.signalling.endpoint import FRAGMENT, SDP
from livefoley.control.signalling.whep import whep_router
from livefoley.core.media import MediaKind
from livefoley.formats import nal
from livefoley.media.access.read_access import ReadAccess
from livefoley.media.webrtc import IceServer, IceSettings, WhepAudience, WhepServer, whep
from livefoley.media.webrtc.aiortc_overrides import VP8
from livefoley.media.webrtc.audience import ASK_INTERVAL_S
from livefoley.media.webrtc.whep_session import MAX_QUEUED, WhepSession
from tests.control.studio import Studio
from tests.support.waiting import LIMIT_S, until
from tests.webrtc.rooms import Room
from tests.webrtc.viewer import Viewer

pytestmark = pytest.mark.live


@dataclass
class Cinema:
    """A WHEP server with one room, ``stage``."""

    server: WhepServer
    feed: WhepAudience
    room: Room
    client: httpx.AsyncClient
    asked: list[float]


@pytest_asyncio.fixture
async def cinema() -> AsyncIterator[Cinema]:
    """A room that can be watched from this machine, and one with a key."""
    ice = IceSettings((IceServer("turn:turn.example.com:3478", "user", "word"),), loopback=True)
    server = WhepServer(ice, max_viewers=2)
    asked: list[float] = []
    feed = WhepAudience("stage", ask_keyframe=lambda: asked.append(asyncio.get_running_loop().time()))
    server.register(feed)
    server.register(WhepAudience("vault"), "planted-play-key")
    http = HttpServer(make_app(Studio(), more=[whep_router(server)]), "127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http.port}", trust_env=False, timeout=LIMIT_S) as client:
        serving = asyncio.create_task(http.run())
        yield Cinema(server, feed, Room(feed), client, asked)
        await server.close()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def joined(cinema: Cinema, viewer: Viewer) -> WhepSession:
    """Let a viewer in; return its session once it is fed."""
    before = cinema.feed.statistics().viewers
    assert (await viewer.watch()).status_code == 201
    await until(lambda: cinema.feed.statistics().viewers > before)
    return cinema.server._rooms["stage"].sessions[viewer.location.rpartition("/")[2]]


async def test_a_viewer_sees_the_last_keyframe_at_once_and_what_moves_from_the_next_on(
    cinema: Cinema, video: list[bytes]
) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:8])  # a keyframe and what hangs on it
    viewer = Viewer(cinema.client, "stage")
    await joined(cinema, viewer)
    await looks(viewer)
    await cinema.room.play(video[8:45])
    await viewer.wait_frames("video", 1 + 25)
    still = nal.split_annex_b(viewer.frames["video"][0].data)
    assert [u for u in still if nal.unit_type("h264", u) == 5] == [
        u for u in cinema.room.sent[0] if nal.unit_type("h264", u) == 5
    ]
    came = [nal.split_annex_b(frame.data) for frame in viewer.frames["video"]]
    assert came[1:] == cinema.room.sent[15:][: len(came) - 1]
    assert not any(frame.after_loss for frame in viewer.frames["video"])
    await viewer.leave()


async def looks(viewer: Viewer) -> None:
    """Wait until the first packet of a picture came."""
    await until(lambda: viewer.peer.encoded["video"]._ssrc is not None)


async def test_a_viewer_whose_keyframe_is_lost_asks_and_the_publisher_is_asked_not_too_often(
    cinema: Cinema, video: list[bytes]
) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:8])
    viewer = Viewer(cinema.client, "stage")
    await joined(cinema, viewer)
    assert len(cinema.asked) == 1  # for the new viewer
    await looks(viewer)
    for _ in range(5):
        await viewer.peer.encoded["video"]._send_rtcp_pli(viewer.peer.encoded["video"]._ssrc)
    await until(lambda: cinema.feed.statistics().keyframe_requests == 5)
    assert len(cinema.asked) == 1
    await asyncio.sleep(ASK_INTERVAL_S)
    await viewer.peer.encoded["video"]._send_rtcp_pli(viewer.peer.encoded["video"]._ssrc)
    await until(lambda: len(cinema.asked) == 2)
    await viewer.leave()


async def test_lost_packets_are_sent_again_and_a_flood_of_requests_is_bounded(
    cinema: Cinema, video: list[bytes]
) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:1])
    viewer = Viewer(cinema.client, "stage")
    session = await joined(cinema, viewer)
    await looks(viewer)
    sender = session._senders[MediaKind.VIDEO]
    sent, numbers = [], [number for number, *_ in filter(None, sender._history)]

    async def note(data: bytes) -> None:
        sent.append(data)

    sender.transport._send_rtp = note  # type: ignore[method-assign]
    for _ in range(1000):
        await viewer.peer.encoded["video"]._send_rtcp_nack(sender._ssrc, numbers)
    await until(lambda: len(sent) >= 200)
    await asyncio.sleep(0.3)
    assert len(sent) < 300
    assert cinema.feed.statistics().retransmitted == 0  # counted when the viewer leaves
    again = sent[0]
    assert int.from_bytes(again[8:12], "big") == sender._rtx_ssrc
    assert int.from_bytes(again[12:14], "big") in numbers
    await viewer.peer.close()


async def test_a_slow_viewer_skips_to_a_keyframe_and_delays_nobody(cinema: Cinema, video: list[bytes]) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:1])
    slow, fast = Viewer(cinema.client, "stage"), Viewer(cinema.client, "stage")
    stuck = await joined(cinema, slow)
    quick = await joined(cinema, fast)
    await until(lambda: cinema.room.show(video[:1]) or fast.frames["video"])  # what came first may have been lost
    type(stuck.peer).unsent_bytes, real = (
        property(lambda peer: 1 << 30 if peer is stuck.peer else 0),
        (type(stuck.peer).unsent_bytes),
    )
    try:
        for at in range(0, (MAX_QUEUED // 60 + 2) * 60, 6):
            before = len(fast.frames["video"])
            cinema.room.show(video[at % 60 :][:6])
            await until(lambda count=before + 5: not quick._frames and len(fast.frames["video"]) >= count)
        assert len(fast.frames["video"]) >= 10 * 60
        counted = cinema.feed.statistics()
        assert counted.dropped_frames >= MAX_QUEUED
        assert len(stuck._frames) <= MAX_QUEUED
        before = len(slow.frames["video"])
    finally:
        type(stuck.peer).unsent_bytes = real  # type: ignore[method-assign]
    cinema.room.show(video)
    await until(lambda: len(slow.frames["video"]) > before + 50)
    first = next(f for f in slow.frames["video"][before:] if f.timestamp != slow.frames["video"][before - 1].timestamp)
    assert nal.is_keyframe("h264", nal.split_annex_b(first.data))
    for viewer in (slow, fast):
        await viewer.leave()


async def test_the_sound_comes_in_stereo_with_and_without_foley(cinema: Cinema) -> None:
    cinema.room.foley = 0.2
    cinema.room.sound(0.1)
    viewer = Viewer(cinema.client, "stage")
    await joined(cinema, viewer)
    assert f'<{viewer.location}/foley>; rel="urn:livefoley:foley"' in viewer.links
    await hear(cinema, viewer)
    put = await cinema.client.put(f"{viewer.location}/foley", json={"mute": True})
    assert put.status_code == 204
    await hear(cinema, viewer)
    sound = viewer.sound()
    assert power_at(sound[:, 24_000:40_000], 3000) > 1000 * power_at(sound[:, -16_000:], 3000)
    assert power_at(sound[:, -16_000:], 200) == pytest.approx(power_at(sound[:, 24_000:40_000], 200), rel=0.1)
    assert (await cinema.client.put(f"{viewer.location}/foley", json={"mute": 3, "x": 1})).status_code == 422
    assert (await cinema.client.put("/stage/whep/guess/foley", json={"mute": True})).status_code == 404
    await viewer.leave()


async def hear(cinema: Cinema, viewer: Viewer) -> None:
    """Let a viewer hear a second more."""
    before = len(viewer.frames["audio"])
    for _ in range(10):
        cinema.room.sound(0.1)
        await asyncio.sleep(0.02)
    await viewer.wait_frames("audio", before + 40)


def power_at(sound: np.ndarray, hertz: float) -> float:
    """Return the power of a frequency."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(sound.shape[1]) / 48_000)
    return float(abs((sound[0] * turn).mean()) ** 2)


async def test_b_frames_send_home_who_watches_and_refuse_who_comes(cinema: Cinema, video: list[bytes]) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:5])
    viewer = Viewer(cinema.client, "stage")
    await joined(cinema, viewer)
    cinema.room.show(video[:6], order=[0, 3, 1, 2, 5, 4])
    assert cinema.feed.statistics().viewers == 0
    refusal = await Viewer(cinema.client, "stage").watch()
    assert refusal.status_code == 406
    assert "bframes=0" in refusal.json()["detail"]
    assert "whep: {transcode: true}" in refusal.json()["detail"]
    cinema.room.show(video[15:20])  # the encoder was set right
    assert cinema.feed.problem == ""
    await viewer.peer.close()


async def test_an_offer_without_the_rooms_codec_is_refused(cinema: Cinema, video: list[bytes]) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:1])
    viewer = Viewer(cinema.client, "stage")
    viewer.peer.addTransceiver("video", direction="recvonly").setCodecPreferences([VP8])
    refusal = await viewer.watch(())
    assert refusal.status_code == 406
    assert "h264" in refusal.json()["detail"]
    assert cinema.server.statistics().viewers == 0
    await viewer.peer.close()


async def test_the_answer_and_the_life_of_a_session_are_as_the_drafts_have_it(
    cinema: Cinema, video: list[bytes]
) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:1])
    viewer = Viewer(cinema.client, "stage")
    response = await viewer.watch()
    assert response.headers["content-type"].startswith(SDP)
    assert response.headers["location"].startswith("/stage/whep/")
    assert 'rel="ice-server"' in response.headers["link"]
    assert response.text.count("a=sendonly") == 2
    assert "a=candidate:" in response.text
    assert "stereo=1" in response.text
    etag = response.headers["etag"]
    headers = {"Content-Type": FRAGMENT}
    body = "a=mid:0\r\na=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\n"

    async def patched(match: str | None) -> int:
        given = headers | ({"If-Match": match} if match else {})
        return (await cinema.client.patch(viewer.location, content=body, headers=given)).status_code

    assert [await patched(match) for match in (etag, None, '"other"', "*")] == [204, 428, 412, 422]
    assert (await cinema.client.get("/stage/whep")).status_code == 204
    preflight = await cinema.client.options("/stage/whep")
    assert preflight.headers["accept-post"] == SDP
    assert "Location" in preflight.headers["access-control-expose-headers"]
    assert (await viewer.leave()).status_code == 200
    assert (await cinema.client.delete(viewer.location)).status_code == 404
    assert cinema.server.statistics().viewers == 0


async def test_as_many_watch_as_may_and_the_next_is_told_when_to_come_back(cinema: Cinema, video: list[bytes]) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:1])
    viewers = [Viewer(cinema.client, "stage") for _ in range(3)]
    for viewer in viewers[:2]:
        await joined(cinema, viewer)
    response = await viewers[2].watch()
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    for viewer in viewers[:2]:
        await viewer.leave()
    await viewers[2].peer.close()


AN_OFFER = {"Content-Type": SDP}


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/stage/whep", AN_OFFER, "v=0\r\nm=audio 9 X 96\r\na=rtpmap:96 opus/48000/2\r\n", 409),  # nothing is on
        ("/stage/whep", {"Content-Type": "text/plain"}, "v=0", 415),
        ("/stage/whep", AN_OFFER, "v" * 1_000_000, 413),
        ("/vault/whep", AN_OFFER, "v=0", 401),
        ("/vault/whep", AN_OFFER | {"Authorization": "Bearer wrong"}, "v=0", 401),
        ("/nowhere/whep", AN_OFFER, "v=0", 404),
    ],
)
async def test_bad_requests_are_answered_with_what_would_be_right(
    cinema: Cinema, path: str, headers: dict[str, str], body: str, status: int
) -> None:
    response = await cinema.client.post(path, content=body, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "planted-play-key" not in response.text
    assert ("retry-after" in response.headers) == (status == 409)


@pytest.mark.parametrize(
    ("loopback", "public", "key", "status"),
    [(True, False, None, 204), (False, False, None, 403), (False, True, None, 204), (False, False, "k", 401)],
)
async def test_a_room_is_open_to_this_machine_alone_unless_its_operator_says_more(
    loopback: bool, public: bool, key: str | None, status: int
) -> None:
    server = WhepServer(IceSettings(), readers=ReadAccess(loopback=loopback))
    server.register(WhepAudience("stage"), key, public=public)
    transport = httpx.ASGITransport(make_app(Studio(), more=[whep_router(server)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.get("/stage/whep")).status_code == status


async def test_who_never_connects_takes_no_viewers_place_and_the_oldest_gives_way(
    cinema: Cinema, video: list[bytes], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(whep, "HALF_OPEN_OF_ADDRESS", 4)
    cinema.room.sound(0.1)
    cinema.room.show(video[:1])
    peers = [Viewer(cinema.client, "stage") for _ in range(7)]
    offer = await peers[0].offer()
    for _ in range(10):  # more than the two that may watch, and none of them comes
        answer = await cinema.client.post("/stage/whep", content=offer, headers=AN_OFFER)
        assert answer.status_code == 201
    statistics = cinema.server.statistics()
    assert (statistics.viewers, statistics.half_open) == (0, 4)
    assert statistics.rejected == {"half_open": 6}
    await asyncio.sleep(0.5)
    gc.collect()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    for viewer in peers[1:3]:
        await joined(cinema, viewer)
    assert cinema.server.statistics().viewers == 2
    refused = await cinema.client.post("/stage/whep", content=offer, headers=AN_OFFER)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "15")
    for viewer in peers:
        await viewer.peer.close()


async def test_an_address_with_few_half_open_sessions_keeps_them_beside_one_with_many() -> None:
    server = WhepServer(IceSettings(loopback=True))
    sessions = {WhepSession(WhepAudience("stage"), IceSettings(loopback=True)): str(n) for n in range(whep.HALF_OPEN)}
    crowd = list(sessions)[1:]
    for session in sessions:
        server._half_open[session] = "crowd" if session in crowd else "viewer"
        session.on_end = lambda session=session: server._half_open.pop(session)  # type: ignore[misc]
    server._make_room("newcomer")
    assert (crowd[0].closed, next(iter(sessions)).closed) == (True, False)
    await asyncio.gather(*(session.close("over") for session in sessions))


async def test_viewers_that_come_and_go_leave_nothing_behind(cinema: Cinema, video: list[bytes]) -> None:
    cinema.room.sound(0.1)
    cinema.room.show(video[:1])
    process = psutil.Process()
    before = sockets = 0
    for turn in range(100):
        viewer = Viewer(cinema.client, "stage")
        await joined(cinema, viewer)
        await viewer.leave()
        await asyncio.sleep(0)
        if turn == 10:
            before, sockets = len(asyncio.all_tasks()), len(process.net_connections("udp"))
    await until(lambda: len(asyncio.all_tasks()) <= before + 2)
    await until(lambda: len(process.net_connections("udp")) <= sockets)
    assert cinema.feed.statistics().viewers == 0
    assert cinema.feed.statistics().admitted == 100
