"""The application: all rooms of a configuration, the servers they share, and what the API acts on."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import itertools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog

from livefoley import __version__
from livefoley import config as cfg
from livefoley.clips.model import ClipStatus
from livefoley.control.api.clips import clips_router
from livefoley.control.app import make_app
from livefoley.control.delivery.hls import hls_router
from livefoley.control.guard import Access
from livefoley.control.metrics.clips import ClipCollector
from livefoley.control.metrics.renders import RenderCollector
from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.control.pages import pages_router
from livefoley.control.server import HttpServer
from livefoley.control.signalling.whep import whep_router
from livefoley.control.signalling.whip import whip_router
from livefoley.control.state import ChatLine, CueRequest, RoomChanges
from livefoley.core.errors import BankError
from livefoley.core.snapshots import Rejection, RoomSnapshot, ServerSnapshot
from livefoley.engine.highlights.chat import ChatMessage
from livefoley.media.access.proxy_protocol import TrustedProxies
from livefoley.media.access.read_access import HLS, ReadAccess
from livefoley.media.webrtc import WhepServer, WhipServer
from livefoley.runtime.events.event_feed import EventFeed
from livefoley.runtime.logs import configure as configure_log
from livefoley.runtime.logs import drain as drain_log
from livefoley.runtime.logs import dropped as dropped_log_lines
from livefoley.runtime.rooms.room import Room
from livefoley.runtime.rooms.snapshot import snapshot
from livefoley.runtime.supervise import supervise
from livefoley.runtime.warm_up import WarmUp, Worker
from livefoley.system.descriptors import raise_limit
from livefoley.system.tasks import TaskGroup
from livefoley.wiring.clip_delivery import ClipDelivery
from livefoley.wiring.clips import clip_notice, make_clip_service
from livefoley.wiring.deliveries import build_deliveries
from livefoley.wiring.outputs import outputs
from livefoley.wiring.renders import make_render_service, render_routes
from livefoley.wiring.rooms import (
    Servers,
    Workers,
    build_room,
    ice_settings,
    make_ears,
    make_perception,
    make_screen,
    make_slates,
    rtmp_servers,
)
from livefoley.wiring.sounds import live_sounds

log = structlog.get_logger("livefoley")

CLIPS_FINISH_S = 8.0  # for clips that are being made when the process ends; the rest goes on after the next start


class Application:
    """All rooms of a configuration, with the servers they share."""

    def __init__(self, config: cfg.Config) -> None:
        self.config = config
        self.sounds = live_sounds(config)
        self.ears = make_ears(config)
        self.perception, self.screen = make_perception(config), make_screen()
        self.rtmp = rtmp_servers(config.server.rtmp)
        self.ice = ice_settings(config.server.webrtc, loopback=config.server.http.listen.is_loopback)
        self.whip = WhipServer(self.ice, auth=self.rtmp[0].auth)
        self.readers = ReadAccess(loopback=not config.server.http.reached_by_others, auth=self.rtmp[0].auth)
        self.whep = WhepServer(self.ice, max_viewers=config.server.webrtc.max_viewers, readers=self.readers)
        servers = Servers(self.rtmp[0], self.whip, self.whep)
        workers = Workers(self.sounds, self.ears, self.perception, self.screen, make_slates())
        self.clips = make_clip_service(config)
        self.clips.on_change = self._tell_of_clip
        self._rooms = {name: build_room(config, name, servers, workers, self.clips) for name in config.rooms}
        self.clip_delivery = ClipDelivery(config.clips, self.clips, self.readers) if self.clips.rooms else None
        self.renders = make_render_service(config) if config.render.enabled else None
        self._deliveries = {
            name: build_deliveries(name, room, self.events(name), partial(self.patch_room, name), self.clips.create)
            for name, room in config.rooms.items()
        }
        self._warm_up = WarmUp({name: part.is_awake for name, part in self._workers()}, config.server.warm_up_s)
        self._began_s = time.monotonic()
        self._stopping = asyncio.Event()
        self._http: HttpServer | None = None

    # ---- life ----

    async def run(self) -> None:
        """Serve until stopped, or until every room's source is over for good.

        Raises ``AddressInUse`` or ``ConfigError`` before anything has begun.
        """
        http = self._http = self._http_server()
        try:
            for server in self.rtmp:
                await server.listen()
                log.info("listening", protocol=server.protocol, port=server.port)
            log.info("listening", protocol="http", port=http.port)
            async with TaskGroup() as tasks:
                helpers = [tasks.create_task(work) for work in (http.run(), self._stop_when_asked())]
                for room in self._rooms.values():
                    room.prepare()
                helpers += [tasks.create_task(supervise(name, part.run)) for name, part in self._workers()]
                await self._warm_up.wait(self._stopping)
                helpers += [tasks.create_task(supervise(name, run)) for name, run in self._deliverers()]
                rooms = [tasks.create_task(self._serve_room(room)) for room in self._rooms.values()]
                for server in self.rtmp:
                    server.let_in()
                await asyncio.wait(rooms)
                await self.clips.drain(CLIPS_FINISH_S)
                for helper in helpers:
                    helper.cancel()
        finally:
            http.close()
            await self.whip.close()
            await self.whep.close()
            for server in self.rtmp:
                await server.close()
            if self.rtmp[0].auth is not None:
                await self.rtmp[0].auth.aclose()

    def _workers(self) -> Iterator[tuple[str, Worker]]:
        """Yield what the rooms hear, see and make sound with, by name; the streams go on without any of it."""
        rooms = self._rooms.values()
        if any(room.perception is not None for room in rooms):
            yield "perception", self.perception
        yield from self.sounds.workers()
        if any(room.ears is not None for room in rooms):
            yield "ears", self.ears
        if any(room.screen is not None for room in rooms):
            yield "screen", self.screen

    def _deliverers(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Yield what asks the workers, or carries on what the rooms made, by name: it waits until they are awake."""
        yield "beds", self.sounds.supply_beds
        if self.clips.rooms:
            yield "clips", self.clips.run
        if self.clip_delivery is not None:
            yield from self.clip_delivery.parts()
        if self.renders is not None:
            yield "renders", self.renders.run
        for delivery in itertools.chain(*self._deliveries.values()):
            yield "delivery", delivery.run

    @staticmethod
    async def _serve_room(room: Room) -> None:
        """Run a room; one that breaks must not take the others along."""
        try:
            await room.run()
        except Exception as error:
            room.failure = f"the room broke: {type(error).__name__}"
            log.exception("a room broke, the others go on", room=room.name)

    def _http_server(self) -> HttpServer:
        given = self.config.server.http
        token = given.token.get_secret_value() if given.token else None
        access = Access(token, given.allowed_hosts, not given.reached_by_others, given.protect_metrics)
        playback = [whep_router(self.whep), hls_router(self, self.readers)]
        pages = pages_router(self, self.whip.takes, self.readers.guarded)
        more = [whip_router(self.whip), *playback, clips_router(self.clips), pages]
        delivery = self.clip_delivery
        if delivery is not None:
            more += delivery.routers()
        collectors: list[SnapshotCollector] = []
        if delivery is not None:
            collectors += [ClipCollector(self.clips.snapshot), *delivery.collectors()]
        if self.renders is not None:
            more.append(render_routes(self.config.render, self.renders))
            collectors.append(RenderCollector(self.renders.statistics))
        app = make_app(self, access, more, collectors)
        proxies = TrustedProxies(given.trusted_proxies)
        return HttpServer(
            app, given.listen.host, given.listen.port, cert=given.tls.cert, key=given.tls.key, proxies=proxies
        )

    def stop(self) -> None:
        """Let every room finish its outputs; ``run`` returns when they have."""
        self._stopping.set()

    async def _stop_when_asked(self) -> None:
        await self._stopping.wait()
        log.info("stopping, outputs are being finished")
        for room in self._rooms.values():
            room.stop()

    # ---- ControlState: what the HTTP port shows and changes ----

    def rooms(self) -> Mapping[str, RoomSnapshot]:
        """Return a snapshot of every room, by name."""
        now = time.monotonic()
        return {name: self._snapshot(room, now) for name, room in self._rooms.items()}

    def _snapshot(self, room: Room, now: float) -> RoomSnapshot:
        deliveries = tuple(delivery.statistics() for delivery in self._deliveries[room.name])
        return replace(snapshot(room, now), deliveries=deliveries)

    def ready(self) -> tuple[bool, list[str]]:
        """Say whether publishers can be served; a worker that is down is no reason: the stream goes on without it."""
        reasons = [f"room {name}: {room.failure}" for name, room in self._rooms.items() if room.failure]
        if self._stopping.is_set():
            reasons.append("stopping")
        if waiting := self._warm_up.waiting_for():
            reasons.append(f"starting: {', '.join(waiting)}")
        return not reasons, reasons

    def troubles(self) -> list[str]:
        """Return what does not work now and concerns no single room, a line for each."""
        found = {"renders": self.renders.problem if self.renders is not None else "", "clips": self.clips.problem}
        return [f"{what}: {problem}" for what, problem in found.items() if problem]

    def hls_directory(self, room: str) -> Path | None:
        """Return where the room's HLS output lies."""
        found = self.config.rooms.get(room)
        return next((sink.hls for sink in found.sinks if sink.hls is not None), None) if found else None

    def server_statistics(self) -> ServerSnapshot:
        """Return a snapshot of the process."""
        servers, watching = [server.statistics() for server in self.rtmp], self.whep.statistics()
        rejected: Counter[str] = Counter()
        for statistics in servers:
            rejected.update(statistics.rejected)
        return ServerSnapshot(
            version=__version__,
            uptime_s=time.monotonic() - self._began_s,
            rtmp_connections=sum(statistics.connections for statistics in servers),
            rtmp_rejected=_rejections(rejected),
            rtmp_publisher_waits=sum(statistics.publisher_waits for statistics in servers),
            whip_rejected=_rejections(self.whip.statistics().rejected),
            whep_rejected=_rejections(watching.rejected),
            whep_half_open=watching.half_open,
            hls_rejected=_rejections(self.readers.rejected(HLS)),
            ports=tuple(port.bounds() for port in (*self.rtmp, self._http) if port is not None),
            log_lines_dropped=dropped_log_lines(),
        )

    def events(self, room: str) -> EventFeed:
        """Return the room's events."""
        return self._rooms[room].parts.highlights.feed

    def chat(self, room: str, lines: Sequence[ChatLine], dropped: int = 0) -> None:
        """Take what the room's audience wrote."""
        messages = (ChatMessage(line.text, line.user) for line in lines)
        self._rooms[room].parts.chat.write(messages, time.monotonic(), dropped)

    async def cue(self, room: str, request: CueRequest) -> int:
        """Lay an accent on a room. Raises ``BankError`` for an effect that does not exist."""
        if request.effect is not None:
            self._check_effect(request.effect)
        return self._rooms[room].cue(
            effect=request.effect, prompt=request.prompt, gain_db=request.gain_db, delay_s=request.delay_s
        )

    def thumb(self, room: str, event: int, up: bool) -> str:
        """Judge the sound of an action, by its event's id; return its family."""
        return self._rooms[room].thumb(event, up)

    def _check_effect(self, name: str) -> None:
        known = self.sounds.effects
        if known and name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.3)
            raise BankError(f"there is no effect {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))

    def _tell_of_clip(self, status: ClipStatus) -> None:
        if self.clip_delivery is not None:
            self.clip_delivery.note(status)
        notice = clip_notice(status)
        if notice is not None and status.room in self._rooms:
            self.events(status.room).publish(notice)

    async def patch_room(self, room: str, changes: RoomChanges) -> None:
        """Change a running room; it takes effect between two blocks."""
        if changes.describe is not None:
            self._rooms[room].set_describe(changes.describe)
        if changes.mix:
            self._rooms[room].set_mix(changes.mix)


def _rejections(counted: Mapping[str, int]) -> tuple[Rejection, ...]:
    return tuple(Rejection(reason, count) for reason, count in sorted(counted.items()))


async def serve(config: cfg.Config) -> None:
    """Run a configuration. The first SIGTERM or Ctrl-C finishes the outputs, the second stops at once.

    Raises ``AddressInUse`` or ``ConfigError`` before anything has begun.
    """
    raise_limit()
    configure_log(config.server.log.level.value, as_json=config.server.log.format is cfg.LogFormat.JSON)
    with outputs(config):
        application = Application(config)
        with _signals(application.stop):
            await application.run()


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    asked = False

    def on_signal() -> None:
        nonlocal asked
        if asked:
            log.warning("stopped before the outputs were finished")
            drain_log(0.2)
            os._exit(1)
        asked = True
        stop()

    # Not loop.add_signal_handler: Windows has none. The handler runs in the main thread, between two bytecodes.
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    else:
        numbers.append(signal.SIGQUIT)
    before = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal)) for number in numbers}
    if sys.platform != "win32":  # a terminal that is closed must not end a stream, nor a signal nobody listens to
        ignored = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
        before |= {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
