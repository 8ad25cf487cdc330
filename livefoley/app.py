"""The application: the only place that picks concrete adapters, and what the command line and the API act on."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import os
import signal
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import structlog

from livefoley import __version__
from livefoley import config as cfg
from livefoley.control.app import make_app
from livefoley.control.guard import Access
from livefoley.control.server import HttpServer
from livefoley.control.state import CueRequest, RoomChanges
from livefoley.core.errors import BankError, ConfigError
from livefoley.core.media import Packet, TrackInfo
from livefoley.core.ports import Sink, Source
from livefoley.core.statistics import Rejection, RoomSnapshot, ServerSnapshot
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.room import RoomEngine, RoomSettings
from livefoley.foley import lexicon
from livefoley.foley.place import default_library
from livefoley.media.auth import HttpAuth
from livefoley.media.codecs import AacEncoder, make_decoder
from livefoley.media.file_sink import FileSink
from livefoley.media.file_source import FileSource
from livefoley.media.hls import HlsSink
from livefoley.media.pull import PullSource
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.publisher import RtmpPublisher
from livefoley.media.rtmp.server import RtmpServer
from livefoley.media.srt import SrtSink, SrtSource
from livefoley.runtime.foley import FoleyService
from livefoley.runtime.logs import configure as configure_log
from livefoley.runtime.perception import Perception
from livefoley.runtime.room import Room, RoomParts
from livefoley.runtime.snapshot import snapshot

log = structlog.get_logger("livefoley")

SLATE_TEXT = "The stream will be back in a moment"


class Application:
    """All rooms of a configuration, with the servers they share."""

    def __init__(self, config: cfg.Config) -> None:
        self.config = config
        self.foley = FoleyService([config.bank.library or default_library()])
        self.rtmp = _rtmp_servers(config.server.rtmp)
        self._rooms = {name: self._room(name, room) for name, room in config.rooms.items()}
        self._began_s = time.monotonic()
        self._stopping = asyncio.Event()

    def _room(self, name: str, room: cfg.Room) -> Room:
        settings = room_settings(room)
        engine = RoomEngine(
            settings,
            make_decoder=make_decoder,
            encoder=AacEncoder(room.audio.bitrate_kbps * 1000),
            stem_encoder=AacEncoder(room.audio.bitrate_kbps * 1000) if room.stem else None,
        )
        foley = room.foley.enabled
        parts = RoomParts(
            name=name,
            engine=engine,
            source=self._source(name, room.source),
            sinks=[make_sink(sink) for sink in room.sinks],
            stem_sinks=[make_sink(sink) for sink in room.stem_sinks],
            foley=self.foley if foley else None,
            describe=room.describe,
            seed=room.seed,
        )
        if room.slate is not None or room.on_drop.value == "slate":
            parts.make_slate = lambda info: _make_slate(info, room.slate)
        made = Room(parts)
        if foley:
            parts.perception = Perception(name, made.perceive, watch=room.actions.enabled)
            engine.taps = parts.perception
        return made

    def _source(self, name: str, source: cfg.Source) -> Source:
        if source.rtmp is not None:
            key = source.rtmp.key.get_secret_value()
            options = source.rtmp
            return self.rtmp[0].register(key, app=options.app, on_duplicate=options.on_duplicate.value, room=name)
        if source.url is not None:
            return PullSource(source.url.get_secret_value())
        if source.srt is not None:
            return SrtSource(source.srt.url.get_secret_value())
        if source.file is not None:
            return FileSource(source.file, loop=source.loop)
        raise ConfigError(f"rooms.{name}.source: has no kind; set one of rtmp, url, file, srt")

    # ---- life ----

    async def run(self) -> None:
        """Serve until stopped, or until every room's source is over for good.

        Raises ``AddressInUse`` or ``ConfigError`` before anything has begun.
        """
        http = self._http_server()
        try:
            for server in self.rtmp:
                await server.start()
                log.info("listening", protocol=server.protocol, port=server.port)
            log.info("listening", protocol="http", port=http.port)
            async with asyncio.TaskGroup() as tasks:
                helpers = [tasks.create_task(work) for work in (self.foley.run(), http.run(), self._stop_when_asked())]
                rooms = [tasks.create_task(self._serve_room(room)) for room in self._rooms.values()]
                await asyncio.wait(rooms)
                for helper in helpers:
                    helper.cancel()
        finally:
            http.close()
            for server in self.rtmp:
                await server.close()

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
        access = Access(token=token, loopback=given.listen.is_loopback, allowed_hosts=given.allowed_hosts)
        app = make_app(self, access)
        return HttpServer(app, given.listen.host, given.listen.port, cert=given.tls.cert, key=given.tls.key)

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
        return {name: snapshot(room, now) for name, room in self._rooms.items()}

    def ready(self) -> tuple[bool, list[str]]:
        """Say whether publishers can be served; a worker that is down is no reason: the stream goes on without it."""
        reasons = [f"room {name}: {room.failure}" for name, room in self._rooms.items() if room.failure]
        if self._stopping.is_set():
            reasons.append("stopping")
        return not reasons, reasons

    def hls_directory(self, room: str) -> Path | None:
        """Return where the room's HLS output lies."""
        found = self.config.rooms.get(room)
        return next((sink.hls for sink in found.sinks if sink.hls is not None), None) if found else None

    def server_statistics(self) -> ServerSnapshot:
        """Return a snapshot of the process."""
        servers = [server.statistics() for server in self.rtmp]
        rejected: Counter[str] = Counter()
        for statistics in servers:
            rejected.update(statistics.rejected)
        return ServerSnapshot(
            version=__version__,
            uptime_s=time.monotonic() - self._began_s,
            rtmp_connections=sum(statistics.connections for statistics in servers),
            rtmp_rejected=tuple(Rejection(reason, count) for reason, count in sorted(rejected.items())),
        )

    async def cue(self, room: str, request: CueRequest) -> int:
        """Lay an accent on a room. Raises ``BankError`` for an effect that does not exist."""
        if request.effect is not None:
            self._check_effect(request.effect)
        return self._rooms[room].cue(
            effect=request.effect, prompt=request.prompt, gain_db=request.gain_db, delay_s=request.delay_s
        )

    def _check_effect(self, name: str) -> None:
        known = self.foley.names
        if known and name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.3)
            raise BankError(f"there is no effect {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))

    async def patch_room(self, room: str, changes: RoomChanges) -> None:
        """Change a running room; it takes effect between two blocks."""
        given = changes.given()
        describe = given.pop("describe", None)
        if isinstance(describe, str):
            described = self.config.rooms[room].model_copy(update={"describe": describe})
            self._rooms[room].set_describe(describe)
            self._rooms[room].engine.planner.settings = planner_settings(described)
        if given:
            self._rooms[room].set_mix(**{name: value for name, value in given.items() if not isinstance(value, str)})


async def serve(config: cfg.Config) -> None:
    """Run a configuration. The first SIGTERM or Ctrl-C finishes the outputs, the second stops at once."""
    configure_log(config.server.log.level.value, as_json=config.server.log.format is cfg.LogFormat.JSON)
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
            os._exit(1)
        asked = True
        stop()

    # Not loop.add_signal_handler: Windows has none. The handler runs in the main thread, between two bytecodes.
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    before = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---- from configuration to adapters ----


def make_sink(sink: cfg.Sink) -> Sink:
    """Return the adapter of one output."""
    if sink.rtmp is not None:
        return RtmpPublisher(sink.rtmp.get_secret_value())
    if sink.hls is not None:
        return HlsSink(sink.hls)
    if sink.srt is not None:
        return SrtSink(sink.srt.get_secret_value())
    if sink.file is not None:
        return FileSink(sink.file)
    raise ConfigError("a sink needs one of rtmp, hls, file, srt")


def room_settings(room: cfg.Room) -> RoomSettings:
    """Return what the engine needs to know of a room."""
    foley = room.foley
    mix = MixSettings(
        bed_gain_db=foley.bed.gain_db,
        action_gain_db=foley.actions.gain_db,
        accent_gain_db=foley.accents.gain_db,
        duck_db=foley.duck_db,
        ceiling_dbtp=foley.ceiling_dbtp,
        stem=room.stem,
    )
    return RoomSettings(room.lookahead_s, room.on_drop, mix, planner_settings(room), room.stem)


def planner_settings(room: cfg.Room) -> PlannerSettings:
    """Return what the planner asks for: the room's own action sound, else what its description tells of."""
    sound = room.actions.sound
    if sound:
        impacts: tuple[str, ...] = (sound,)
    else:
        impacts = tuple(e for e in lexicon.action_effects(room.describe) if e != lexicon.NEUTRAL_SWEEP)[:3]
    return PlannerSettings(
        actions=room.foley.enabled and room.actions.enabled,
        bed=room.foley.enabled and room.foley.bed.enabled,
        sensitivity=room.actions.sensitivity,
        impact_prompts=impacts or (lexicon.NEUTRAL_IMPACT,),
        sweep_prompts=(lexicon.NEUTRAL_SWEEP,),
        seed=room.seed,
    )


def _rtmp_servers(config: cfg.RtmpServer) -> list[RtmpServer]:
    """Return the plain server and, with a certificate, the TLS one; both lead to the same rooms."""
    given = config.limits
    limits = RtmpLimits(
        max_connections=given.max_connections,
        max_connections_per_ip=given.max_connections_per_ip,
        max_message_bytes=given.max_message_bytes,
        handshake_timeout_s=given.handshake_timeout_s,
        read_timeout_s=given.read_timeout_s,
    )
    hook = config.auth_hook
    auth = None
    if hook.url is not None:
        secret = hook.secret.get_secret_value() if hook.secret else None
        auth = HttpAuth(hook.url.get_secret_value(), hook.timeout_s, secret)
    plain = RtmpServer(config.listen.host, config.listen.port, limits=limits, auth=auth)
    if not config.tls.enabled:
        return [plain]
    listen = config.tls.listen
    context = tls_context(config.tls)
    return [plain, RtmpServer(listen.host, listen.port, ssl_context=context, limits=limits, auth=auth, shares=plain)]


def _make_slate(info: TrackInfo, picture: Path | None) -> tuple[TrackInfo, Packet]:
    from livefoley.media.slate import slate  # OpenCV, which most rooms can do without here

    return slate(info, SLATE_TEXT, picture)


def tls_context(tls: cfg.Tls) -> ssl.SSLContext:
    """Return the context of a server; raises ``ConfigError`` for a certificate that cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(str(tls.cert), str(tls.key))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{tls.cert}: the certificate and its key cannot be used ({error})") from None
    return context
