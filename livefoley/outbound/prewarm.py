"""Has the edges fetch a clip before the audience asks for it: one request through each, and none to us after that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import structlog

from livefoley.clips.publish.links import PATH, Links
from livefoley.media.urls import safe_url

log = structlog.get_logger("livefoley.clips")

TIMEOUT_S = 30.0
AT_ONCE = 4


async def prewarm(edges: Sequence[str], prefix: str, names: Sequence[str], links: Links | None = None) -> int:
    """Fetch a clip's files through each of ``edges`` (``https://edge.example.com``); return how many answers were good.

    Never raises: an edge that does not answer fetches the clip when somebody asks for it.
    """
    paths = [f"{PATH}{prefix}/{name}" for name in names]
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:

        async def fetch(edge: str, path: str) -> bool:
            async with gate:
                return await _fetch(client, edge.rstrip("/") + (links.sign(path) if links else path))

        good = await asyncio.gather(*(fetch(edge, path) for edge in edges for path in paths))
    return sum(good)


async def _fetch(client: httpx.AsyncClient, url: str) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_S), client.stream("GET", url) as answer:
            async for _ in answer.aiter_raw():
                pass
            return answer.status_code == 200
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        log.warning("an edge could not be warmed", edge=safe_url(url))
        return False
