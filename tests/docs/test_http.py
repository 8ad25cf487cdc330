"""Requests, metrics and alerts of the manuals are those of the HTTP port."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from livefoley.config import parse
from livefoley.control.api.clips import clips_router
from livefoley.control.app import make_app
from livefoley.control.delivery.hls import hls_router
from livefoley.control.metrics.clips import ClipCollector
from livefoley.control.metrics.renders import RenderCollector
from livefoley.control.pages import pages_router
from livefoley.control.signalling.whep import whep_router
from livefoley.control.signalling.whip import whip_router
from livefoley.media.webrtc import IceSettings, WhepServer, WhipServer
from livefoley.wiring.clip_delivery import ClipDelivery
from livefoley.wiring.clips import make_clip_service
from livefoley.wiring.renders import make_render_service, render_routes
from tests.control.studio import Studio, open_to_all
from tests.docs.pages import EVERY, FOLDERS, ROOT, Page
from tests.docs.pages import page as read

FILE = """
    server: {http: {listen: "127.0.0.1:0"}}
    render: {enabled: true}
    clips: {delivery: {secret: a-secret, edge_log: "127.0.0.1:0"}}
    rooms: {room: {source: {rtmp: {key: a-key}}, clips: {enabled: true}, sinks: [{hls: out/room}]}}
"""
ALERTS = re.findall(r"alert: (\w+)", (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))


@pytest.fixture
def http(tmp_path: Path) -> FastAPI:
    """The whole HTTP port, in front of rooms that do not exist."""
    config = parse(FILE, env={"LIVEFOLEY_CLIPS__DIRECTORY": str(tmp_path)})
    service, studio, ice = make_clip_service(config), Studio(), IceSettings()
    readers = open_to_all(studio)
    delivery, renders = ClipDelivery(config.clips, service, readers), make_render_service(config)
    routers = [
        *delivery.routers(),
        clips_router(service),
        render_routes(config.render, renders),
        whip_router(WhipServer(ice)),
        whep_router(WhepServer(ice)),
        hls_router(studio, readers),
        pages_router(studio, lambda room: True, readers.guarded),
    ]
    collectors = [*delivery.collectors(), ClipCollector(service.snapshot), RenderCollector(renders.statistics)]
    return make_app(studio, None, routers, collectors)


def _routes(app: FastAPI) -> set[tuple[str, str]]:
    """Return every method and path: those that the API's document tells, that itself, and the pages."""
    told = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    pages = pages_router(Studio(), lambda room: True, lambda room: True).routes
    return told | {("GET", route.path) for route in (*app.routes, *pages) if isinstance(route, Route | APIRoute)}


def _is_route(routes: set[tuple[str, str]], method: str, path: str) -> bool:
    """Say whether there is just that; words in capitals stand for a name."""
    wanted = path.split("?")[0].replace("/...", "/NAME").split("/")
    parts = [path.split("/") for each, path in routes if each == method]
    return any(len(each) == len(wanted) and all(map(_fits, each, wanted)) for each in parts)


def _fits(part: str, wanted: str) -> bool:
    named = wanted.isupper() or "." in wanted or "房间名" in wanted
    return named if part.startswith("{") else part == wanted


@EVERY
def test_every_request_is_answered(page: Page, http: FastAPI) -> None:
    routes = _routes(http)
    for span in page.spans:
        if request := re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (/\S+)", span):
            assert _is_route(routes, request[1], request[2]), span


async def _metrics(http: FastAPI) -> set[str]:
    """Return the names that ``/metrics`` knows."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://localhost") as client:
        text = (await client.get("/metrics")).text
    return set(re.findall(r"^(?:# TYPE )?(livefoley_\w+)", text, re.M))


@EVERY
async def test_every_metric_exists(page: Page, http: FastAPI) -> None:
    named = {span for span in page.spans if re.fullmatch(r"livefoley_\w+", span)}
    assert named <= await _metrics(http)


def _queries() -> list[str]:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
    board = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "livefoley.json").read_text())
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return alerts + [target["expr"] for panel in board["panels"] for target in panel["targets"]]


async def test_alerts_and_dashboard_name_metrics_that_exist(http: FastAPI) -> None:
    there = await _metrics(http)
    there |= {f"{name}_total" for name in there}  # counters without a sample yet
    named = {name for query in _queries() for name in re.findall(r"livefoley_\w+", query)}
    assert named
    assert named <= there


@EVERY
def test_every_alert_exists(page: Page) -> None:
    named = {span for span in page.spans if re.fullmatch(r"Livefoley[A-Z]\w+", span) and span != "LivefoleyError"}
    assert named <= set(ALERTS)


@FOLDERS
def test_every_alert_is_in_its_table(folder: str) -> None:
    assert set(ALERTS) <= set(read(f"{folder}/operations.md").spans)


@FOLDERS
def test_every_request_of_the_api_is_in_its_table(folder: str, http: FastAPI) -> None:
    spans = [span.split(" ") for span in read(f"{folder}/api.md").spans]
    told = [(span[0], span[1]) for span in spans if len(span) == 2]
    for method, path in _routes(http):
        if path.startswith(("/v1/", "/generate_audio")):
            assert any(_is_route({(method, path)}, *each) for each in told), f"{method} {path}"
