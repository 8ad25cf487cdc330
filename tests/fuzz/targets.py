"""What is fuzzed: for each door its parser, called as the product calls it. A target returns, or has found something.

Refusals have names (``ProtocolError``, ``Refused``, ``ConfigError``, ...); any other error that comes out is a finding,
and so is an input that takes seconds, or hundreds of megabytes.
"""

from __future__ import annotations

import contextlib
import io
import math
import struct
from collections.abc import Callable
from pathlib import Path

import av
from aioice import stun
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtcpPacket, RtpPacket
from aiortc.sdp import SessionDescription, candidate_from_sdp
from websockets.server import ServerProtocol

from livefoley import config
from livefoley.control.api.events import from_json
from livefoley.control.delivery.edge import EdgeLog
from livefoley.core.errors import ConfigError, LivefoleyError, ProtocolError, UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.formats import nal, opus
from livefoley.formats.fmp4 import init_segment
from livefoley.formats.mp4_keys import copy_with_keys
from livefoley.media.access.proxy_protocol import parse_v1, parse_v2
from livefoley.media.files.demux import Demuxer
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.protocol import amf0
from livefoley.media.rtmp.protocol.chunks import ChunkReader, Message
from livefoley.media.rtmp.protocol.client_session import ClientSession
from livefoley.media.rtmp.protocol.handshake import ClientHandshake
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.rtmp.protocol.server_session import PublishRequest, ServerSession
from livefoley.media.rtmp.protocol.url import RtmpUrl
from livefoley.media.webrtc.offer import RECEIVES, SENDS, Refused, check_offer, read_fragment
from livefoley.media.webrtc.rtp.reassembly import FrameAssembler
from livefoley.media.webrtc.rtp.units import UnitReader
from livefoley.media.webrtc.video_track import Picture
from livefoley.outbound import obs_protocol
from livefoley.runtime.sounds import messages as sounds
from livefoley.runtime.workers import messages
from livefoley.runtime.workers.ipc import BrokenPipe, read_frame_blocking
from livefoley.runtime.workers.link import MessageError

HELLO = ClientHandshake().hello
MAX_SERIES = 200  # that all edges together may make of what they say


def rtmp_chunks(data: bytes) -> None:
    """Chunks of an admitted peer; however they are cut, they give the same messages."""
    middle = len(data) // 2
    assert _messages([data]) == _messages([data[:middle], data[middle:]])


def _messages(parts: list[bytes]) -> list[Message] | None:
    reader = ChunkReader(1 << 16)
    try:
        return [message for part in parts for message in reader.feed(part)]
    except ProtocolError:
        return None


def rtmp_commands(data: bytes) -> None:
    """What a peer sends behind the handshake, to a server that lets everybody in, and to a client."""
    session, reader = ServerSession(lambda app: True, RtmpLimits(max_message_bytes=1 << 18)), TagReader()
    session.receive(HELLO + HELLO[1:])
    with contextlib.suppress(ProtocolError):
        for at in range(0, len(data), 512):  # a publisher waits for answers
            for event in session.receive(data[at : at + 512]):
                if isinstance(event, PublishRequest):
                    for early in session.accept():
                        reader.read(early)
                elif isinstance(event, Message):
                    reader.read(event)
            session.take()
    client = ClientSession(RtmpUrl.parse("rtmp://localhost/live/key"))
    with contextlib.suppress(ProtocolError):
        client.receive(b"\x03" + HELLO[1:] + HELLO[1:])
        client.receive(data)


def flv_tags(data: bytes) -> None:
    """Tags, each as its type, 3 bytes of length and of time, and its body; and what outputs make of them."""
    reader, at, watched = TagReader(), 0, Picture()
    while at + 7 <= len(data):
        size, stamp = (int.from_bytes(data[at + n : at + n + 3], "big") for n in (1, 4))
        items = reader.read(Message(data[at] & 31, 1, stamp, data[at + 7 : at + 7 + size]))
        at += 7 + size
        for item in items:
            if isinstance(item, TrackInfo):
                with contextlib.suppress(UnsupportedCodec):
                    init_segment([item])
                watched.take(item, wanted=True)
            elif isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
                watched.take(Unit(item, 48 * item.pts, 48 * item.dts, 0), wanted=True)


def amf(data: bytes) -> None:
    """Values; what was read can be written and read again."""
    try:
        values = amf0.decode(data)
    except ProtocolError:
        return
    with contextlib.suppress(ProtocolError, ValueError):  # written again it may be larger than what is read
        amf0.encode(*values)


def proxy_headers(data: bytes) -> None:
    """PROXY headers of both versions, which name whom a trusted proxy speaks for."""
    with contextlib.suppress(ProtocolError):
        parse_v1(data)
    with contextlib.suppress(ProtocolError):
        parse_v2(data[:4].ljust(4, b"\0"), data[4:])


def sdp(data: bytes) -> None:
    """Offers, trickled candidates; behind the check whatever the library says of them is a refusal."""
    text = data.decode("utf-8", "replace")
    for directions in (SENDS, RECEIVES):
        with contextlib.suppress(Refused):
            check_offer(text, directions)
            with contextlib.suppress(Exception):
                SessionDescription.parse(text)
    with contextlib.suppress(Refused):
        for line in read_fragment(text).candidates:
            with contextlib.suppress(Exception):
                candidate_from_sdp(line.removeprefix("candidate:"))


