"""A real nginx with deploy/nginx/clips-edge.conf in front of published clips."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import math
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from livefoley.clips.model import Heat
from livefoley.clips.publish import DirectoryStore, Naming, StorePublisher
from livefoley.clips.publish.links import Links
from livefoley.control import problems
from livefoley.control.delivery.clip_files import ClipFiles, FileAccess, clip_files_router
from livefoley.control.delivery.edge import LOOPBACK, STATES, EdgeLog, Network, listening, parse
from livefoley.control.guard import Access, Guard
from livefoley.control.metrics.edges import EdgeCollector
from livefoley.control.server import HttpServer
from livefoley.outbound.prewarm import prewarm
from tests.clips.finished import finished, metadata
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live

CONF = Path(__file__).parents[2] / "deploy" / "nginx" / "clips-edge.conf"
SECRET = "planted-secret-of-links"
PICTURES = os.urandom(3_300_000)  # four slices


@dataclass(frozen=True)
class Stand:
    """The edge to ask, the origin behind it, and what the edge told of itself."""

    client: httpx.AsyncClient
    files: ClipFiles
    links: Links
    log: EdgeLog
    root: Path

    def link(self, heat: Heat = Heat.HOT) -> str:
        told = metadata(heat.value.encode().hex().ljust(32, "0"), heat=heat)
        publisher = StorePublisher(DirectoryStore(self.root / "published"), Naming())
        prefix = publisher.publish(finished(self.root / "jobs", told, PICTURES), told).prefix
        return self.links.sign(f"/clips/{prefix}/clip.mp4")

    def origin_bytes(self) -> int:
        return self.files.statistics().bytes

    async def told(self, requests: int) -> None:
        """Wait until the edge has told of so many requests."""
        await until(lambda: sum(self.log.requests.values()) >= requests)


@contextlib.asynccontextmanager
async def edge(root: Path) -> AsyncIterator[Stand]:
    links, log = Links(SECRET), EdgeLog()
    files = ClipFiles(DirectoryStore(root / "published"), FileAccess(links))
    app = FastAPI()
    problems.install(app)
    app.include_router(clip_files_router(files))
    app.add_middleware(Guard, access=Access())
    origin, port = HttpServer(app, "127.0.0.1", 0), free_port()
    serving = asyncio.create_task(origin.run())
    async with listening(log, "127.0.0.1", 0) as log_port:
        (root / "nginx.conf").write_text(_configured(root, origin.port, port, log_port))
        command = [
            require("nginx"),
            "-p",
            root,
            "-c",
            root / "nginx.conf",
            "-e",
            root / "nginx.log",
            "-g",
            "daemon off;",
        ]
        running = subprocess.Popen([str(part) for part in command])  # noqa: ASYNC220 - it starts at once
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LIMIT_S
            ) as client:
                await _up(client)
                yield Stand(client, files, links, log, root)
        finally:
            running.terminate()
            await asyncio.to_thread(running.wait, 10)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def _configured(root: Path, origin: int, port: int, log: int) -> str:
    (root / "clips-secret.conf").write_text(f'map "" $clips_secret {{ default "{SECRET}"; }}\n')
    text = (
        CONF.read_text().replace("livefoley:8080", f"127.0.0.1:{origin}").replace("livefoley:5140", f"127.0.0.1:{log}")
    )
    text = text.replace("listen 8001", f"listen 127.0.0.1:{port}").replace("/tmp/nginx-clips", str(root / "edge"))
    owner = "user root;\n" if os.name == "posix" and os.geteuid() == 0 else ""  # pytest's folders are the owner's alone
    return owner + text.replace("/etc/nginx/clips-secret.conf", str(root / "clips-secret.conf"))


async def _up(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/livez")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def test_a_hot_clip_is_fetched_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    async with edge(tmp_path) as stand:
        for _ in range(5):
            answer = await stand.client.get(stand.link())
            assert (answer.status_code, answer.content == PICTURES) == (200, True)
        assert stand.origin_bytes() == len(PICTURES)
        part = await stand.client.get(stand.link(), headers={"Range": "bytes=1500000-1500009"})
        assert (part.status_code, part.content) == (206, PICTURES[1_500_000:1_500_010])
        assert part.headers["content-range"] == f"bytes 1500000-1500009/{len(PICTURES)}"
        assert part.headers["x-cache"] == "HIT"
        assert stand.origin_bytes() == len(PICTURES)
        await stand.told(6)
        assert stand.log.hit_ratio() == 5 / 6
        collector = EdgeCollector(stand.log, stand.origin_bytes)
        assert collector.origin_share() == len(PICTURES) / (5 * len(PICTURES) + 10)
        told = {family.name for family in collector.collect()}
        assert {"livefoley_edge_hit_ratio", "livefoley_edge_origin_share", "livefoley_edge_origin_ttfb_seconds"} <= told


async def test_the_edge_refuses_links_itself(tmp_path: Path) -> None:
    async with edge(tmp_path) as stand:
        good = stand.link()
        ended = Links(SECRET, -10).sign(good.partition("?")[0])
        for url, status in (
            (good.partition("?")[0], 403),
            (good.replace("clip.mp4", "cover.jpg"), 403),
            (good.replace("md5=", "md5=x"), 403),
            (good.replace("expires=1", "expires=2"), 403),
            (ended, 410),
            (good.replace("/clips/", "/v1/"), 404),
            ("/metrics", 404),
        ):
            assert (await stand.client.get(url)).status_code == status, url
        assert (await stand.client.post(good)).status_code == 403
        assert stand.files.statistics().served == {}


async def test_personal_clips_and_drafts_are_not_kept_by_the_edge(tmp_path: Path) -> None:
    async with edge(tmp_path) as stand:
        for heat in (Heat.PERSONAL, Heat.DRAFT):
            before = stand.origin_bytes()
            for _ in range(2):
                assert (await stand.client.get(stand.link(heat))).content == PICTURES
            assert stand.origin_bytes() == before + 2 * len(PICTURES)


async def test_a_warmed_edge_serves_without_asking_us(tmp_path: Path) -> None:
    async with edge(tmp_path) as stand:
        prefix = stand.link().partition("?")[0].removeprefix("/clips/").rpartition("/")[0]
        base = str(stand.client.base_url)
        nobody = f"http://127.0.0.1:{free_port()}"
        assert await prewarm([base, nobody], prefix, ["clip.mp4", "cover.jpg"], stand.links) == 2
        fetched = stand.origin_bytes()
        assert (await stand.client.get(stand.link())).headers["x-cache"] == "HIT"
        assert stand.origin_bytes() == fetched


@given(st.binary(max_size=200))
def test_any_datagram_is_a_line_or_none(data: bytes) -> None:
    parse(data)


LINE = b'<190>Nov 21 11:41:18 nginx: {"status":206,"cache":"MISS","bytes":100,"seconds":0.049,"origin_ttfb":"0.008, -"}'
PARTS = {"status": 206, "cache": "MISS", "bytes": 100, "seconds": 0.049, "origin_ttfb": "0.008"}
LIES = [
    *({"status": status} for status in (99, 600, -1, 0, 2**70, "200", None, 1.5, True)),
    *({"bytes": sent} for sent in (-1, -(10**15), 10**30, "1", None, 0.5)),
    *({"seconds": seconds} for seconds in (-0.001, float("nan"), float("inf"), 1e300, "1", None, 86_401)),
    *({"origin_ttfb": first} for first in (1, None, "nan", "inf", "-1", "1e999", "soon", ["0.1"], {"a": "0.1"})),
    *({"cache": cache} for cache in (None, 1, ["HIT"], {})),
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_line_with_a_figure_that_cannot_be_is_counted_as_garbled_alone(lie: dict[str, object]) -> None:
    log = EdgeLog()
    log.datagram_received(json.dumps({**PARTS, **lie}).encode(), ("127.0.0.1", 1))
    assert (log.garbled, log.sent_bytes, log.seconds.total, log.origin_seconds.total) == (1, 0, 0.0, 0.0)
    assert not log.requests


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("HIT")


@given(st.lists(st.dictionaries(st.sampled_from(sorted(PARTS)), VALUES | st.lists(VALUES)), max_size=20))
def test_whatever_is_told_the_figures_stay_finite_and_the_labels_few(told: list[dict[str, object]]) -> None:
    log = EdgeLog()
    for number, each in enumerate(told):
        log.datagram_received(json.dumps({**PARTS, **each, "status": number * 37 % 700}).encode(), ("127.0.0.1", 1))
    log.datagram_received(b"[" * 100_000, ("127.0.0.1", 1))
    log.datagram_received(b'{"status":' + b"[" * 60_000, ("127.0.0.1", 1))
    figures = (log.sent_bytes, log.seconds.total, log.origin_seconds.total, log.hit_ratio())
    assert all(math.isfinite(figure) and figure >= 0 for figure in figures)
    assert len(log.requests) <= len(STATES) * 5
    assert {status for _, status in log.requests} <= {"1xx", "2xx", "3xx", "4xx", "5xx"}
    assert sum(log.requests.values()) + log.garbled == len(told) + 2


@pytest.mark.parametrize(
    ("host", "senders", "heard"),
    [
        ("127.0.0.1", LOOPBACK, True),
        ("::1", LOOPBACK, True),
        ("::ffff:127.0.0.1", LOOPBACK, True),
        ("192.0.2.7", LOOPBACK, False),
        ("not an address", LOOPBACK, False),
        ("192.0.2.7", (ipaddress.ip_network("192.0.2.0/28"),), True),
        ("127.0.0.1", (ipaddress.ip_network("192.0.2.0/28"),), False),
    ],
)
def test_edges_alone_are_heard(host: str, senders: tuple[Network, ...], heard: bool) -> None:
    log = EdgeLog(senders)
    log.datagram_received(LINE, (host, 1))
    assert (sum(log.requests.values()), log.strange, log.garbled) == (heard, not heard, 0)


def test_a_line_of_nginx_is_read() -> None:
    told = parse(LINE)
    assert told is not None
    assert (told.status, told.cache, told.sent_bytes, told.seconds, told.origin_s) == (206, "MISS", 100, 0.049, 0.008)
    log = EdgeLog()
    for data in (LINE, b"garbage", LINE.replace(b"MISS", b"HIT")):
        log.datagram_received(data, ("127.0.0.1", 1))
    assert (log.garbled, log.hit_ratio()) == (1, 0.5)
