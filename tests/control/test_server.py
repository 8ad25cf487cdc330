"""The HTTP port itself: bound early, given back, honest about what it cannot have."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from livefoley.control import server as server_module
from livefoley.control.app import make_app
from livefoley.control.server import HttpServer, serve
from livefoley.core.errors import AddressInUse, ConfigError
from livefoley.media.access.proxy_protocol import TrustedProxies
from tests.control.studio import Studio
from tests.support.peers import require
from tests.support.waiting import LIMIT_S, until


async def test_the_port_is_known_before_it_serves() -> None:
    bound: list[int] = []
    running = asyncio.create_task(serve(make_app(Studio()), "127.0.0.1", 0, on_bound=bound.append))
    await asyncio.sleep(0)
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        assert (await client.get(f"http://127.0.0.1:{bound[0]}/livez")).status_code == 200
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse) as caught:
            HttpServer(make_app(Studio()), "127.0.0.1", port)
    expected = f"HTTP: 127.0.0.1:{port} is taken; stop what listens there, or choose another port in server.http.listen"
    assert str(caught.value) == expected


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_an_address_that_is_not_ours_is_a_configuration_error(host: str) -> None:
    with pytest.raises(ConfigError, match=r"server\.http\.listen"):
        HttpServer(make_app(Studio()), host, 0)


async def test_a_certificate_that_is_none_is_a_configuration_error(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text("no certificate")
    key.write_text("no key")
    with pytest.raises(ConfigError, match=r"server\.http\.tls"):
        HttpServer(make_app(Studio()), "127.0.0.1", 0, cert=cert, key=key)


async def test_a_cancelled_server_gives_the_port_back_and_lets_go_of_idle_clients() -> None:
    server = HttpServer(make_app(Studio()), "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    port = server.port
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, LIMIT_S)
    writer.close()
    again = HttpServer(make_app(Studio()), "127.0.0.1", port)
    again.close()


async def test_a_client_that_never_finishes_asking_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_TIMEOUT_S", 0.2)
    server = HttpServer(make_app(Studio()), "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    silent, silent_writer = await asyncio.open_connection("127.0.0.1", server.port)
    slow, slow_writer = await asyncio.open_connection("127.0.0.1", server.port)
    slow_writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HT")
    assert b"200 OK" in await asyncio.wait_for(slow.read(), LIMIT_S)
    assert await asyncio.wait_for(silent.read(), LIMIT_S) == b""
    silent_writer.close()
    slow_writer.close()
    running.cancel()
    await asyncio.wait([running])


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = [require("openssl"), *request, *names, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)
    return cert, key


async def test_a_certificate_makes_it_https(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    server = HttpServer(make_app(Studio()), "127.0.0.1", 0, cert=cert, key=key)
    running = asyncio.create_task(server.run())
    context = ssl.create_default_context(cafile=str(cert))
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=LIMIT_S) as client:
        assert (await client.get(f"https://127.0.0.1:{server.port}/livez")).text == "ok\n"
    running.cancel()
    await asyncio.wait([running])


async def test_signals_stay_the_applications() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server = HttpServer(make_app(Studio()), "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        await client.get(f"http://127.0.0.1:{server.port}/livez")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    running.cancel()
    await asyncio.wait([running])


async def test_a_probe_is_answered_however_many_connections_ask_for_nothing() -> None:
    server = HttpServer(make_app(Studio()), "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    idle = []
    for _ in range(server_module.MOST + 100):
        idle.append(await asyncio.open_connection("127.0.0.1", server.port))
        idle[-1][1].write(b"GET /livez HTTP/1.1\r\nHost: local")
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        for _ in range(20):
            assert (await client.get(f"http://127.0.0.1:{server.port}/livez", timeout=LIMIT_S)).status_code == 200
    assert len(server.connections) <= server_module.MOST
    assert server.connections.gave_way["idle"] >= 100
    assert server.connections.gave_way["busy"] == 0
    for _, writer in idle:
        writer.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def started(app: ASGIApp, proxies: TrustedProxies | None = None) -> AsyncIterator[HttpServer]:
    server = HttpServer(app, "127.0.0.1", 0, proxies=proxies)
    task = asyncio.create_task(server.run())
    try:
        yield server
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


HERE = TrustedProxies([ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("10.0.0.0/24")])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (None, ["203.0.113.9"], "127.0.0.1"),  # anybody could write it
        (HERE, [], "127.0.0.1"),
        (HERE, ["203.0.113.9"], "203.0.113.9"),
        (HERE, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),  # what the client wrote itself stands first
        (HERE, ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (HERE, ["203.0.113.9, 10.0.0.7"], "203.0.113.9"),  # two proxies
        (HERE, ["2001:db8::9"], "2001:db8::9"),
        (HERE, ["203.0.113.9:5000"], "203.0.113.9"),
    ],
)
async def test_a_trusted_proxy_says_whom_it_speaks_for_and_nobody_else(
    proxies: TrustedProxies | None, forwarded: list[str], seen: str
) -> None:
    clients = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        clients.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with started(app, proxies) as server, httpx.AsyncClient(trust_env=False) as client:
        headers = [("X-Forwarded-For", value) for value in forwarded]
        await client.get(f"http://127.0.0.1:{server.port}/", headers=headers)
    assert clients == [seen]


@pytest.mark.parametrize("head", ["Connection: close\r\n", ""])
async def test_who_is_refused_while_it_still_sends_reads_why(head: str) -> None:
    """A client that sends all of its body before it reads, as most do."""
    size = 3_000_000
    async with started(make_app(Studio())) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        request = f"PATCH /v1/rooms/stage HTTP/1.1\r\nHost: localhost\r\n{head}Content-Length: {size}\r\n\r\n"
        writer.write(request.encode())
        for _ in range(30):
            writer.write(bytes(size // 30))
            await writer.drain()
            await asyncio.sleep(0.005)
        assert (await asyncio.wait_for(reader.readline(), 10)).split()[1] == b"413"
        writer.close()


async def test_who_is_refused_and_goes_on_sending_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "LINGER_S", 0.2)
    for head in (b"Connection: close\r\n", b""):
        async with started(make_app(Studio())) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"PATCH /v1/rooms/stage HTTP/1.1\r\nHost: localhost\r\n" + head)
            writer.write(b"Content-Length: 900000000\r\n\r\n")
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(_go_on_sending(writer), 20)


async def _go_on_sending(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(1000))
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_who_does_not_read_an_answer_loses_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "STALL_S", 0.3)
    over = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            for _ in range(1000):
                await send({"type": "http.response.body", "body": bytes(64 * 1024), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            over.set()

    async with started(app) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.wait_for(over.wait(), 20)
        await until(lambda: len(server.connections) == 0)
        writer.close()
