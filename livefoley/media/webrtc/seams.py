"""Every place where livefoley reaches into aiortc, tried with aiortc 1.16.0; `tests/webrtc/test_seams.py` guards each.

aiortc decodes what it receives and forgets when the sender said it was captured. The subclasses here keep the access
units as they came, with their RTP timestamps, hand sender reports on, and can ask for a keyframe.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.codecs import CODECS, is_rtx
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecCapability,
    RTCRtpCodecParameters,
    RTCRtpReceiveParameters,
)
from aiortc.rtp import RtcpSrPacket

from livefoley.media.webrtc.ice import IceSettings, MediaConnection

TRIED_WITH = "1.16."
NTP_FRACTION = 1 << 32
PLI_INTERVAL_S = 0.5
EXTRA_H264_PROFILES = ("4d001f", "64001f", "640c1f")  # Main, High, Constrained High: what hardware encoders offer

CARRIED = [
    RTCRtpCodecCapability(mimeType="audio/opus", clockRate=48000, channels=2),
    RTCRtpCodecCapability(mimeType="video/rtx", clockRate=90000),
]


class Receiving(Protocol):
    """Who takes what an `EncodedPeer` receives. Called in the event loop; must not raise."""

    def on_unit(self, kind: str, data: bytes, timestamp: int) -> None:
        """Take an encoded frame: H.264 as Annex B, Opus as it is; ``timestamp`` is RTP's, 32 bits."""
        ...

    def on_report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Take a sender report: at ``ntp_s`` of the sender's clock the track's RTP clock stood at ``timestamp``."""
        ...


class _Tap:
    """Stands where aiortc queues frames for its decoder thread: gives them away at once, and lets the thread sleep."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        self._take = take
        self._over = threading.Event()

    def put(self, task: Any) -> None:
        """Take ``(codec, frame)``; None ends the thread."""
        if task is None:
            self._over.set()
        else:
            self._take(task[1])

    def get(self) -> None:
        """Wait for the end: the decoder thread's only order."""
        self._over.wait()


class _Unmapped:
    """Stands where aiortc counts each track from zero, which loses lip sync."""

    def map(self, timestamp: int) -> int:
        """Return ``timestamp`` as it is."""
        return timestamp


