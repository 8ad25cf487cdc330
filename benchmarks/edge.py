"""Published clips through a real nginx (Debian's) with deploy/nginx/clips-edge.conf, in front of a server of ours.

    python benchmarks/edge.py [--clips 92] [--requests 1000]

First what must be refused is tried (links that were changed, have ended, or are of another clip) and byte ranges are
compared with the file. Then one player at a time begins to watch (asks for the first 64 KiB of) clips that the edge
does not have, that it has, and that it was warmed with: time to first byte (TTFB) is from sending the request to the
first byte of the answer's body, over an open connection. Then an audience asks for whole clips by Zipf's law, which
gives hit ratio and origin share. The last line's `value` is the TTFB's 95th percentile for what the edge has, in ms;
`baseline` the same for what it has to fetch first.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from common import ROOT, clip_metadata, free_port, listening, print_result, print_table, process, quiet, require, which
from fastapi import FastAPI

from livefoley.clips.model import ClipFiles as Files
from livefoley.clips.publish import DirectoryStore, Naming, StorePublisher
from livefoley.clips.publish.links import Links
from livefoley.control import problems
from livefoley.control.delivery import edge
from livefoley.control.delivery.clip_files import ClipFileCollector, ClipFiles, FileAccess, clip_files_router
from livefoley.control.guard import Access, Guard
from livefoley.control.server import serve
from livefoley.outbound.prewarm import prewarm

SECRET = "secret-of-the-benchmark"
CONF = ROOT / "deploy" / "nginx" / "clips-edge.conf"
CLIP_BYTES = 3_000_000
VIEWERS = 8
STARTS = 300
TARGET_MS = 10.0


@dataclass
class Tally:
    """What viewers saw."""

    hot_s: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)
    bytes: int = 0
    wrong: int = 0

    def row(self, name: str, seconds: list[float]) -> tuple[str, ...]:
        """Return a line of the table."""
        if not seconds:
            return name, "0", "-", "-", "-"
        middle, high, worst = (f"{1000 * float(np.percentile(seconds, at)):.2f}" for at in (50, 95, 100))
        return name, str(len(seconds)), middle, high, worst


def publish(root: Path, count: int) -> list[str]:
    """Publish clips of noise; return their paths."""
    publisher, paths = StorePublisher(DirectoryStore(root / "published"), Naming()), []
    for number in range(count):
        told = clip_metadata(f"{number:032x}", f"Clip {number}")
        files = Files(root / "jobs" / told.content_id)
        files.directory.mkdir(parents=True)
        files.clip.write_bytes(random.Random(number).randbytes(CLIP_BYTES))
        files.metadata.write_text(told.to_json(), encoding="utf-8")
        paths.append(f"/clips/{publisher.publish(files, told).prefix}/clip.mp4")
    return paths


def origin(root: Path, port: int) -> None:
    """Serve what is published, in a process of its own, and how much of it was sent at ``/bytes``."""
    quiet()
    files = ClipFiles(DirectoryStore(root / "published"), FileAccess(Links(SECRET)))
    app = FastAPI()
    problems.install(app)
    app.include_router(clip_files_router(files))
    app.add_api_route("/bytes", lambda: files.statistics().bytes)
    app.add_middleware(Guard, access=Access())
    ClipFileCollector(files).collect()
    asyncio.run(serve(app, "127.0.0.1", port))


@asynccontextmanager
async def stand(root: Path, log: edge.EdgeLog) -> AsyncIterator[tuple[str, str]]:
    """Run the origin and nginx; give their URLs."""
    ours, port = free_port(), free_port()
    async with edge.listening(log, "127.0.0.1", 0) as log_port:
        (root / "secret.conf").write_text(f'map "" $clips_secret {{ default "{SECRET}"; }}\n')
        text = CONF.read_text().replace("livefoley:8080", f"127.0.0.1:{ours}")
        text = text.replace("livefoley:5140", f"127.0.0.1:{log_port}").replace(
            "listen 8001", f"listen 127.0.0.1:{port}"
        )
        text = text.replace("/tmp/nginx-clips", str(root / "edge")).replace("rate=50r/s", "rate=100000r/s")
        text = text.replace("/etc/nginx/clips-secret.conf", str(root / "secret.conf"))
        (root / "nginx.conf").write_text(f"user root;\ndaemon off;\n{text}")
        server = (sys.executable, __file__, "--origin", root, "--port", ours)
        nginx = (which("nginx"), "-p", root, "-c", root / "nginx.conf", "-e", root / "nginx.log")
        with process(*server), process(*nginx):
            await listening(ours)
            await listening(port)
            yield f"http://127.0.0.1:{ours}", f"http://127.0.0.1:{port}"


async def ask(client: httpx.AsyncClient, url: str, tally: Tally, headers: dict[str, str] | None = None) -> None:
    """Fetch a clip, or the part of it that ``headers`` name, and note what came."""
    began_s = time.perf_counter()
    async with client.stream("GET", url, headers=headers) as answer:
        first_s = None
        async for piece in answer.aiter_raw():
            first_s = first_s or time.perf_counter() - began_s
            tally.bytes += len(piece)
        good = answer.status_code in (200, 206) and first_s is not None
        tally.wrong += not good
        if good:
            (tally.hot_s if answer.headers.get("x-cache") == "HIT" else tally.cold_s).append(first_s or 0.0)


async def starts(client: httpx.AsyncClient, links: Links, paths: list[str]) -> Tally:
    """Begin to watch each of these clips, one after the other."""
    tally = Tally()
    for path in paths:
        await ask(client, links.sign(path), tally, {"Range": "bytes=0-65535"})
    return tally


async def audience(client: httpx.AsyncClient, links: Links, paths: list[str], requests: int) -> Tally:
    """Ask for clips by Zipf's law, ``VIEWERS`` at once."""
    weights = [1 / (rank + 1) for rank in range(len(paths))]
    wanted = iter(random.Random(1).choices(paths, weights, k=requests))
    tally = Tally()

    async def viewer() -> None:
        for path in wanted:
            await ask(client, links.sign(path), tally)

    await asyncio.gather(*(viewer() for _ in range(VIEWERS)))
    return tally


