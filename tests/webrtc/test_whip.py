"""WHIP over HTTP with a real peer: what goes in comes out, and what must be refused is, with the right status."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import threading

import psutil
import pytest
from aiortc import rtcrtpsender
from hypothesis import given
from hypothesis import strategies as st

from livefoley.control.signalling.endpoint import FRAGMENT, SDP
from livefoley.formats import nal
from livefoley.media.auth import HttpAuth
from livefoley.media.publisher_slot import TAKEOVERS, OnDuplicate
from livefoley.media.webrtc import Client, IceSettings, Refused, WhipServer, read_fragment, session
from livefoley.media.webrtc import whip_session as session_of_a_publisher
from livefoley.media.webrtc.offer import SENDS, check_offer
from tests.support.waiting import LIMIT_S, until
from tests.webrtc.conftest import KEY, House, open_house
from tests.webrtc.publisher import OnTime, Publisher, video_packets

pytestmark = pytest.mark.live

BEARER = {"Authorization": f"Bearer {KEY}"}
OF_H264 = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"
AN_OFFER = BEARER | {"Content-Type": SDP}
LINES = ["m=video 9 X 96", "m=audio 9 X 111", "m=", "a=rtpmap:96 H264/90000", "a=rtpmap:", "a=rtpmap:111 opus/48000/2"]
LINES += ["a=sendonly", "a=group:BUNDLE 0 1", "a=candidate:1 1 udp 1 h 1 typ host", "a=ice-ufrag:x", "a=rtpmap: /"]
CYCLES = 30


async def _played(publisher: Publisher, house: House, video: int, sound: int) -> None:
    """Wait until a clip was sent, and so many pictures and sounds of it came, but for the last ones: a frame is known
    to be whole when the next one begins, and a few sounds stay in the jitter buffer."""
    async with asyncio.timeout(LIMIT_S):
        for track in publisher.tracks:
            await track.done.wait()
    await until(lambda: len(house.packets("video")) >= video - 1 and len(house.packets("audio")) >= sound - 5)


async def test_every_access_unit_comes_out_as_it_went_in(house: House, video: list[bytes], sound: list[bytes]) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    assert (await publisher.publish(video, sound)).status_code == 201
    await _played(publisher, house, len(video), len(sound))
    sent = [nal.split_annex_b(unit) for unit in video]
    came = [nal.split_length_prefixed(packet.data) for packet in house.packets("video")]
    assert came == sent[: len(came)]
    heard = [packet.data for packet in house.packets("audio")]
    assert heard == sound[: len(heard)]
    assert {info.codec: (info.width, info.height) for info in house.infos()} == {"h264": (320, 240), "opus": (0, 0)}
    assert (await publisher.leave()).status_code == 200
    assert house.gone == 1


async def test_sound_and_picture_sent_together_come_out_together(
    house: House, video: list[bytes], sound: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher reports as one would that is never late."""
    monkeypatch.setattr(rtcrtpsender, "clock", OnTime())
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(itertools.cycle(video), itertools.cycle(sound))
    await until(lambda: house.source.session is not None)
    sync = house.source.session.reader.sync  # type: ignore[union-attr]
    await until(lambda: sync.offset_s() is not None)  # sender reports of both tracks came
    count = len(house.packets("video"))
    await until(lambda: len(house.packets("video")) > count + 30)
    assert abs(sync.offset_s() or 0.0) < 0.001
    for kind in ("video", "audio"):
        stamps = [packet.pts for packet in house.packets(kind)]
        assert stamps == sorted(set(stamps))
    await publisher.leave()


async def test_a_new_resolution_is_announced_before_its_first_picture(house: House, sound: list[bytes]) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(video_packets(0.5) + video_packets(0.5, (640, 480)), sound[:50])
    await _played(publisher, house, 30, 50)
    sizes = [(info.width, info.height) for info in house.infos() if info.codec == "h264"]
    assert sizes == [(320, 240), (640, 480)]
    await publisher.leave()


