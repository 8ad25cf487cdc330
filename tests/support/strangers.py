"""Strangers that do a sidecar harm, for a time: a program of its own, each of its threads does one kind of it again
and again. It says at the end how often each did it.

    python -m tests.support.strangers '{"rtmp": 1935, "http": 8080, "seconds": 40, "flv": "clip.flv"}'
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import random
import resource
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from livefoley.core.errors import LivefoleyError
from livefoley.media.rtmp.protocol.client_session import ClientSession
from livefoley.media.rtmp.protocol.url import RtmpUrl

ADDRESSES = [f"127.0.0.{number}" for number in range(2, 10)]
"""Where they come from; the owner is at 127.0.0.1."""
HELLO = b"\x03" + bytes(8) + bytes(1528)
EMPTY_SOUND = b"\x04" + bytes(6) + b"\x08" + b"\x01\x00\x00\x00"
"""A message after which each byte 0xC4 is another one, as empty."""
HALF_A_HEAD = b"GET /livez HTTP/1.1\r\nHost: local"
OPEN_ROOM, OPEN_KEY = "other", "other-key"
"""A room that has let one of them in: its publisher sends damaged media."""
_UPGRADE = (
    "GET /v1/rooms/{room}/events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=setup:actpass
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 {fingerprint}
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:96 H264/90000
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=candidate:1 1 udp 2130706431 127.0.0.9 9 typ host
""".format(fingerprint=":".join(["AB"] * 32))


@dataclass
class Target:
    """Where they go, for how long, and what they did so far."""

    rtmp: int
    http: int
    seconds: float
    flv: str
    room: str = "demo"
    until_s: float = 0.0
    did: Counter[str] = field(default_factory=Counter)

    @property
    def on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.until_s

    def connect(self, port: int) -> socket.socket:
        """Return a connection from one of the addresses."""
        return socket.create_connection(("127.0.0.1", port), 5, source_address=(random.choice(ADDRESSES), 0))


# ---- what they do: until they are cut, or the time is over ----


def greeted(at: Target) -> socket.socket:
    """Return an RTMP connection past its handshake."""
    return shake_hands(at.connect(at.rtmp))


def shake_hands(made: socket.socket) -> socket.socket:
    """Go through RTMP's handshake; return the connection."""
    made.sendall(HELLO)
    wanted = 1 + 2 * 1536
    while wanted > 0:
        got = len(made.recv(min(wanted, 65536)))
        if not got:
            raise ConnectionError
        wanted -= got
    made.sendall(HELLO[1:])
    return made


def endless_message(stream: int) -> bytes:
    """Return the beginning of a message of 8 MB on a chunk stream."""
    return bytes([stream]) + bytes(3) + (8 << 20).to_bytes(3, "big") + b"\x14" + bytes(4 + 128)


def one_byte_messages(at: Target) -> None:
    """Send empty audio messages, a byte each, half a Mbit/s."""
    with contextlib.closing(greeted(at)) as made:
        made.sendall(EMPTY_SOUND)
        while at.on:
            made.sendall(b"\xc4" * 8192)
            at.did["one_byte_messages"] += 1
            time.sleep(0.13)


def half_open(at: Target) -> None:
    """Begin many handshakes and finish none."""
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            made = stack.enter_context(contextlib.closing(at.connect(at.rtmp)))
            made.sendall(HELLO[: random.randrange(1, len(HELLO))])
            at.did["half_open"] += 1
        time.sleep(2)


def endless_messages(at: Target) -> None:
    """Announce messages of 8 MB on many chunk streams and send as much of them as is taken."""
    with contextlib.closing(greeted(at)) as made:
        made.settimeout(0.5)
        at.did["endless_messages"] += 1
        made.sendall(b"".join(map(endless_message, range(4, 60))))
        while at.on:
            made.sendall(bytes(65_536))
            time.sleep(0.05)


def noise(at: Target) -> None:
    """Send what is no protocol at all."""
    for port in (at.rtmp, at.http):
        with contextlib.closing(at.connect(port)) as made:
            made.sendall(os.urandom(random.randrange(1, 5000)))
            at.did["noise"] += 1
    time.sleep(0.2)


def wrong_stream_keys(at: Target) -> None:
    """Ask to publish with keys that nobody gave out."""
    with contextlib.suppress(LivefoleyError):
        for _ in publishing(at, f"guess-{random.random()}"):
            break
    at.did["wrong_stream_keys"] += 1
    time.sleep(0.2)


def wrong_tokens(at: Target) -> None:
    """Try keys by WHIP."""
    headers = {"Authorization": "Bearer no", "Content-Type": "application/sdp"}
    ask(at, "POST", f"/{at.room}/whip", b"v=0", headers)
    at.did["wrong_tokens"] += 1
    time.sleep(0.1)


def idle_http(at: Target) -> None:
    """Open many connections and send half the head of a request on each."""
    with contextlib.ExitStack() as stack:
        for _ in range(250):
            made = stack.enter_context(contextlib.closing(at.connect(at.http)))
            made.sendall(HALF_A_HEAD)
            at.did["idle_http"] += 1
        time.sleep(3)