async def refusals(client: httpx.AsyncClient, links: Links, paths: list[str]) -> list[tuple[str, int, int]]:
    """Return what was tried, the status that is right, and the one that came."""
    good, other = links.sign(paths[0]), links.sign(paths[1])
    signature = other.partition("?")[2]
    tried = (
        ("signed", good, 200),
        ("not signed", paths[0], 403),
        ("digest changed", good.replace("md5=", "md5=A"), 403),
        ("expiry changed", good.replace("expires=1", "expires=2"), 403),
        ("signature of another clip", f"{paths[0]}?{signature}", 403),
        ("signed with another secret", Links("another").sign(paths[0]), 403),
        ("ended", Links(SECRET, -5).sign(paths[0]), 410),
    )
    return [(what, right, (await client.get(url)).status_code) for what, url, right in tried]


async def ranges(client: httpx.AsyncClient, links: Links, path: str, content: bytes) -> int:
    """Return how many of 50 byte ranges were not what the file has there."""
    chance, wrong = random.Random(2), 0
    for _ in range(50):
        start = chance.randrange(len(content))
        end = min(len(content), start + chance.randrange(1, 400_000))
        answer = await client.get(links.sign(path), headers={"Range": f"bytes={start}-{end - 1}"})
        wrong += answer.status_code != 206 or answer.content != content[start:end]
        wrong += answer.headers.get("content-range") != f"bytes {start}-{end - 1}/{len(content)}"
    return wrong


async def measure(clips: int, requests: int) -> bool:
    """Run it all; say whether it came out well."""
    with tempfile.TemporaryDirectory() as folder:
        root, log, links = Path(folder), edge.EdgeLog(), Links(SECRET)
        paths = publish(root, clips)
        async with stand(root, log) as (ours, front):
            limits = httpx.Limits(max_connections=VIEWERS, max_keepalive_connections=VIEWERS)
            async with httpx.AsyncClient(base_url=front, trust_env=False, timeout=30, limits=limits) as client:
                tried = await refusals(client, links, paths[-2:])
                broken = await ranges(client, links, paths[-1], (root / "published" / paths[-1][7:]).read_bytes())
                first, second, third = np.array_split(paths[:-2], 3)
                begun = await starts(client, links, [*first])
                again = await starts(client, links, random.Random(3).choices([*first], k=STARTS))
                warmed = await _warm(client, front, ours, links, [*second])
                before = await _sent(ours)
                tally = await audience(client, links, [*third], requests)
                fetched = await _sent(ours) - before
            await asyncio.sleep(0.5)
    return report(tried, broken, (begun, again, warmed[0]), (tally, fetched, warmed[1]), log)


async def _warm(client: httpx.AsyncClient, front: str, ours: str, links: Links, paths: list[str]) -> tuple[Tally, int]:
    """Warm the edge with clips nobody asked for, then ask; return what was seen and what the origin sent meanwhile."""
    for path in paths:
        await prewarm([front], path[7:].rpartition("/")[0], ["clip.mp4"], links)
    before = await _sent(ours)
    tally = await starts(client, links, paths)
    return tally, await _sent(ours) - before


async def _sent(ours: str) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return int((await client.get(f"{ours}/bytes")).text)


def report(
    tried: list[tuple[str, int, int]],
    broken: int,
    started: tuple[Tally, Tally, Tally],
    audience: tuple[Tally, int, int],
    log: edge.EdgeLog,
) -> bool:
    """Print the tables; say whether all is as it should be."""
    print_table(("link", "right", "came"), [(what, str(right), str(came)) for what, right, came in tried])
    print(f"\nbyte ranges: 50 asked for, {broken} wrong\n")
    cold, hot, warm = started
    rows = [cold.row("fetched first", cold.cold_s), hot.row("from the edge", hot.hot_s), warm.row("warmed", warm.hot_s)]
    print_table(("TTFB, ms", "requests", "p50", "p95", "worst"), rows)
    tally, fetched, touched = audience
    served = len(tally.hot_s) + len(tally.cold_s)
    ratio, share = len(tally.hot_s) / max(1, served), fetched / max(1, tally.bytes)
    print(f"\naudience: {served} requests, hit ratio {ratio:.3f}, origin share of bytes {share:.4f}")
    print(f"the edge's own log of everything: hit ratio {log.hit_ratio():.3f}; sent for warmed clips: {touched} bytes")
    right = all(wanted == came for _, wanted, came in tried) and not broken
    whole = not (tally.wrong or cold.wrong or hot.wrong or warm.wrong or hot.cold_s or warm.cold_s or touched)
    hot_ms, cold_ms = (1000 * float(np.percentile(times, 95)) for times in (hot.hot_s, cold.cold_s))
    passed = right and whole and hot_ms <= TARGET_MS and share < 0.1
    print_result("edge_hot_ttfb_p95", round(hot_ms, 2), "ms", round(cold_ms, 2), TARGET_MS, passed)
    return passed


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=92)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--origin", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.origin is not None:
        origin(given.origin, given.port)
        return
    quiet()
    require("nginx")
    sys.exit(0 if asyncio.run(measure(given.clips, given.requests)) else 1)


if __name__ == "__main__":
    main()
