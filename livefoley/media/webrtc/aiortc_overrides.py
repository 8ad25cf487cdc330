"""Every place where livefoley reaches into aiortc, tried with aiortc 1.16.0; `test_aiortc_overrides.py` guards each.

aiortc decodes what it receives and forgets when the sender said it was captured. The subclasses here keep the access
units as they came, with their RTP timestamps, hand sender reports on, and can ask for a keyframe. (`ice.py` is the same
for aioice.)
"""

from __future__ import annotations

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
from aiortc.rtp import RtcpSrPacket, RtpPacket

from livefoley.media.webrtc.ice import IceSettings, MediaConnection
from livefoley.media.webrtc.rtp.reassembly import Frame, FrameAssembler

TRIED_WITH = "1.16."
NTP_FRACTION = 1 << 32
PLI_INTERVAL_S = 0.5
VIDEO_WAIT_S = 0.4  # for a retransmission: four requests at usual round trip times
AUDIO_WAIT_S = 0.15  # for a packet that was overtaken; sound is not asked for again
SSRC_SILENCE_S = 1.0  # a stream that was silent for so long may be replaced by another
H264_PROFILES = ("42001f", "42e01f", "4d001f", "64001f", "640c1f")  # Baseline, aiortc's own; Main, High: of hardware
PACKETIZATION_MODES = ("1", "0")  # 0 is what an offer means that names none; a reader takes both

OPUS = RTCRtpCodecCapability(mimeType="audio/opus", clockRate=48000, channels=2)
RTX = RTCRtpCodecCapability(mimeType="video/rtx", clockRate=90000)
VP8 = RTCRtpCodecCapability(mimeType="video/VP8", clockRate=90000)


class Receiving(Protocol):
    """Who takes what an `EncodedPeer` receives. Called in the event loop; must not raise."""

    def on_frame(self, kind: str, codec: str, frame: Frame) -> None:
        """Take an encoded frame: H.264 as Annex B, VP8 and Opus as they are; ``codec`` is FFmpeg's name."""
        ...

    def on_report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Take a sender report: at ``ntp_s`` of the sender's clock the track's RTP clock stood at ``timestamp``."""
        ...


class _Joint:
    """Stands where aiortc keeps its jitter buffer: hands packets to `EncodedReceiver`, never a frame to the decoder."""

    def __init__(self, take: Callable[[RtpPacket], None]) -> None:
        self._take = take

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Take a packet whose codec's header was taken off; say that no keyframe and no decoding is wanted."""
        self._take(packet)
        return False, None


