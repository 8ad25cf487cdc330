"""The first inputs of each target, made with the writers of the product and by hand: ``--make-seeds`` writes them."""

from __future__ import annotations

import base64
import io
import json
import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from aioice import stun
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket, RtpPacket

from livefoley.core.events import MotionKind, MotionOnset
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.formats import nal
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.chunks import ChunkWriter
from livefoley.media.rtmp.protocol.tag_stream import TagStream
from livefoley.media.webrtc.rtp.payloads import VideoPayloads
from livefoley.runtime.workers import messages
from livefoley.runtime.workers.ipc import pack
from livefoley.runtime.workers.link import READY, Failed, encode
from tests.fuzz.targets import CORPUS

OPUS = [bytes([0xF8, 0xFF, 0xFE]), bytes([0x78, *range(40)])]
"""Packets of 20 ms: one of silence, one of nothing sensible."""


@cache
def pictures() -> tuple[TrackInfo, tuple[Packet, ...]]:
    """Return six pictures of H.264 with B-frames, 64 x 48."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", 25, options={"preset": "ultrafast", "bf": "2", "g": "3"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(6):
            picture = np.full((48, 64, 3), 40 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))
    with av.open(io.BytesIO(target.getvalue())) as container:
        stream = container.streams.video[0]
        info = TrackInfo(MediaKind.VIDEO, "h264", bytes(stream.codec_context.extradata or b""), width=64, height=48)
        base = Fraction(1, 1000)
        found = [packet for packet in container.demux(stream) if packet.size]
        packets = [
            Packet(MediaKind.VIDEO, bytes(p), 200 + 40 * i, 120 + 40 * i, base, bool(p.is_keyframe))
            for i, p in enumerate(found)
        ]
    return info, tuple(packets)


AAC = TrackInfo(MediaKind.AUDIO, "aac", bytes([0x11, 0x90]), sample_rate=48_000, channels=2)


def _tags() -> list[tuple[int, int, bytes]]:
    info, packets = pictures()
    stream = TagStream({MediaKind.VIDEO: info, MediaKind.AUDIO: AAC})
    units = [Unit(p, 48 * p.pts, 48 * p.dts, 0) for p in packets]
    sound = Packet(MediaKind.AUDIO, bytes([0x21, 0x10, 4, 0x60, 0x8C, 0x1C]), 120, 120, Fraction(1, 1000), True)
    return [tuple(tag) for unit in (*units, Unit(sound, 6000, 6000, 0)) for tag in stream.feed(unit)]


def _flat(tags: list[tuple[int, int, bytes]]) -> bytes:
    return b"".join(bytes([t]) + len(b).to_bytes(3, "big") + s.to_bytes(3, "big") + b for t, s, b in tags)


def _chunked(*said: tuple[int, int, int, int, bytes], size: int = chunks.DEFAULT_CHUNK_SIZE) -> bytes:
    writer = ChunkWriter()
    first = b"".join(map(bytes, writer.set_chunk_size(size))) if size != chunks.DEFAULT_CHUNK_SIZE else b""
    return first + b"".join(bytes(part) for each in said for part in writer.write(*each))


def _asks(key: str) -> list[tuple[int, int, int, int, bytes]]:
    command = chunks.COMMAND
    connect = amf0.encode("connect", 1.0, {"app": "live", "flashVer": "x", "tcUrl": "rtmp://localhost/live"})
    return [
        (3, command, 0, 0, connect),
        (3, command, 0, 0, amf0.encode("releaseStream", 2.0, None, key)),
        (3, command, 0, 0, amf0.encode("FCPublish", 3.0, None, key)),
        (3, command, 0, 0, amf0.encode("createStream", 4.0, None)),
        (8, command, 1, 0, amf0.encode("publish", 5.0, None, key, "live")),
    ]


def rtmp_chunks() -> dict[str, bytes]:
    media = [(6, kind, 1, stamp, body) for kind, stamp, body in _tags()]
    return {
        "media": _chunked(*media),
        "large-chunks": _chunked(*media, size=4096),
        "extended-stamps": _chunked((6, 9, 1, 0x1000000, bytes(200)), (6, 9, 1, 0x1000028, bytes(300))),
        "one-byte-messages": b"\x04" + bytes(6) + b"\x08\x01\x00\x00\x00" + b"\xc4" * 200,
        "wide-stream-ids": b"\x00\x10" + bytes(3) + b"\x00\x00\x02\x08" + bytes(4) + b"ab\x01\x10\x10" + bytes(11),
        "abort": _chunked((2, chunks.ABORT, 0, 0, bytes([0, 0, 0, 6]))) + _chunked((6, 9, 1, 0, bytes(100))),
    }


def rtmp_commands() -> dict[str, bytes]:
    media = [(6 if kind == chunks.VIDEO else 4, kind, 1, stamp, body) for kind, stamp, body in _tags()]
    status = {"level": "status", "code": "NetStream.Publish.Start", "description": "go"}
    return {
        "publisher": _chunked(*_asks("key?user=u"), *media, (3, chunks.COMMAND, 0, 0, amf0.encode("FCUnpublish", 6.0))),
        "player": _chunked(*_asks("key")[:1], (8, chunks.COMMAND, 1, 0, amf0.encode("play", 5.0, None, "key"))),
        "amf3": _chunked((3, chunks.COMMAND_AMF3, 0, 0, b"\x00" + _asks("key")[0][4])),
        "answers": _chunked(
            (3, chunks.COMMAND, 0, 0, amf0.encode("_result", 1.0, {}, status)),
            (3, chunks.COMMAND, 0, 0, amf0.encode("_result", 4.0, None, 1.0)),
            (5, chunks.COMMAND, 1, 0, amf0.encode("onStatus", 0.0, None, status)),
        ),
    }


def flv_tags() -> dict[str, bytes]:
    hevc = b"\x90hvc1" + bytes(23)
    opus = b"\x90OpusOpusHead\x01\x02\x38\x01\x80\xbb" + bytes(5)
    return {
        "h264-aac": _flat(_tags()),
        "enhanced": _flat(
            [(9, 0, hevc), (9, 40, b"\xa1hvc1" + bytes(20)), (8, 0, opus), (8, 20, b"\x91Opus\xf8\xff\xfe")]
        ),
        "mp3": _flat([(8, 0, b"\x2f\xff\xfb\x90\x64" + bytes(60))]),
        "multitrack": _flat([(9, 0, b"\x96\x00avc1" + bytes(12)), (8, 0, b"\x95\x10mp4a\x01\x00\x00\x02\x11\x90")]),
    }


def amf() -> dict[str, bytes]:
    return {
        "connect": _asks("key")[0][4],
        "metadata": amf0.encode("@setDataFrame", "onMetaData", {"width": 1280.0, "stereo": True, "encoder": "x"}),
        "nested": amf0.encode([{"a": [1.0, None, {"b": "c"}]}, True]),
        "deep": b"\x03\x00\x01a" * 60 + b"\x05" + b"\x00\x00\x09" * 60,
        "long-strict-array": b"\x0a\xff\xff\xff\xff\x05\x05",
        "date": b"\x0b" + bytes(10),
        "long-string": b"\x0c\x00\x00\x00\x02ab",
    }


def proxy_headers() -> dict[str, bytes]:
    return {
        "v1": b"PROXY TCP4 203.0.113.7 192.0.2.1 4000 1935\r\n",
        "v1-v6": b"PROXY TCP6 2001:db8::1 2001:db8::2 4000 1935\r\n",
        "v1-unknown": b"PROXY UNKNOWN\r\n",
        "v2": b"\x21\x11\x00\x0c" + bytes(range(12)),
        "v2-v6": b"\x21\x21\x00\x24" + bytes(range(36)),
        "v2-local": b"\x20\x00\x00\x00",
    }


_OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a={direction}
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=mid:1
a={direction}
a=rtcp-mux
a=rtpmap:96 H264/90000
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtcp-fb:96 nack pli
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=ssrc:1 cname:x
a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host generation 0
"""