async def test_a_picture_that_begins_without_a_keyframe_waits_and_one_is_asked_for(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(video[1:], sound)
    await _played(publisher, house, len(video) - 15, len(sound) - 25)  # no sound before the picture begins
    assert house.packets("video")[0].keyframe
    statistics = house.source.statistics()
    assert statistics.skipped_units == 14
    assert statistics.keyframe_requests >= 1
    await publisher.leave()


async def test_the_answer_has_what_the_rfc_asks_for(house: House, video: list[bytes], sound: list[bytes]) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    response = await publisher.publish(video, sound)
    assert response.headers["content-type"].startswith(SDP)
    assert response.headers["location"].startswith("/stage/whip/")
    assert response.headers["etag"].startswith('"')
    assert response.text.count("a=recvonly") == 2
    assert "a=candidate:" in response.text
    assert "a=rtcp-mux" in response.text
    await publisher.leave()


async def test_the_newest_publisher_takes_over(house: House, video: list[bytes], sound: list[bytes]) -> None:
    first, second = (Publisher(house.client, "stage", KEY) for _ in range(2))
    assert (await first.publish(video, sound)).status_code == 201
    assert (await second.publish(video, sound)).status_code == 201
    assert (await first.leave()).status_code == 404
    assert (await second.leave()).status_code == 200
    assert house.source.statistics().takeovers == 1


async def test_a_storm_of_takeovers_is_held_back_and_the_last_publisher_stays(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    came = [Publisher(house.client, "stage", KEY) for _ in range(TAKEOVERS + 4)]
    answers = [await each.publish(video, sound) for each in came]
    assert [answer.status_code for answer in answers] == [201] * (TAKEOVERS + 1) + [429] * 3
    assert int(answers[-1].headers["retry-after"]) > 0
    here = came[TAKEOVERS]
    before = len(house.packets("video"))
    await until(lambda: len(house.packets("video")) > before)
    assert house.source.statistics().takeovers == TAKEOVERS
    assert house.server.statistics().rejected == {"storm": 3}
    assert (await here.leave()).status_code == 200
    for each in came:
        await each.peer.close()


async def test_a_room_that_rejects_duplicates_keeps_its_first_publisher(video: list[bytes], sound: list[bytes]) -> None:
    async with open_house(OnDuplicate.REJECT) as house:
        first, second = (Publisher(house.client, "stage", KEY) for _ in range(2))
        assert (await first.publish(video, sound)).status_code == 201
        assert (await second.publish(video, sound)).status_code == 409
        await second.peer.close()
        assert (await first.leave()).status_code == 200


async def test_candidates_may_trickle_and_an_ice_restart_is_refused(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    response = await publisher.publish(video, sound)
    headers = BEARER | {"Content-Type": FRAGMENT}
    body = "a=mid:0\r\na=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\n"

    async def patched(etag: str | None, content: str = body) -> int:
        given = headers | ({"If-Match": etag} if etag else {})
        return (await house.client.patch(publisher.location, content=content, headers=given)).status_code

    assert await patched(response.headers["etag"]) == 204
    assert await patched(None) == 428
    assert await patched('"other"') == 412
    assert await patched("*") == 422
    assert await patched(response.headers["etag"], "a=candidate:rubbish\r\n") == 400
    assert await patched(response.headers["etag"], "rubbish") == 400
    assert await patched(response.headers["etag"], "a=ice-ufrag:else\r\na=ice-pwd:other\r\n" + body) == 422
    assert await patched(response.headers["etag"], body * 70) == 400
    assert await patched(response.headers["etag"], "a=end-of-candidates\r\n") == 204
    wrong_type = BEARER | {"Content-Type": SDP, "If-Match": response.headers["etag"]}
    assert (await house.client.patch(publisher.location, content=body, headers=wrong_type)).status_code == 415
    assert house.server.statistics().publishers == 1
    await publisher.leave()


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/stage/whip", AN_OFFER, "rubbish", 400),
        ("/stage/whip", AN_OFFER, b"\xff\xfe", 400),
        ("/stage/whip", AN_OFFER, "v=0\r\nm=video 9 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n", 422),
        ("/stage/whip", AN_OFFER, "v=0\r\nm=video 9 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n", 422),
        ("/stage/whip", AN_OFFER, "v=0\r\nm=video 9 RTP/AVP 45\r\na=rtpmap:45 AV1/90000\r\n", 422),
        ("/stage/whip", AN_OFFER, "v=0\r\nm=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", 422),
        ("/stage/whip", AN_OFFER, f"{OF_H264}a=recvonly\r\n", 422),
        ("/stage/whip", AN_OFFER, OF_H264 + OF_H264.removeprefix("v=0\r\n"), 422),
        ("/stage/whip", AN_OFFER, f"{OF_H264}m=audio 9 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n", 422),
        ("/stage/whip", AN_OFFER, "v=0\r\nm=application 9 DTLS/SCTP 5000\r\n", 422),
        ("/stage/whip", AN_OFFER, "v" * 1_000_000, 413),
        ("/stage/whip", AN_OFFER, "v" * 100_000, 400),
        ("/stage/whip", BEARER | {"Content-Type": "application/json"}, "{}", 415),
        ("/stage/whip", {"Authorization": "Bearer wrong", "Content-Type": SDP}, "v=0", 401),
        ("/stage/whip", {"Content-Type": SDP}, "v=0", 401),
        ("/nowhere/whip", AN_OFFER, "v=0", 404),
    ],
)
async def test_bad_requests_are_answered_and_leave_nothing_behind(
    house: House, path: str, headers: dict[str, str], body: str | bytes, status: int
) -> None:
    response = await house.client.post(path, content=body, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert KEY not in response.text
    assert house.server.statistics().publishers == 0


async def test_an_offer_of_other_codecs_is_told_what_would_be_right(house: House) -> None:
    offer = (
        "v=0\r\nm=video 9 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=rtpmap:97 AV1/90000\r\na=rtpmap:98 rtx/90000\r\n"
    )
    told = (await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)).json()
    assert told["detail"] == "video must be H.264 or VP8, not H265, AV1; choose it in the encoder's settings"


async def test_an_offer_whose_media_would_not_be_encrypted_is_refused(house: House) -> None:
    offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2\r\na=sendonly\r\n"
    answer = await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)
    assert (answer.status_code, "a=fingerprint" in answer.json()["detail"]) == (422, True)


