"""WHIP over HTTP with a real peer: what goes in comes out, and what must be refused is, with the right status."""

from __future__ import annotations

import asyncio
import threading

import pytest

from livefoley.control.signalling import FRAGMENT, SDP
from livefoley.media import nal
from tests.webrtc.conftest import KEY, House
from tests.webrtc.publisher import Publisher, video_packets

BEARER = {"Authorization": f"Bearer {KEY}"}
AN_OFFER = BEARER | {"Content-Type": SDP}


async def _played(publisher: Publisher) -> None:
    async with asyncio.timeout(20):
        for track in publisher.tracks:
            await track.done.wait()
    await asyncio.sleep(0.3)


async def test_every_access_unit_comes_out_as_it_went_in(house: House, video: list[bytes], sound: list[bytes]) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    assert (await publisher.publish(video, sound)).status_code == 201
    await _played(publisher)
    sent = [nal.split_annex_b(unit) for unit in video]
    came = [nal.split_length_prefixed(packet.data) for packet in house.packets("video")]
    assert came == sent[: len(came)]
    assert len(came) >= len(sent) - 1  # a frame is known to be whole when the next one begins
    heard = [packet.data for packet in house.packets("audio")]
    assert heard == sound[: len(heard)]
    assert len(heard) >= len(sound) - 5  # what the jitter buffer still holds
    assert {info.codec: (info.width, info.height) for info in house.infos()} == {"h264": (320, 240), "opus": (0, 0)}
    assert (await publisher.leave()).status_code == 200
    assert house.gone == 1


async def test_sound_and_picture_sent_together_come_out_together(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(video, sound)
    await _played(publisher)
    assert house.source.session is not None
    offset_s = house.source.session.reader.sync.offset_s()
    assert offset_s is not None  # sender reports of both tracks came
    assert abs(offset_s) < 0.01
    for kind in ("video", "audio"):
        stamps = [packet.pts for packet in house.packets(kind)]
        assert stamps == sorted(set(stamps))
    await publisher.leave()


async def test_a_new_resolution_is_announced_before_its_first_picture(house: House, sound: list[bytes]) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(video_packets(0.5) + video_packets(0.5, (640, 480)), sound[:50])
    await _played(publisher)
    sizes = [(info.width, info.height) for info in house.infos() if info.codec == "h264"]
    assert sizes == [(320, 240), (640, 480)]
    await publisher.leave()


async def test_a_picture_that_begins_without_a_keyframe_waits_and_one_is_asked_for(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(video[1:], sound)
    await _played(publisher)
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


async def test_a_room_that_rejects_duplicates_keeps_its_first_publisher(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    house.source.on_duplicate = "reject"
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
    await publisher.leave()


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/stage/whip", AN_OFFER, "rubbish", 400),
        ("/stage/whip", AN_OFFER, b"\xff\xfe", 400),
        ("/stage/whip", AN_OFFER, "v=0\r\nm=video 9 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n", 422),
        ("/stage/whip", AN_OFFER, "v=0\r\nm=video 9 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n", 422),
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


async def test_sessions_cannot_be_guessed_nor_ended_without_the_key(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    publisher = Publisher(house.client, "stage", KEY)
    await publisher.publish(video, sound)
    assert (await house.client.delete("/stage/whip/guess", headers=BEARER)).status_code == 404
    assert (await house.client.delete(publisher.location)).status_code == 401
    assert house.server.statistics().publishers == 1
    await publisher.leave()


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


async def test_twenty_publishers_in_a_row_leave_no_task_and_no_thread(
    house: House, video: list[bytes], sound: list[bytes]
) -> None:
    async def visit() -> None:
        publisher = Publisher(house.client, "stage", KEY)
        assert (await publisher.publish(video[:3], sound[:3])).status_code == 201
        assert (await publisher.leave()).status_code == 200

    await visit()
    await asyncio.sleep(0.5)
    before = len(asyncio.all_tasks()), threading.active_count()
    for _ in range(20):
        await visit()
    await asyncio.sleep(1.0)
    assert len(asyncio.all_tasks()) <= before[0] + 2
    assert threading.active_count() <= before[1]
    assert house.server.statistics().publishers == 0