class EncodedReceiver(RTCRtpReceiver):
    """A receiver that does not decode. Seams: jitter buffer, NACK generator, RTCP handler, PLI."""

    def __init__(self, kind: str, transport: Any, sink: Receiving, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(kind, transport)
        is_video = kind == "video"
        self.assembler = FrameAssembler(joined=is_video, wait_s=VIDEO_WAIT_S if is_video else AUDIO_WAIT_S)
        self.keyframe_requests = 0
        self.packets = 0
        self._kind = kind
        self._sink = sink
        self._now = now
        self._names: dict[int, str] = {}
        self._name = ""
        self._ssrc: int | None = None
        self._heard_s = self._asked_s = float("-inf")
        self._RTCRtpReceiver__jitter_buffer = _Joint(self._take)
        self._RTCRtpReceiver__nack_generator = None  # ours asks again, and not for what is only late

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin; note which payload types are media and not retransmissions."""
        self._names = {
            codec.payloadType: codec.name.lower()
            for codec in parameters.codecs
            if codec.payloadType is not None and not is_rtx(codec)
        }
        await super().receive(parameters)

    def flush(self) -> None:
        """Hand on what still waits for a packet that will not come."""
        for frame in self.assembler.flush():
            self._sink.on_frame(self._kind, self._name, frame)

    async def request_keyframe(self) -> None:
        """Ask the publisher for a keyframe, at most every ``PLI_INTERVAL_S``."""
        now_s = self._now()
        if self._ssrc is not None and now_s - self._asked_s >= PLI_INTERVAL_S:
            self._asked_s = now_s
            self.keyframe_requests += 1
            await self._send_rtcp_pli(self._ssrc)

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        await super()._handle_rtp_packet(packet, arrival_time_ms)
        if self._kind == "video" and self._ssrc is not None:
            lost = self.assembler.take_overdue(self._now())
            if lost:
                await self._send_rtcp_nack(self._ssrc, lost)

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.ssrc == self._ssrc:
            info = packet.sender_info
            self._sink.on_report(self._kind, info.ntp_timestamp / NTP_FRACTION, info.rtp_timestamp)
        await super()._handle_rtcp_packet(packet)

    def _take(self, packet: RtpPacket) -> None:
        now_s = self._now()
        if packet.ssrc != self._ssrc:
            if now_s - self._heard_s < SSRC_SILENCE_S:
                return  # a second stream (simulcast that was not agreed on) beside the one we have
            self._ssrc = packet.ssrc
            self.assembler.reset()
        self._heard_s = now_s
        self.packets += 1
        data: bytes = packet._data  # type: ignore[attr-defined]
        self._name = self._names.get(packet.payload_type, "")
        for frame in self.assembler.feed(packet.sequence_number, packet.timestamp, bool(packet.marker), data, now_s):
            self._sink.on_frame(self._kind, self._name, frame)


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

    @property
    def first_mid(self) -> str:
        """The name of the medium whose transport carries all of them."""
        return str(self.getTransceivers()[0].mid)

    @property
    def remote_ufrag(self) -> str:
        """The user name fragment of the peer's ICE session."""
        return str(self._remote("Ice", self.getTransceivers()[0]).usernameFragment)

    @property
    def unsent_bytes(self) -> int:
        """Bytes that wait for the socket."""
        ice: Any = self.getTransceivers()[0].receiver.transport.transport
        unsent: int = ice._connection.unsent_bytes
        return unsent

    def replace_sender(self, transceiver: Any, sender: Any) -> None:
        """Send with ``sender``, which must have been made for the same transport; before the description is made."""
        sender._stream_id = transceiver.sender._stream_id  # sound and picture of one stream are played in sync
        transceiver._RTCRtpTransceiver__sender = sender

    async def close(self) -> None:
        """Close. aiortc stops tracks before their transport; one that begins between the two would go on for ever."""
        await super().close()
        for transceiver in self.getTransceivers():
            await transceiver.stop()

    def be_passive(self) -> None:
        """Let a peer that leaves the choice to us begin DTLS.

        It does so once it has our answer. Were we to begin, our hello could be there first, and libdatachannel (OBS)
        was seen to fail then.
        """
        for transceiver in self.getTransceivers():
            if self._remote("Dtls", transceiver).role == "auto":
                transceiver.receiver.transport._set_role("server")

    def _remote(self, what: str, transceiver: Any) -> Any:
        return getattr(self, f"_RTCPeerConnection__remote{what}")[transceiver]

    def _RTCPeerConnection__createDtlsTransport(self) -> Any:  # noqa: N802 - aiortc's own name, mangled
        make: Any = super()._RTCPeerConnection__createDtlsTransport  # type: ignore[misc]
        dtls = make()
        ice = dtls.transport
        own = ice.iceGatherer.getLocalParameters()
        connection = MediaConnection(self._ice, local_username=own.usernameFragment, local_password=own.password)
        connection.secured = lambda: dtls._rx_srtp is not None
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
        transceiver._preferred_codecs = carried(kind)
        self.encoded[kind] = receiver
        return transceiver


def carried(kind: str) -> list[RTCRtpCodecCapability]:
    """Return what we carry, the best first: Opus; H.264 in whatever profile, then VP8."""
    if kind == "audio":
        return [OPUS]
    h264 = [
        RTCRtpCodecCapability(mimeType=codec.mimeType, clockRate=codec.clockRate, parameters=codec.parameters)
        for codec in CODECS["video"]
        if codec.mimeType == "video/H264"
    ]
    return [*h264, VP8, RTX]


def _offer_more_h264() -> None:
    """Add what aiortc leaves out; without it an offer of High, or of packetization mode 0, alone cannot be answered."""
    video = CODECS["video"]
    known = {(c.parameters.get("packetization-mode"), c.parameters.get("profile-level-id")) for c in video}
    for mode in PACKETIZATION_MODES:
        for profile in H264_PROFILES:
            if (mode, profile) not in known:
                number = max(codec.payloadType or 0 for codec in video) + 1
                video += [_h264(number, profile, mode), _rtx(number + 1, number)]


def _h264(number: int, profile: str, mode: str) -> RTCRtpCodecParameters:
    feedback = [RTCRtcpFeedback("nack"), RTCRtcpFeedback("nack", "pli"), RTCRtcpFeedback("goog-remb")]
    parameters: dict[str, int | str | None] = {
        "level-asymmetry-allowed": "1",
        "packetization-mode": mode,
        "profile-level-id": profile,
    }
    return RTCRtpCodecParameters("video/H264", 90000, None, number, feedback, parameters)


def _rtx(number: int, of: int) -> RTCRtpCodecParameters:
    return RTCRtpCodecParameters("video/rtx", 90000, None, number, [], {"apt": of})
