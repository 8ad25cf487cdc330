"""A sender of frames that are encoded and packetised already: a seam over aiortc, tried with aiortc 1.16.0.

aiortc's own sender pulls a track, packetises for each peer anew, keeps 128 packets for retransmission, and puts the
time of sending into its reports, so that sound and picture sent together need not belong together. This one is given
frames, keeps enough for a round trip over a bad network, and reports times of the room's own clock.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable
from typing import Any

from aiortc import RTCRtpSender
from aiortc.codecs import is_rtx
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

HISTORY = 1024  # packets kept for retransmission: two seconds at 5 Mb/s
MAX_CREDIT = 256  # retransmissions a viewer may have at once; each packet sent earns another
NTP_EPOCH_S = 2_208_988_800  # of 1900, in seconds before 1970
_HEADER = struct.Struct("!BBHII")


class EncodedSender(RTCRtpSender):
    """Sends one track to one viewer. Seams: ``send``, ``stop``, ``_handle_rtcp_packet``; no state of aiortc's."""

    def __init__(self, kind: str, transport: Any, on_keyframe_wanted: Callable[[], None]) -> None:
        super().__init__(kind, transport)
        self.started = asyncio.Event()
        self.bytes = self.packets = self.retransmitted = 0
        self.fraction_lost = 0.0
        self._on_keyframe_wanted = on_keyframe_wanted
        self._payload_types: dict[str, int] = {}
        self._rtx_types: dict[int, int] = {}
        self._sequence = random.randrange(1 << 15)
        self._rtx_sequence = random.randrange(1 << 15)
        self._origin = random.randrange(1 << 32)
        self._history: list[tuple[int, bytes, bytes] | None] = [None] * HISTORY
        self._credit = MAX_CREDIT
        self._cname = ""

    # ---- what aiortc calls ----

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Begin: the connection is up."""
        if self.started.is_set():
            return
        for codec in parameters.codecs:
            if codec.payloadType is None:
                continue
            if is_rtx(codec):
                self._rtx_types[int(codec.parameters["apt"] or 0)] = codec.payloadType
            else:
                self._payload_types.setdefault(codec.name.lower(), codec.payloadType)
        self._cname = parameters.rtcp.cname or ""
        self.transport._register_rtp_sender(self, parameters)
        self.started.set()

    async def stop(self) -> None:
        """End; says goodbye."""
        if self.started.is_set():
            self.transport._unregister_rtp_sender(self)
            await self._send_rtcp([RtcpByePacket(sources=[self._ssrc])])

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            for number in packet.lost:
                await self._retransmit(number)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            self._on_keyframe_wanted()
        elif isinstance(packet, (RtcpRrPacket, RtcpSrPacket)):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    self.fraction_lost = report.fraction_lost / 256

    # ---- what a viewer calls ----

    def carries(self, codec: str) -> bool:
        """Say whether the viewer took ``codec`` (FFmpeg's name) in its offer."""
        return codec in self._payload_types

    async def send_frame(self, codec: str, timestamp: int, payloads: tuple[bytes, ...]) -> None:
        """Send a frame. Raises ``ConnectionError`` when the connection is gone."""
        kind = self._payload_types[codec]
        timestamp = (timestamp + self._origin) & 0xFFFFFFFF
        last = len(payloads) - 1
        for index, payload in enumerate(payloads):
            number = self._sequence
            self._sequence = (number + 1) & 0xFFFF
            header = _HEADER.pack(0x80, kind | (0x80 if index == last else 0), number, timestamp, self._ssrc)
            self._history[number % HISTORY] = (number, header, payload)
            await self.transport._send_rtp(header + payload)
            self.bytes += len(payload)
        self.packets += len(payloads)
        self._credit = min(MAX_CREDIT, self._credit + len(payloads))

    async def report(self, unix_s: float, timestamp: int) -> None:
        """Say that the track's clock stands at ``timestamp`` at ``unix_s``."""
        seconds = unix_s + NTP_EPOCH_S
        info = RtcpSenderInfo(
            ntp_timestamp=round(seconds * (1 << 32)),
            rtp_timestamp=(timestamp + self._origin) & 0xFFFFFFFF,
            packet_count=self.packets & 0xFFFFFFFF,
            octet_count=self.bytes & 0xFFFFFFFF,
        )
        name = RtcpSourceInfo(ssrc=self._ssrc, items=[(1, self._cname.encode())])
        await self._send_rtcp([RtcpSrPacket(ssrc=self._ssrc, sender_info=info), RtcpSdesPacket(chunks=[name])])

    async def _retransmit(self, sequence_number: int) -> None:
        """Send a packet again, as a stream of its own (RFC 4588) when the viewer knows that."""
        kept = self._history[sequence_number % HISTORY]
        if kept is None or kept[0] != sequence_number or self._credit <= 0:
            return
        self._credit -= 1
        self.retransmitted += 1
        _, header, payload = kept
        first, kind, number, timestamp, _ = _HEADER.unpack(header)
        rtx_type = self._rtx_types.get(kind & 0x7F)
        if rtx_type is not None:
            header = _HEADER.pack(first, kind & 0x80 | rtx_type, self._rtx_sequence, timestamp, self._rtx_ssrc)
            self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
            payload = number.to_bytes(2, "big") + payload
        await self.transport._send_rtp(header + payload)