def requests(at: Target) -> None:
    """Ask for what there is, and for what there is not."""
    for path in ("/metrics", "/v1/rooms", f"/{at.room}/hls/index.m3u8", "/nothing", f"/{at.room}/hls/%2e%2e/x", "/%00"):
        ask(at, "GET", path)
        at.did["requests"] += 1
    time.sleep(0.1)


def junk_sockets(at: Target) -> None:
    """Listen to a room's events and answer with damaged frames."""
    with contextlib.closing(at.connect(at.http)) as made:
        made.sendall(_UPGRADE.format(room=at.room).encode())
        made.recv(500)
        for _ in range(20):
            made.sendall(random.choice((b"\x81\xff" + bytes([255] * 8), b"\x89\x80" + bytes(4), os.urandom(40))))
            at.did["junk_sockets"] += 1
            time.sleep(0.02)


def junk_offers(at: Target) -> None:
    """Offer damaged SDP to watch the room."""
    lines = _OFFER.splitlines()
    for _ in range(random.randrange(4)):
        where = random.randrange(len(lines))
        lines[where : where + 1] = random.choice(([], [lines[where]] * 40, ["a=" + "x" * 2000], ["m=audio 9 x 0"]))
    ask(at, "POST", f"/{at.room}/whep", "\r\n".join(lines).encode(), {"Content-Type": "application/sdp"})
    at.did["junk_offers"] += 1
    time.sleep(0.2)


def damaged_media(at: Target) -> None:
    """Publish a clip of which most tags are damaged, to a room that lets them."""
    play = itertools.cycle(tags(Path(at.flv).read_bytes()))
    for send in publishing(at, OPEN_KEY):
        kind, stamp, body = next(play)
        damaged = bytearray(body)
        if len(damaged) > 20 and random.random() < 0.5:
            for _ in range(random.randrange(1, 8)):
                damaged[random.randrange(5 if random.random() < 0.9 else 0, len(damaged))] = random.randrange(256)
        send(kind, stamp, bytes(damaged))
        at.did["damaged_media"] += 1
        time.sleep(0.02)


ACTS: dict[Callable[[Target], None], int] = {
    one_byte_messages: 8,
    half_open: 4,
    endless_messages: 6,
    noise: 2,
    wrong_stream_keys: 2,
    wrong_tokens: 2,
    idle_http: 4,
    requests: 2,
    junk_sockets: 2,
    junk_offers: 1,
    damaged_media: 1,
}
"""How many do each at once."""


# ---- what they need for it ----


def ask(at: Target, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
    """Send a request and read its answer."""
    made = http.client.HTTPConnection("127.0.0.1", at.http, 5, source_address=(random.choice(ADDRESSES), 0))
    with contextlib.closing(made):
        made.request(method, path, body, headers or {})
        made.getresponse().read()


def publishing(at: Target, key: str) -> Iterator[Callable[[int, int, bytes], None]]:
    """Publish by RTMP; give what sends a tag, as often as it is asked for. Raises ``Rejected``."""
    session = ClientSession(RtmpUrl.parse(f"rtmp://127.0.0.1:{at.rtmp}/live/{key}"))
    with contextlib.closing(at.connect(at.rtmp)) as made:

        def flush() -> None:
            made.sendall(b"".join(session.take()))

        def send(kind: int, stamp: int, body: bytes) -> None:
            session.send_tag(kind, stamp, body)
            flush()

        flush()
        while not session.publishing:
            data = made.recv(65_536)
            if not data:
                raise ConnectionError
            session.receive(data)
            flush()
        while at.on:
            yield send


def tags(flv: bytes) -> list[tuple[int, int, bytes]]:
    """Return type, stamp (ms) and body of every tag of a file."""
    found, at = [], 13
    while at + 11 <= len(flv):
        size = int.from_bytes(flv[at + 1 : at + 4], "big")
        stamp = int.from_bytes(flv[at + 4 : at + 7], "big") | flv[at + 7] << 24
        found.append((flv[at], stamp, flv[at + 11 : at + 11 + size]))
        at += 15 + size
    return found


def again_and_again(act: Callable[[Target], None], at: Target) -> None:
    """Do it until the time is over; whoever is cut comes again."""
    while at.on:
        with contextlib.suppress(OSError, http.client.HTTPException, LivefoleyError):
            act(at)
        time.sleep(0.02)


def main(order: str) -> None:
    """Do all of it at once."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192) if most > 0 else 8192, most))
    at = Target(**json.loads(order))
    at.until_s = time.monotonic() + at.seconds
    threads = [
        threading.Thread(target=again_and_again, args=(act, at), daemon=True)
        for act, count in ACTS.items()
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, at.until_s + 5 - time.monotonic()))
    print(json.dumps(at.did))


if __name__ == "__main__":
    main(sys.argv[1])