class EncodedReceiver(RTCRtpReceiver):
    """A receiver that does not decode. Seams: decoder queue, timestamp mapper, RTCP handler, PLI."""

    def __init__(self, kind: str, transport: Any, sink: Receiving) -> None:
        super().__init__(kind, transport)
        self.keyframe_requests = 0
        self._kind = kind
        self._sink = sink
        self._media_ssrc: int | None = None
        self._asked_s = float("-inf")
        self._payload_types: set[int | None] = set()
        self._RTCRtpReceiver__decoder_queue = _Tap(self._give)
        self._RTCRtpReceiver__timestamp_mapper = _Unmapped()

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin; note which payload types are media and not retransmissions."""
        self._payload_types = {codec.payloadType for codec in parameters.codecs if not is_rtx(codec)}
        await super().receive(parameters)

    async def request_keyframe(self) -> None:
        """Ask the publisher for a keyframe, at most every ``PLI_INTERVAL_S``."""
        now = time.monotonic()
        if self._media_ssrc is not None and now - self._asked_s >= PLI_INTERVAL_S:
            self._asked_s = now
            self.keyframe_requests += 1
            await self._send_rtcp_pli(self._media_ssrc)

    async def _handle_rtp_packet(self, packet: Any, arrival_time_ms: int) -> None:
        if packet.payload_type in self._payload_types:
            self._media_ssrc = packet.ssrc
        await super()._handle_rtp_packet(packet, arrival_time_ms)

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.ssrc == self._media_ssrc:
            info = packet.sender_info
            self._sink.on_report(self._kind, info.ntp_timestamp / NTP_FRACTION, info.rtp_timestamp)
        await super()._handle_rtcp_packet(packet)

    def _give(self, frame: Any) -> None:
        self._sink.on_unit(self._kind, frame.data, frame.timestamp)


class EncodedPeer(RTCPeerConnection):
    """A peer connection with one transport, whose receivers keep what comes encoded.

    Seams: the making of transceivers, and of the ICE connection. Without ``sink`` (viewers) the receivers are aiortc's.
    """

    def __init__(self, ice: IceSettings, sink: Receiving | None = None) -> None:
        _offer_more_h264()
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._ice = ice
        self._sink = sink
        self.encoded: dict[str, EncodedReceiver] = {}

    def _RTCPeerConnection__createDtlsTransport(self) -> Any:  # noqa: N802 - aiortc's own name, mangled
        make: Any = super()._RTCPeerConnection__createDtlsTransport  # type: ignore[misc]
        dtls = make()
        ice = dtls.transport
        own = ice.iceGatherer.getLocalParameters()
        connection = MediaConnection(self._ice, local_username=own.usernameFragment, local_password=own.password)
        ice._connection = ice.iceGatherer._connection = connection
        ice._recv, ice._send = connection.recv, connection.send
        return dtls

    def _RTCPeerConnection__createTransceiver(  # noqa: N802 - aiortc's own name, mangled
        self, direction: str, kind: str, sender_track: Any = None
    ) -> Any:
        make: Any = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver = make(direction, kind, sender_track)
        if self._sink is None:
            return transceiver
        receiver = EncodedReceiver(kind, transceiver.receiver.transport, self._sink)
        receiver._set_rtcp_ssrc(transceiver.sender._ssrc)
        transceiver._RTCRtpTransceiver__receiver = receiver
        transceiver._preferred_codecs = _carried(kind)
        self.encoded[kind] = receiver
        return transceiver


def _carried(kind: str) -> list[RTCRtpCodecCapability]:
    """Return what a publisher may send: Opus, and H.264 in whatever profile."""
    if kind == "audio":
        return CARRIED[:1]
    h264 = [codec for codec in CODECS["video"] if codec.mimeType == "video/H264"]
    capabilities = [
        RTCRtpCodecCapability(mimeType=codec.mimeType, clockRate=codec.clockRate, parameters=codec.parameters)
        for codec in h264
    ]
    return [*capabilities, CARRIED[1]]


def _offer_more_h264() -> None:
    """Add the profiles aiortc leaves out; without them an offer of High alone cannot be answered."""
    video = CODECS["video"]
    known = {str(codec.parameters.get("profile-level-id")) for codec in video}
    for profile in EXTRA_H264_PROFILES:
        if profile not in known:
            number = max(codec.payloadType or 0 for codec in video) + 1
            video += [_h264(number, profile), _rtx(number + 1, number)]


def _h264(number: int, profile: str) -> RTCRtpCodecParameters:
    feedback = [RTCRtcpFeedback("nack"), RTCRtcpFeedback("nack", "pli"), RTCRtcpFeedback("goog-remb")]
    parameters: dict[str, int | str | None] = {
        "level-asymmetry-allowed": "1",
        "packetization-mode": "1",
        "profile-level-id": profile,
    }
    return RTCRtpCodecParameters("video/H264", 90000, None, number, feedback, parameters)


def _rtx(number: int, of: int) -> RTCRtpCodecParameters:
    return RTCRtpCodecParameters("video/rtx", 90000, None, number, [], {"apt": of})


def without_candidates(offer: str) -> str:
    """Return an offer without its candidates.

    Checks that begin while the answer is still being written race libdatachannel's DTLS (OBS 30.0 and 30.1 offer them);
    our own candidates are in the answer, and the publisher's checks tell us where it is.
    """
    left_out = ("a=candidate:", "a=end-of-candidates")
    return "".join(f"{line}\r\n" for line in offer.splitlines() if not line.startswith(left_out))