def sdp() -> dict[str, bytes]:
    fingerprint = ":".join(["AB"] * 32)
    trickled = "a=ice-ufrag:abcd\na=ice-pwd:x\nm=audio 9 RTP/AVP 0\na=mid:0\n"
    return {
        "publish": _OFFER.format(fingerprint=fingerprint, direction="sendonly").encode(),
        "watch": _OFFER.format(fingerprint=fingerprint, direction="recvonly").replace("\n", "\r\n").encode(),
        "fragment": (trickled + "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\na=end-of-candidates\n").encode(),
        "bare": b"v=0\r\nm=video 9 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
    }


def _sized(datagrams: list[bytes]) -> bytes:
    return b"".join(len(each).to_bytes(2, "big") + each for each in datagrams)


def _packet(kind: int, number: int, stamp: int, payload: bytes, last: bool) -> bytes:
    made = RtpPacket(payload_type=kind, marker=int(last), sequence_number=number, timestamp=stamp, ssrc=7)
    made.payload = payload
    return made.serialize()


def rtp() -> dict[str, bytes]:
    info, packets = pictures()
    payloads, sent = VideoPayloads(info), []
    for packet in packets:
        frame = payloads.frame(Unit(packet, 48 * packet.pts, 48 * packet.dts, 0))
        for payload in frame.payloads:
            sent.append(
                _packet(96, 65_530 + len(sent) & 0xFFFF, frame.timestamp, payload, payload is frame.payloads[-1])
            )
    report = RtcpSrPacket(7, RtcpSenderInfo(1 << 40, 9000, 3, 900))
    report.reports = [RtcpReceiverInfo(7, 0, 1, 2, 3, 4, 5)]
    vp8 = b"\x90\x80\x80\x01" + bytes([0x10, 0, 0, 0x9D, 1, 0x2A, 64, 0, 48, 0]) + bytes(30)
    return {
        "h264": _sized(sent),
        "reordered": _sized([*sent[3:], *sent[:3], sent[-1]]),
        "opus": _sized([_packet(111, number, 960 * number, OPUS[number % 2], False) for number in range(6)]),
        "vp8": _sized([_packet(97, 1, 3000, vp8, True)]),
        "reports": _sized([bytes(report), bytes(RtcpRrPacket(7)), *sent[:2]]),
    }


