"""The HTTP port itself: bound early, given back, honest about what it cannot have."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest

from livefoley.control.app import make_app
from livefoley.control.server import HttpServer, serve
from livefoley.core.errors import AddressInUse, ConfigError
from tests.control.studio import Studio


async def test_the_port_is_known_before_it_serves() -> None:
    bound: list[int] = []
    running = asyncio.create_task(serve(make_app(Studio()), "127.0.0.1", 0, on_bound=bound.append))
    await asyncio.sleep(0)
    async with httpx.AsyncClient(trust_env=False) as client:
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
        await asyncio.wait_for(running, 10)
    writer.close()
    again = HttpServer(make_app(Studio()), "127.0.0.1", port)
    again.close()


async def test_signals_stay_the_applications() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server = HttpServer(make_app(Studio()), "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(f"http://127.0.0.1:{server.port}/livez")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    running.cancel()
    await asyncio.wait([running])
