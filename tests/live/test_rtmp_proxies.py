"""The PROXY protocol: what is read of it, and that only trusted proxies are believed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import ProtocolError
from livefoley.media.access import proxy_protocol
from livefoley.media.access.proxy_protocol import TrustedProxies, parse_v1, parse_v2, read_header
from livefoley.media.rtmp import RtmpServer
from tests.support.waiting import until

HERE = TrustedProxies([ipaddress.ip_network("127.0.0.1/32")])
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V4 = SIGNATURE + b"\x21\x11\0\x0c" + socket.inet_aton("203.0.113.9") + socket.inet_aton("10.0.0.1") + b"\1\2\3\4"
V6 = SIGNATURE + b"\x21\x21\0\x26" + socket.inet_pton(socket.AF_INET6, "2001:db8::9") + bytes(20) + b"\x04\0"
HEADERS = [
    (b"PROXY TCP4 203.0.113.9 10.0.0.1 51000 1935\r\n", "203.0.113.9"),
    (b"PROXY TCP6 2001:db8::9 ::1 51000 1935\r\n", "2001:db8::9"),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN 1 2 3 4\r\n", ""),
    (V4, "203.0.113.9"),
    (V6, "2001:db8::9"),
    (SIGNATURE + b"\x20\0\0\0", ""),  # LOCAL
    (SIGNATURE + b"\x21\x31\0\x02ab", ""),  # a Unix socket
]
NONE = [
    b"\x03" + bytes(200),  # RTMP itself
    b"GET / HTTP/1.1\r\n\r\n",
    b"PROXY TCP4 203.0.113.9\r\n",
    b"PROXY TCP4 nobody 10.0.0.1 51000 1935\r\n",
    b"PROXY TCP4 " + b"1" * 200,
    SIGNATURE + b"\x31\x11\0\x0c" + bytes(12),
    SIGNATURE + b"\x21\x11\0\x04" + bytes(4),
    SIGNATURE + b"\x21\x11\xff\xff" + bytes(100),
    b"PROXY TC",
]


async def _read(data: bytes) -> tuple[str, bytes]:
    """Read a header; return the address and what was left in the socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        address = await read_header(ours)
        return address, ours.recv(100)


@pytest.mark.parametrize(("header", "address"), HEADERS)
async def test_a_header_is_read_and_not_a_byte_more(header: bytes, address: str) -> None:
    assert await _read(header + b"\x03rest") == (address, b"\x03rest")


@pytest.mark.parametrize("header", NONE)
async def test_what_is_no_header_is_refused(header: bytes) -> None:
    with pytest.raises(ProtocolError):
        await _read(header)


async def test_a_header_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_protocol, "HEADER_S", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(ProtocolError, match="in time"):
            await read_header(ours)


@given(st.binary(max_size=120), st.binary(min_size=4, max_size=4))
def test_any_bytes_are_an_address_or_an_error(rest: bytes, head: bytes) -> None:
    for parse in (lambda: parse_v1(b"PROXY " + rest), lambda: parse_v2(head, rest)):
        try:
            address = parse()
        except ProtocolError:
            continue
        assert not address or ipaddress.ip_address(address)


def test_a_proxy_is_known_by_its_address_alone() -> None:
    proxies = TrustedProxies([ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("fd00::/8")])
    for address, known in (("10.0.0.7", True), ("10.0.1.7", False), ("fd00::1", True), ("", False), ("x", False)):
        assert (address in proxies) is known
    assert "127.0.0.1" not in TrustedProxies()


async def _connect(server: RtmpServer, first: bytes, context: ssl.SSLContext | None = None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(first)
    if context is not None:
        await writer.start_tls(context, server_hostname="localhost")
    writer.write(b"\x03" + bytes(1536))
    assert len(await asyncio.wait_for(reader.readexactly(1), 10)) == 1  # it is spoken to
    writer.close()


@pytest.mark.parametrize("header", [HEADERS[0][0], V4])
async def test_strangers_behind_a_proxy_are_told_apart(header: bytes) -> None:
    server = RtmpServer("127.0.0.1", 0, proxies=HERE)
    await server.start()
    try:
        seen: list[str] = []
        opened = server.opened
        server.opened = lambda connection: (seen.append(connection.ip), opened(connection))[1]  # type: ignore[method-assign]
        await _connect(server, header)
        assert seen == ["203.0.113.9"]
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x03" + bytes(1536))  # a proxy that says nothing is let in by no other name
        await until(lambda: server._acceptors[0]._tasks == set())
        assert len(seen) == 1
        writer.close()
    finally:
        await server.close()


async def test_the_header_comes_before_tls(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    context, client = contexts
    server = RtmpServer("127.0.0.1", 0, proxies=HERE, ssl_context=context)
    await server.start()
    try:
        await _connect(server, HEADERS[0][0], client)
    finally:
        await server.close()


async def test_a_strangers_header_is_no_rtmp() -> None:
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HEADERS[0][0] + b"\x03" + bytes(1536))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asyncio.wait_for(reader.readexactly(1), 10)
        writer.close()
        await until(lambda: server.statistics().rejected == {"protocol": 1})
    finally:
        await server.close()