def stun_messages() -> dict[str, bytes]:
    def message(kind: stun.Class, **attributes: object) -> bytes:
        made = stun.Message(stun.Method.BINDING, kind, bytes(range(12)))
        made.attributes.update({name.replace("_", "-"): value for name, value in attributes.items()})
        made.add_message_integrity(b"key")
        return bytes(made)

    return {
        "request": message(stun.Class.REQUEST, USERNAME="abcd:efgh", PRIORITY=1, ICE_CONTROLLING=2),
        "response": message(stun.Class.RESPONSE, XOR_MAPPED_ADDRESS=("192.0.2.1", 5000)),
        "response-v6": message(stun.Class.RESPONSE, XOR_MAPPED_ADDRESS=("2001:db8::1", 5000)),
        "error": message(stun.Class.ERROR, ERROR_CODE=(487, "Role Conflict")),
    }


def hls_playlists() -> dict[str, bytes]:
    info, packets = pictures()
    target = io.BytesIO()
    with av.open(target, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number, packet in enumerate(packets):
            annex_b = nal.join_annex_b([*nal.sets_of("h264", info.extradata), *nal.split_length_prefixed(packet.data)])
            made = av.Packet(annex_b)
            made.stream, made.time_base, made.pts, made.dts = stream, Fraction(1, 90_000), 3600 * number, 3600 * number
            container.mux_one(made)
    segment = "data:video/mp2t;base64," + base64.b64encode(target.getvalue()).decode()
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n"
    key = '#EXT-X-KEY:METHOD=AES-128,URI="data:;base64,AAAAAAAAAAAAAAAAAAAAAA==",IV=0x1\n'
    return {
        "whole": f"{head}#EXTINF:0.24,\n{segment}\n#EXT-X-ENDLIST\n".encode(),
        "live": f"{head}#EXTINF:0.24,\n{segment}\n#EXT-X-DISCONTINUITY\n#EXTINF:0.24,\n{segment}\n".encode(),
        "encrypted": f"{head}{key}#EXTINF:1,\ndata:,x\n#EXT-X-ENDLIST\n".encode(),
        "variants": b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=64x48\ndata:,a\n"
        b'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="b",URI="file:///etc/hostname"\n',
        "map": f'{head}#EXT-X-MAP:URI="data:,x",BYTERANGE="5@0"\n#EXTINF:1,\n#EXT-X-BYTERANGE:5@1\ndata:,y\n'.encode(),
    }


def mp4_boxes() -> dict[str, bytes]:
    def finished(**options: str) -> bytes:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "made.mp4"
            with av.open(str(path), "w", options=options) as container:
                stream = container.add_stream("libx264", 25, options={"preset": "ultrafast"})
                stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
                container.mux(stream.encode(None))
            return path.read_bytes()

    wide = (1).to_bytes(4, "big") + b"moov" + (24).to_bytes(8, "big") + bytes([0, 0, 0, 8]) + b"trak"
    return {
        "moov-last": finished(),
        "moov-first": finished(movflags="faststart"),
        "fragmented": finished(movflags="frag_keyframe+empty_moov"),
        "wide-sizes": wide,
        "to-the-end": bytes([0, 0, 0, 0]) + b"moov" + bytes([0, 0, 0, 16]) + b"stco" + bytes(4) + b"\xff\xff\xff\xff",
    }


def parameter_sets() -> dict[str, bytes]:
    info, packets = pictures()
    sets = nal.sets_of("h264", info.extradata)
    hevc = bytes([1] + [0] * 20 + [0xFC | 3, 1, 0x20, 0, 1, 0, 5]) + b"\x40\x01\x0c\x01\xff"
    return {
        "avcc": info.extradata,
        "hvcc": hevc,
        "annex-b": nal.join_annex_b(sets),
        "picture": packets[0].data,
        "opus": OPUS[0],
    }


def configuration() -> dict[str, bytes]:
    rooms = "rooms:\n  a:\n    source: {rtmp: {key: k}}\n    sinks: [{rtmp: 'rtmp://h/a/k'}, {hls: out}]\n"
    return {
        "room": rooms.encode(),
        "server": (
            "server:\n  rtmp: {listen: '0.0.0.0:1935', limits: {max_connections: 9}}\n  http: {token: t}\n" + rooms
        ).encode(),
        "anchors": ("x-all: &all {describe: rain}\n" + rooms + "    <<: *all\n").encode(),
        "bomb": b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nrooms: {r: *c}\n",
        "object": b"rooms: !!python/object/apply:os.system [x]\n",
        "twice": b"rooms: {}\nrooms: {a: 1}\n1: 2\n",
        "clips": (rooms + "    clips: {enabled: true}\n    whep: {key: k}\nclips: {directory: c}\n").encode(),
    }


def edge_log() -> dict[str, bytes]:
    line = {"status": 200, "cache": "HIT", "bytes": 10, "seconds": 0.01, "origin_ttfb": "0.001, 0.002 : -"}
    others = [{"status": 404}, {"cache": "MISS"}, {"origin_ttfb": ""}, {"origin_ttfb": "-"}]
    odd = [
        '"seconds": Infinity',
        '"seconds": NaN',
        '"origin_ttfb": 1',
        '"bytes": -5',
        '"status": 99999',
        '"bytes": null',
    ]
    return {
        "lines": "\n".join(f"<190>edge: {json.dumps(line | other)}" for other in ({}, *others)).encode(),
        "odd": "\n".join(json.dumps(line)[:-1] + f", {each}}}" for each in odd).encode(),
        "nested": b'{"status": {"a": []}, "cache": [], "bytes": "1", "seconds": "x", "origin_ttfb": null}',
    }


def websocket_messages() -> dict[str, bytes]:
    def said(op: int, **data: object) -> bytes:
        return json.dumps({"op": op, "d": data}).encode()

    return {
        "hello": said(0, obsWebSocketVersion="5", rpcVersion=1, authentication={"challenge": "c", "salt": "s"}),
        "identified": said(2, negotiatedRpcVersion=1),
        "scene": said(5, eventType="CurrentProgramSceneChanged", eventData={"sceneName": "a"}),
        "answer": said(7, requestId="1", requestStatus={"code": 604, "comment": "no"}, responseData={"a": 1}),
        "odd-types": b'{"op": 0, "d": {"authentication": {"challenge": 1, "salt": null}}}',
        "text-frame": b"\x81\x85abcd" + bytes(c ^ k for c, k in zip(b"hello", b"abcda", strict=True)),
        "fragments": b"\x01\x81\x00\x00\x00\x00a\x80\x81\x00\x00\x00\x00b\x89\x80\x00\x00\x00\x00",
        "close": b"\x88\x82\x00\x00\x00\x00\x03\xe8",
        "too-long": b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(8),
    }


def worker_messages() -> dict[str, bytes]:
    moved = messages.Moved(MotionOnset(at=48_000, kind=MotionKind.IMPACT, strength=0.5))
    said = [READY, encode(Failed("x", "error", 3)), encode(moved)]
    return {
        "frames": b"".join(pack(head, b"pay", "room") + b"pay" for head in said),
        "unknown": pack(b'{"op":"no-such"}'),
        "too-large": bytes([1]) + b"\xff" * 8 + b"a",
    }


SEEDS: dict[str, Callable[[], dict[str, bytes]]] = {
    made.__name__: made
    for made in (
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


def write() -> None:
    """Write all of them into the corpus."""
    for name, make in SEEDS.items():
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        for seed, data in make().items():
            (CORPUS / name / seed).write_bytes(data)
