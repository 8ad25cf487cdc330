"""The places where livefoley reaches into aiortc and aioice: a new version that moves one fails here, loudly."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from fractions import Fraction

import aioice
import aiortc
import pytest
import pytest_asyncio
from aiortc import RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport

from livefoley.formats import nal
from livefoley.media.webrtc import aiortc_overrides, ice
from livefoley.media.webrtc.aiortc_overrides import EncodedPeer, EncodedReceiver
from livefoley.media.webrtc.ice import IceServer, IceSettings, MediaConnection
from livefoley.media.webrtc.rtp.reassembly import Frame
from tests.support.waiting import until
from tests.webrtc.publisher import RATE as FPS
from tests.webrtc.publisher import Encoded

LOCAL = IceSettings(loopback=True)


class Sink:
    """Keeps what a peer receives."""

    def __init__(self) -> None:
        self.frames: dict[str, list[Frame]] = {"audio": [], "video": []}
        self.codecs: dict[str, str] = {}
        self.reports: dict[str, list[tuple[float, int]]] = {"audio": [], "video": []}

    def on_frame(self, kind: str, codec: str, frame: Frame) -> None:
        self.frames[kind].append(frame)
        self.codecs[kind] = codec

    def on_report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        self.reports[kind].append((ntp_s, timestamp))


class Pair:
    """A publisher made of aiortc's own senders, and a peer that keeps what comes encoded."""

    def __init__(self) -> None:
        self.sink = Sink()
        self.near, self.far = EncodedPeer(LOCAL), EncodedPeer(LOCAL, self.sink)

    async def connect(self, video: list[bytes], sound: list[bytes]) -> None:
        self.near.addTrack(Encoded("video", video, 90000 // FPS, Fraction(1, 90000)))
        self.near.addTrack(Encoded("audio", sound, 960, Fraction(1, 48000)))
        await self.near.setLocalDescription(await self.near.createOffer())
        await self.far.setRemoteDescription(self.near.localDescription)
        self.far.be_passive()
        await self.far.setLocalDescription(await self.far.createAnswer())
        await self.near.setRemoteDescription(self.far.localDescription)

    async def wait(self, done: Callable[[], object], within_s: float = 15.0) -> None:
        await until(done, within_s)


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    made = Pair()
    yield made
    await asyncio.gather(made.near.close(), made.far.close())


def test_the_versions_are_the_ones_that_were_tried() -> None:
    assert aiortc.__version__.startswith(aiortc_overrides.TRIED_WITH), (
        "try the seams with this aiortc, then change TRIED_WITH"
    )
    assert aioice.__version__.startswith(ice.TRIED_WITH), "try the seams with this aioice, then change TRIED_WITH"


def test_what_the_seams_replace_is_where_it_was() -> None:
    peer, dtls = set(vars(RTCPeerConnection)), inspect.getsource(RTCDtlsTransport)
    assert {"_RTCPeerConnection__createTransceiver", "_RTCPeerConnection__createDtlsTransport"} <= peer
    assert "self._rx_srtp = Session(rx_policy)" in dtls
    receive = inspect.getsource(RTCRtpReceiver)
    assert "self.__jitter_buffer.add(packet)" in receive
    assert "self.__nack_generator is not None and" in receive
    assert "packet._data = depayload(codec, packet.payload)" in receive
    assert "self._recv = self._connection.recv" in inspect.getsource(RTCIceTransport)
    assert "self._connection = Connection(" in inspect.getsource(RTCIceGatherer)
    connection = inspect.getsource(aioice.Connection)
    for name in ("_closing", "_query_consent_task", "_protocols"):
        assert f"self.{name} = " in connection or f"self.{name}: " in connection
    parameters = inspect.signature(aioice.Connection.get_component_candidates).parameters
    assert list(parameters) == ["self", "component", "addresses", "timeout"]


async def test_both_tracks_go_over_one_connection_of_ours(pair: Pair) -> None:
    for kind in ("audio", "video"):
        pair.far.addTransceiver(kind, direction="recvonly")
    transports = {transceiver.receiver.transport for transceiver in pair.far.getTransceivers()}
    assert len(transports) == 1
    assert isinstance(transports.pop().transport._connection, MediaConnection)
    assert all(isinstance(receiver, EncodedReceiver) for receiver in pair.far.getReceivers())


async def test_frames_come_encoded_with_reports_of_their_clock(
    pair: Pair, video: list[bytes], sound: list[bytes]
) -> None:
    await pair.connect(video, sound)
    await pair.wait(lambda: len(pair.sink.frames["video"]) == len(video))
    await pair.wait(lambda: len(pair.sink.frames["audio"]) == len(sound))
    came = [nal.split_annex_b(frame.data) for frame in pair.sink.frames["video"]]
    assert came == [nal.split_annex_b(unit) for unit in video]
    assert [frame.data for frame in pair.sink.frames["audio"]] == sound
    assert pair.sink.codecs == {"video": "h264", "audio": "opus"}
    steps = {b.timestamp - a.timestamp for a, b in zip(*[iter(pair.sink.frames["video"])] * 2, strict=True)}
    assert steps == {90000 // FPS}
    await pair.wait(lambda: all(pair.sink.reports.values()))
    ntp_s, _ = pair.sink.reports["video"][0]
    assert 3.9e9 < ntp_s < 5.0e9  # seconds since 1900


async def test_a_keyframe_is_asked_for_and_not_too_often(pair: Pair, video: list[bytes], sound: list[bytes]) -> None:
    asked: list[int] = []
    await pair.connect(video, sound)
    sender = next(sender for sender in pair.near.getSenders() if sender.kind == "video")
    sender._send_keyframe = lambda: asked.append(1)  # type: ignore[method-assign]
    await pair.wait(lambda: pair.sink.frames["video"])
    for _ in range(20):
        await pair.far.encoded["video"].request_keyframe()
    await pair.wait(lambda: asked)
    assert pair.far.encoded["video"].keyframe_requests == 1


async def test_a_connection_closed_while_it_connects_leaves_no_task(video: list[bytes], sound: list[bytes]) -> None:
    before = asyncio.all_tasks()
    for number in range(12):
        pair = Pair()
        await pair.connect(video, sound)
        await asyncio.sleep(0.01 * number)
        await asyncio.gather(pair.near.close(), pair.far.close())
    await until(lambda: asyncio.all_tasks() <= before)


async def test_behind_a_nat_the_public_address_is_named_beside_our_own() -> None:
    host = ice._host_candidate(1, "192.168.1.5", 41_000)
    settings = IceSettings(public_ips=("203.0.113.7", "2001:db8::1"))
    connection = MediaConnection(settings, local_username="name", local_password="p" * 22)
    assert [(public.host, public.port) for public in connection._published(host)] == [("203.0.113.7", 41_000)]


async def test_ports_addresses_and_candidates_are_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.2"])
    settings = IceSettings(public_ips=("203.0.113.7", "2001:db8::1"), ports=(41_000, 41_200), loopback=True)
    connection = MediaConnection(settings, local_username="name", local_password="p" * 22)
    await connection.gather_candidates()
    found = {(candidate.host, 41_000 <= candidate.port <= 41_200) for candidate in connection.local_candidates}
    assert found == {("127.0.0.1", True), ("127.0.0.2", True)}  # neither is behind a NAT
    await connection.close()


def test_ice_servers_are_told_as_the_rfc_writes_them() -> None:
    assert IceServer("stun:stun.example.net").link == '<stun:stun.example.net>; rel="ice-server"'
    turn = IceServer("turn:turn.example.net?transport=udp", "user", 'my"password')
    assert turn.link == (
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="my%22password"; '
        'credential-type="password"'
    )
    assert "password" not in repr(turn)


@pytest.mark.parametrize("profile", ["42001f", "42e01f", "4d001f", "64001f", "640c1f"])
async def test_every_profile_of_h264_is_answered_when_it_is_the_only_one(pair: Pair, profile: str) -> None:
    transceiver = pair.near.addTransceiver("video", direction="sendonly")
    chosen = [
        codec for codec in aiortc_overrides.carried("video") if codec.parameters.get("profile-level-id") == profile
    ]
    transceiver.setCodecPreferences(chosen)
    await pair.near.setLocalDescription(await pair.near.createOffer())
    await pair.far.setRemoteDescription(pair.near.localDescription)
    answer = await pair.far.createAnswer()
    assert f"profile-level-id={profile}" in answer.sdp