def rtp(data: bytes) -> None:
    """Datagrams, each behind 2 bytes of its length: RTP and RTCP, and the frames that come of them."""
    assemblers = {kind: FrameAssembler(joined=kind == "video", wait_s=0.4) for kind in ("video", "audio")}
    codecs = {96: ("video", "h264", "H264"), 97: ("video", "vp8", "VP8"), 111: ("audio", "opus", "opus")}
    reader, at, now_s = UnitReader(with_picture=True), 0, 0.0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        datagram, at, now_s = data[at + 2 : at + 2 + size], at + 2 + size, now_s + 0.02
        with contextlib.suppress(ValueError):
            RtcpPacket.parse(datagram)
        with contextlib.suppress(ValueError):
            packet = RtpPacket.parse(datagram)
            kind, codec, name = codecs.get(packet.payload_type, codecs[96])
            parameters = RTCRtpCodecParameters(mimeType=f"{kind}/{name}", clockRate=90_000)
            body = depayload(parameters, packet.payload) if packet.payload else b""
            number, stamp, marker = packet.sequence_number, packet.timestamp, bool(packet.marker)
            for frame in assemblers[kind].feed(number, stamp, marker, body, now_s):
                reader.read(kind, codec, frame, now_s)
            assemblers[kind].take_overdue(now_s)


def stun_messages(data: bytes) -> None:
    """STUN, as the media's UDP port takes it from anybody."""
    with contextlib.suppress(ValueError, struct.error):  # the second MediaPort takes for no message
        stun.parse_message(data)


def hls_playlists(data: bytes) -> None:
    """Playlists as FFmpeg reads those of pulls, which lead nowhere else here."""
    options = {"protocol_whitelist": "data,crypto", "max_reload": "1", "extension_picky": "0"}
    options |= {"allowed_extensions": "ALL", "allowed_segment_extensions": "ALL"}
    with (
        contextlib.suppress(av.FFmpegError, LivefoleyError, ValueError, OSError),
        av.open(io.BytesIO(data), format="hls", container_options=options, timeout=(0.2, 0.2)) as container,
    ):
        for count, _ in enumerate(Demuxer(container, "pulled").items()):
            if count > 200:
                break


def mp4_boxes(data: bytes) -> None:
    """A finished MP4 that is given keys."""
    with contextlib.suppress(ValueError):
        copy_with_keys(io.BytesIO(data), io.BytesIO(), {"comment": "made with livefoley"})


def parameter_sets(data: bytes) -> None:
    """What a publisher says of its pictures and its sound: avcC, hvcC, NAL units, Opus packets."""
    for codec in ("h264", "hevc"):
        with contextlib.suppress(ValueError):
            nal.length_size(codec, data)
        with contextlib.suppress(ValueError):
            nal.sets_of(codec, data)
        with contextlib.suppress(ValueError):
            nal.picture_size(codec, data)
        with contextlib.suppress(ValueError):
            nal.configuration(codec, nal.parameter_sets(codec, nal.split_annex_b(data)))
    with contextlib.suppress(ValueError):
        nal.split_length_prefixed(data)
    opus.samples(data)


def configuration(data: bytes) -> None:
    """YAML, as an operator writes it; what is taken can be shown."""
    with contextlib.suppress(ConfigError):
        config.masked(config.parse(data.decode("utf-8", "replace"), "fuzz"))


def edge_log(data: bytes) -> None:
    """Datagrams that an edge, or somebody else, sends; each line is one."""
    log = EdgeLog()
    for line in data.split(b"\n"):
        log.datagram_received(line, ("127.0.0.1", 514))
    sums = (log.seconds.total, log.origin_seconds.total)
    assert all(math.isfinite(each) and each >= 0 for each in sums)
    assert log.sent_bytes >= 0
    assert 0 <= log.hit_ratio() <= 1
    assert len(log.requests) <= MAX_SERIES


def websocket_messages(data: bytes) -> None:
    """What OBS, and what listens to events, says: frames to our server, documents to our clients."""
    with contextlib.suppress(LivefoleyError):
        obs_protocol.identify(data, "password")
    with contextlib.suppress(LivefoleyError):
        obs_protocol.incoming(data)
    with contextlib.suppress(ValueError):
        from_json(data)
    server = ServerProtocol(max_size=64 * 1024)
    server.receive_data(_UPGRADE)
    for request in server.events_received():
        server.send_response(server.accept(request))  # type: ignore[arg-type]
    server.receive_data(data)
    server.events_received()
    server.data_to_send()


def worker_messages(data: bytes) -> None:
    """What a worker says that a hostile stream has taken over."""
    stream = io.BytesIO(data)
    with contextlib.suppress(BrokenPipe):
        while True:
            frame = read_frame_blocking(stream)
            for link in (messages.PERCEPTION, messages.SCREEN, messages.EARS, messages.TRANSCODE, sounds.FOLEY):
                with contextlib.suppress(MessageError):
                    link.reply(frame.head)


_UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        rtmp_chunks,
        rtmp_commands,
        flv_tags,
        amf,
        proxy_headers,
        sdp,
        rtp,
        stun_messages,
        hls_playlists,
        mp4_boxes,
        parameter_sets,
        configuration,
        edge_log,
        websocket_messages,
        worker_messages,
    )
}

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"


def corpus(name: str) -> list[Path]:
    """Return the committed inputs of a target."""
    return sorted(path for path in (CORPUS / name).iterdir() if path.is_file())
