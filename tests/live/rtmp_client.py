"""A publisher in the test's own hands: the sans-IO client behind plain streams, to be stopped at any point."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import av

from livefoley.core.media import MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_stamp
from livefoley.media.rtmp.protocol import chunks
from livefoley.media.rtmp.protocol.client_session import ClientSession
from livefoley.media.rtmp.protocol.url import RtmpUrl
from tests.support.waiting import LIMIT_S

AVCC = bytes.fromhex("0142c01effe1000467 42c01e 01000468ce3c80".replace(" ", ""))


class Client:
    """One connection; `step` until the server has said what it says."""

    def __init__(self, session: ClientSession, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.session = session
        self.reader = reader
        self.writer = writer

    async def flush(self) -> None:
        """Send what the session wants to say."""
        self.writer.writelines(self.session.take())
        await self.writer.drain()

    async def step(self) -> bool:
        """Read once; False when the server has hung up."""
        data = await self.reader.read(65536)
        self.session.receive(data)
        await self.flush()
        return bool(data)

    async def publish(self) -> None:
        """Go on until the server takes the stream; raises ``Rejected``, or ``EOFError`` when it hangs up."""
        async with asyncio.timeout(LIMIT_S):
            while not self.session.publishing:
                if not await self.step():
                    raise EOFError

    async def publish_end(self) -> None:
        """Go on until the server ends the stream; raises what it says (``Rejected``), or ``EOFError``."""
        async with asyncio.timeout(LIMIT_S):
            while await self.step():
                pass
        raise EOFError

    async def wait_end(self, timeout_s: float = LIMIT_S) -> None:
        """Wait until the server hangs up, whatever it says before."""
        async with asyncio.timeout(timeout_s):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass

    async def picture(self, stamp: int = 0, size: int = 100, keyframe: bool = True) -> None:
        """Send a tag that looks like a picture."""
        head = b"\x17\x01\x00\x00\x00" if keyframe else b"\x27\x01\x00\x00\x00"
        self.session.send_tag(chunks.VIDEO, stamp, head + struct.pack(">I", size) + bytes(size))
        await self.flush()

    async def header(self) -> None:
        """Send an H.264 sequence header."""
        self.session.send_tag(chunks.VIDEO, 0, b"\x17\x00\x00\x00\x00" + AVCC)
        await self.flush()


@asynccontextmanager
async def connect(
    url: str, context: ssl.SSLContext | None = None, receive_buffer: int | None = None
) -> AsyncIterator[Client]:
    """Open a connection to ``url`` and send the first bytes; ``receive_buffer`` is what the system holds for us."""
    place = RtmpUrl.parse(url)
    plain = socket.socket()
    if receive_buffer is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (place.host, place.port))
    name = place.host if context else None
    reader, writer = await asyncio.open_connection(sock=plain, ssl=context, server_hostname=name)
    client = Client(ClientSession(place), reader, writer)
    await client.flush()
    try:
        yield client
    finally:
        writer.transport.abort()


def output_of(path: Path, start: Tick = 0) -> list[OutputItem]:
    """Return a clip as a room would put it out: parameters, then units from about ``start`` on."""
    items: list[OutputItem] = []
    with av.open(str(path)) as container:
        kinds = {stream.index: MediaKind(stream.type) for stream in container.streams}
        items += map(_info, container.streams)
        packets = [packet for packet in container.demux() if packet.size and packet.dts is not None]
        items += [_unit(packet, kinds[packet.stream.index], start) for packet in packets]
    return items


def _info(stream: av.stream.Stream) -> TrackInfo:
    context = stream.codec_context
    codec, extradata = context.codec.canonical_name, bytes(context.extradata or b"")
    if stream.type == "video":
        return TrackInfo(MediaKind.VIDEO, codec, extradata, width=context.width, height=context.height)
    return TrackInfo(
        MediaKind.AUDIO, codec, extradata, sample_rate=context.sample_rate, channels=context.layout.nb_channels
    )


def _unit(packet: av.Packet, kind: MediaKind, start: Tick) -> Unit:
    base = Fraction(packet.time_base.numerator, packet.time_base.denominator)
    carried = Packet(kind, bytes(packet), packet.pts, packet.dts, base, bool(packet.is_keyframe))
    # A muxer's first dts may lie before zero; a room's timeline starts above it.
    pts, dts = (start + TICK_RATE + ticks_from_stamp(stamp, base) for stamp in (packet.pts, packet.dts))
    return Unit(carried, pts, dts, 0)