@given(st.text(max_size=300), st.lists(st.sampled_from(LINES), max_size=12))
def test_an_offer_is_taken_apart_or_refused_whatever_it_is(text: str, lines: list[str]) -> None:
    for offer in (text, "\r\n".join(["v=0", *lines, text])):
        with contextlib.suppress(Refused):
            assert check_offer(offer, SENDS)
        with contextlib.suppress(Refused):
            read_fragment(offer)


async def test_sessions_cannot_be_guessed_nor_stolen_nor_ended_without_the_key(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    house.server.register("lobby", "another-key")
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(video, sound)
    session = publisher.location.rsplit("/", 1)[1]
    lobby = {"Authorization": "Bearer another-key"}
    for path, headers, status in (
        ("/stage/whip/guess", BEARER, 404),
        (publisher.location, {}, 401),
        (publisher.location, lobby, 401),
        (f"/lobby/whip/{session}", lobby, 404),
        (f"/nowhere/whip/{session}", BEARER, 404),
    ):
        for method in ("DELETE", "PATCH"):
            response = await house.client.request(method, path, headers=headers)
            assert response.status_code == status
            assert session not in response.text
    assert house.server.statistics().publishers == 1
    assert (await publisher.leave()).status_code == 200
    assert (await house.client.delete(publisher.location, headers=BEARER)).status_code == 404


async def test_who_tries_keys_is_soon_told_to_wait(house: House) -> None:
    wrong = {"Authorization": "Bearer wrong", "Content-Type": SDP}
    statuses = [(await house.client.post("/stage/whip", content="v=0", headers=wrong)).status_code for _ in range(40)]
    assert statuses[:30] == [401] * 30
    assert statuses[-1] == 429
    refused = await house.client.post("/stage/whip", content="v=0", headers=wrong)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")


async def test_a_right_key_gets_in_however_many_wrong_ones_were_tried(house: House) -> None:
    wrong = {"Authorization": "Bearer wrong", "Content-Type": SDP}
    for _ in range(1000):
        await house.client.post("/stage/whip", content="v=0", headers=wrong)
        await house.client.get("/elsewhere/whip", headers=wrong)
    right = await house.client.post("/stage/whip", content="v=0", headers=BEARER | {"Content-Type": SDP})
    assert right.status_code in (400, 422)  # the key is right; such an offer is none
    assert (await house.client.get("/stage/whip", headers=BEARER)).status_code < 429


async def test_the_operators_hook_is_asked_and_what_it_says_holds(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    asked: list[dict[str, object]] = []

    async def hook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower().decode()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        asked.append(json.loads(await reader.readexactly(length)))
        writer.write(
            b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % (200 if len(asked) == 1 else 403)
        )
        writer.close()

    listener = await asyncio.start_server(hook, "127.0.0.1", 0)
    auth = HttpAuth(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/auth")
    server = WhipServer(IceSettings(loopback=True), auth=auth)
    source = server.register("stage", KEY)
    running = asyncio.create_task(source.run(lambda item: None))
    await asyncio.sleep(0)
    client = Client("192.0.2.1", KEY, "OBS")
    publishers = [Publisher(house.client, "stage", KEY) for _ in range(2)]
    offers = [await publisher.offer(video, sound) for publisher in publishers]
    assert (await server.publish("stage", client, offers[0])).session
    with pytest.raises(Refused) as refused:
        await server.publish("stage", client, offers[1])
    assert refused.value.status == 403
    del asked[0]["id"]
    assert asked[0] == {
        "action": "publish",
        "path": "stage",
        "protocol": "webrtc",
        "ip": "192.0.2.1",
        "token": KEY,
        "user": "",
        "password": "",
        "query": "",
        "userAgent": "OBS",
    }
    await asyncio.gather(server.close(), auth.aclose(), *(publisher.peer.close() for publisher in publishers))
    running.cancel()
    listener.close()


async def test_a_publisher_that_falls_silent_is_let_go(
    house: House, video: list[bytes], sound: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_of_a_publisher, "CONNECT_TIMEOUT_S", 5.0)
    monkeypatch.setattr(session_of_a_publisher, "READ_TIMEOUT_S", 1.0)
    publisher = Publisher(house.client, "stage", KEY)
    assert (await publisher.publish(video, sound)).status_code == 201
    await until(lambda: house.gone)
    assert len(house.packets("video")) == len(video)
    assert house.server.statistics().publishers == 0
    await publisher.peer.close()


async def test_who_never_connects_is_let_go(
    house: House, video: list[bytes], sound: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONNECT_TIMEOUT_S", 0.3)
    publisher = Publisher(house.client, "stage", KEY)
    offer = await publisher.offer(video, sound)
    assert (await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)).status_code == 201
    await until(lambda: not house.server.statistics().publishers)
    await publisher.peer.close()


async def test_a_preflight_needs_no_key_and_a_get_has_no_content(house: House) -> None:
    preflight = await house.client.options("/stage/whip")
    assert preflight.status_code == 204
    assert preflight.headers["accept-post"] == SDP
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert (await house.client.get("/stage/whip", headers=BEARER)).status_code == 204


async def test_a_room_that_does_not_run_says_when_to_come_back(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    house.server.register("lobby", KEY)
    publisher = Publisher(house.client, "lobby", KEY)
    response = await publisher.publish(video, sound)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    await publisher.peer.close()


async def test_publishers_that_come_and_go_leave_nothing_behind(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    """No task, no thread, no socket, and no memory that grows with the number of them."""

    async def visit() -> None:
        publisher = Publisher(house.client, "stage", KEY)
        assert (await publisher.publish(video[:3], sound[:3])).status_code == 201
        await until(lambda: publisher.peer.connectionState == "connected")
        assert (await publisher.leave()).status_code == 200

    def held() -> tuple[int, int, int]:
        gc.collect()
        sockets = len(psutil.Process().net_connections("udp"))
        return len(asyncio.all_tasks()), threading.active_count(), sockets

    for _ in range(3):
        await visit()
    await asyncio.sleep(0.5)
    before, objects = held(), len(gc.get_objects())
    for _ in range(CYCLES):
        await visit()
    await until(lambda: all(now <= then + 1 for then, now in zip(before, held(), strict=True)))
    assert len(gc.get_objects()) < objects + 20 * CYCLES
    assert house.server.statistics().publishers == 0
