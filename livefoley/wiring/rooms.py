"""From configuration to rooms: their sources, sinks, workers, and the servers they share."""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from livefoley import config as cfg
from livefoley.clips.model import content_id
from livefoley.config.rtmp_output import address_of
from livefoley.core.errors import ConfigError
from livefoley.core.ports import Sink, Source
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.engine.choice import Leaning
from livefoley.engine.highlights.moments import HighlightSettings
from livefoley.engine.hold import OnDrop
from livefoley.engine.planner import PlannerSettings, even
from livefoley.engine.room import RoomEngine
from livefoley.engine.room_types import RoomSettings
from livefoley.foley.chain import MakerOrder
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.labels import make_labels
from livefoley.marks.streaming import StreamEmbedder
from livefoley.media.access.proxy_protocol import TrustedProxies
from livefoley.media.audio_codecs import AacEncoder, make_decoder
from livefoley.media.auth import HttpAuth
from livefoley.media.files.file_sink import FileSink
from livefoley.media.files.file_source import FileSource
from livefoley.media.hls.sink import HlsSink
from livefoley.media.pull import PullSource
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.server import RtmpServer
from livefoley.media.rtmp.sink import RtmpSink
from livefoley.media.srt import SrtSink, SrtSource
from livefoley.media.webrtc import IceServer, IceSettings, WhepAudience, WhepServer, WhipServer, WhipSource
from livefoley.perception.ears import MODULES as EAR_MODULES
from livefoley.perception.screen import MODULES as SCREEN_MODULES
from livefoley.perception.screen import REMEDY as SCREEN_REMEDY
from livefoley.runtime.clips.service import ClipService
from livefoley.runtime.events.chat import ChatSettings, RoomChat
from livefoley.runtime.events.event_feed import EventFeed
from livefoley.runtime.events.highlights import HighlightService, HighlightServiceSettings
from livefoley.runtime.events.speech import RoomSpeech
from livefoley.runtime.events.subtitles import SubtitleFile
from livefoley.runtime.rooms import perception, screen
from livefoley.runtime.rooms.context import RoomContext
from livefoley.runtime.rooms.ears import EarsService, RoomEars
from livefoley.runtime.rooms.perception import Perception, PerceptionWorkers
from livefoley.runtime.rooms.room import Room, RoomParts
from livefoley.runtime.rooms.screen import Screen, ScreenWorkers
from livefoley.runtime.rooms.slate import RoomSlate, SlateArtist
from livefoley.runtime.rooms.transcode import Transcoder
from livefoley.runtime.sounds.live import LiveSounds, RoomSounds
from livefoley.runtime.workers.messages import PERCEPTION, SCREEN
from livefoley.runtime.workers.shared import SharedWorkers, processes_for
from livefoley.wiring.clips import make_room_clips
from livefoley.wiring.mix import mix_settings
from livefoley.wiring.sounds import action_prompts

log = structlog.get_logger("livefoley")

SLATE_TEXT = "The stream will be back in a moment"


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers publishers and viewers come to."""

    rtmp: RtmpServer
    whip: WhipServer
    whep: WhepServer


@dataclass(frozen=True, slots=True)
class Workers:
    """The workers that all rooms share."""

    sounds: LiveSounds
    ears: EarsService
    perception: PerceptionWorkers
    screen: ScreenWorkers
    slates: SlateArtist


def build_room(config: cfg.Config, name: str, servers: Servers, workers: Workers, clips: ClipService) -> Room:
    """Return a room with all its parts; its keys are registered with ``servers``, what it keeps with ``clips``."""
    room = config.rooms[name]
    bitrate = room.audio.bitrate_kbps * 1000
    content = live_content_id(config, name)
    labels = make_labels(config.clips.provider, content) if content else {}
    context = RoomContext(room.listen.steer, room.eyes.bias)
    engine = RoomEngine(
        room_settings(room, context.leaning),
        make_decoder=make_decoder,
        encoder=AacEncoder(bitrate) if room.sinks else None,  # viewers by WHEP get Opus
        stem_encoder=AacEncoder(bitrate) if room.stem_sinks else None,
        original_encoder=AacEncoder(bitrate) if room.gives_original else None,
        make_mark=partial(StreamEmbedder, content, name) if content else None,
    )
    with_original = [
        HlsSink(sink.hls, apart=True) for sink in room.sinks if sink.hls is not None and room.gives_original
    ]
    others = [make_sink(sink, labels) for sink in room.sinks if sink.hls is None or not room.gives_original]
    source, highlights = make_source(name, room.source, servers), make_highlights(name, room, engine)
    sounds = open_sounds(name, room, workers.sounds, highlights) if room.foley.enabled else None
    kept = make_room_clips(config, name, engine, highlights, clips)
    for_clips = (kept.describe, kept.choices) if kept is not None else ()
    context.connect(sounds, highlights.feed.publish, *for_clips)
    return Room(
        RoomParts(
            name=name,
            engine=engine,
            source=source,
            sinks=[*with_original, *others],
            stem_sinks=[make_sink(sink, labels) for sink in room.stem_sinks],
            with_original=with_original,
            audience=make_audience(name, room.whep, source, servers.whep),
            sounds=sounds,
            highlights=highlights,
            chat=make_chat(room, highlights, engine),
            speech=make_speech(room, highlights),
            prompts=action_prompts(room),
            context=context,
            perception=(lambda made: open_perception(room, workers.perception, made)) if room.foley.enabled else None,
            ears=(lambda made: open_ears(room.listen, workers.ears, made)) if room.listen.enabled else None,
            screen=(lambda made: open_screen(room.listen, workers.screen, made)) if room.listen.screen else None,
            clips=kept,
            describe=room.describe,
            slate=(lambda made: open_slate(room, workers.slates, made)) if room.on_drop is OnDrop.SLATE else None,
            watermark=content[:ID_DIGITS],
        )
    )


def open_sounds(name: str, room: cfg.Room, shared: LiveSounds, highlights: HighlightService) -> RoomSounds:
    """Return a room's sounds, by the makers it wants, in its order."""
    return shared.room(name, MakerOrder.of(room.foley.student), room.seed, highlights.feed.publish)


def make_audience(name: str, whep: cfg.Whep, source: Source, server: WhepServer) -> WhepAudience:
    """Return what feeds a room's viewers, open to those who may watch."""
    feed = WhepAudience(
        name,
        ask_keyframe=source.request_keyframe if isinstance(source, WhipSource) else None,
        transcoder=Transcoder(name) if whep.transcode else None,
    )
    server.register(feed, whep.key.get_secret_value() if whep.key else None, public=whep.public)
    return feed


def make_perception(config: cfg.Config) -> PerceptionWorkers:
    """Return the processes that watch and listen to all rooms."""
    rooms = sum(room.foley.enabled for room in config.rooms.values())
    return SharedWorkers("perception", perception.MODULE, PERCEPTION, processes_for(rooms))


def make_screen() -> ScreenWorkers:
    """Return the process that reads the screens of all rooms."""
    return SharedWorkers("screen", screen.MODULE, SCREEN, hang_timeout_s=screen.HANG_TIMEOUT_S)


def make_slates() -> SlateArtist:
    """Return what draws the slates of all rooms."""
    return SlateArtist(SLATE_TEXT)


def make_ears(config: cfg.Config) -> EarsService:
    """Return the recogniser of all rooms; without the extra ``ears`` it says what is missing."""
    missing = [name for name in EAR_MODULES if importlib.util.find_spec(name) is None]
    reason = f"{missing[0]} is not installed; pip install 'livefoley[ears]'" if missing else ""
    return EarsService(config.ears.model, reason)


def open_perception(room: cfg.Room, workers: PerceptionWorkers, made: Room) -> Perception:
    """Return what watches and listens to a room."""
    watch, eyes = room.actions.enabled, room.eyes.enabled
    return Perception(made.name, workers, made.perceive, made.signal, watch=watch, eyes=eyes)


def open_ears(given: cfg.Listen, ears: EarsService, made: Room) -> RoomEars:
    """Return a room's ears; raises ``ConfigError`` for a keyword list that cannot be used."""
    keywords = []
    if ears.usable:
        from livefoley.perception.ears.keywords import load  # of the extra

        keywords = load(given.keywords)
    named = made.parts.context.named if given.steer else None
    return ears.open(made.name, given.languages, keywords, made.hear, named)


def open_screen(given: cfg.Listen, workers: ScreenWorkers, made: Room) -> Screen:
    """Return what reads a room's screen; raises ``ConfigError`` without the extras, and for a bad keyword list."""
    missing = [module for module in SCREEN_MODULES if importlib.util.find_spec(module) is None]
    if missing:
        raise ConfigError(
            f"rooms.{made.name}.listen.screen: {missing[0]} is not installed; {SCREEN_REMEDY}, or leave it off"
        )
    from livefoley.perception.ears.keywords import load  # of the extra

    named = made.parts.context.named if given.steer else None
    return Screen(made.name, workers, load(given.keywords), made.signal, named)


def open_slate(room: cfg.Room, artist: SlateArtist, made: Room) -> RoomSlate:
    """Return what keeps a room's slate in the shape of its video."""
    return RoomSlate(made.name, partial(artist.draw, picture=room.slate), made.engine.set_slate)


def make_highlights(name: str, room: cfg.Room, engine: RoomEngine) -> HighlightService:
    """Return what makes highlights of the evidence that the room's signals bring, with the room's event feed."""
    given = room.highlights
    fusion = HighlightSettings(given.threshold, ticks_from_s(given.join_s))
    feed = EventFeed(name, room.transcripts.ttl_s)
    return HighlightService(HighlightServiceSettings(fusion, given.accents), feed, engine.playout)


def make_chat(room: cfg.Room, highlights: HighlightService, engine: RoomEngine) -> RoomChat:
    """Return what counts the audience's messages."""
    given = room.highlights.chat
    settings = ChatSettings(given.words, ticks_from_s(given.lag_s))
    return RoomChat(settings, highlights.feed, engine.playout, highlights.signal)


def make_speech(room: cfg.Room, highlights: HighlightService) -> RoomSpeech:
    """Return what tells of the host's words."""
    subtitles = SubtitleFile(room.transcripts.file) if room.transcripts.file is not None else None
    return RoomSpeech(highlights.feed, highlights.quote, highlights.signal, subtitles)


def make_source(name: str, source: cfg.Source, servers: Servers) -> Source:
    """Return the adapter of a room's source."""
    if source.rtmp is not None:
        key, given = source.rtmp.key.get_secret_value(), source.rtmp
        return servers.rtmp.register(key, app=given.app, on_duplicate=given.on_duplicate, room=name)
    if source.whip is not None:
        return servers.whip.register(name, source.whip.key.get_secret_value(), on_duplicate=source.whip.on_duplicate)
    if source.url is not None:
        return PullSource(source.url.get_secret_value())
    if source.srt is not None:
        return SrtSource(source.srt.url.get_secret_value())
    if source.file is not None:
        return FileSource(source.file, loop=source.loop)
    raise ConfigError(f"rooms.{name}.source: has no kind; set one of rtmp, whip, url, file, srt")


SINKS: dict[str, Callable[..., Sink]] = {
    "rtmp": lambda output, **options: RtmpSink(address_of(output), **options),
    "hls": HlsSink,
    "srt": lambda url: SrtSink(url.get_secret_value()),
    "file": FileSink,
}
"""The adapter of each kind of output, made of what its key in the configuration holds."""


LABELLED = ("file", "rtmp")
"""The kinds of outputs that have a place for labels of generated sound."""


def make_sink(sink: cfg.Sink, labels: Mapping[str, str] | None = None) -> Sink:
    """Return the adapter of one output, which carries ``labels`` if it has a place for them."""
    options = {"metadata": labels} if labels and sink.kind in LABELLED else {}
    return SINKS[sink.kind](getattr(sink, sink.kind), **options)


def live_content_id(config: cfg.Config, name: str) -> str:
    """Return the content id that a room's output is marked with, always the same; empty for one without marks."""
    foley = config.rooms[name].foley
    return content_id(name, "live", {"provider": config.clips.provider}) if foley.enabled and foley.watermark else ""


def room_settings(room: cfg.Room, leaning: Callable[[Tick], Leaning] = even) -> RoomSettings:
    """Return what the engine needs to know of a room; ``leaning`` is what speaks for families beside its words."""
    plan = planner_settings(room)
    return RoomSettings(room.lookahead_s, room.on_drop, mix_settings(room), plan, room.stem, leaning)


def planner_settings(room: cfg.Room) -> PlannerSettings:
    """Return what the planner asks for."""
    return PlannerSettings(
        actions=room.foley.enabled and room.actions.enabled,
        bed=room.foley.enabled and room.foley.bed.enabled,
        sensitivity=room.actions.sensitivity,
        prompts=action_prompts(room)(room.describe),
        seed=room.seed,
        learn=room.microphone.learn,
    )


def rtmp_servers(config: cfg.RtmpServer) -> list[RtmpServer]:
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
    proxies = TrustedProxies(config.trusted_proxies)
    plain = RtmpServer(config.listen.host, config.listen.port, limits=limits, auth=auth, proxies=proxies)
    if not config.tls.enabled:
        return [plain]
    listen = config.tls.listen
    context = tls_context(config.tls)
    secure = RtmpServer(
        listen.host, listen.port, ssl_context=context, limits=limits, auth=auth, shares=plain, proxies=proxies
    )
    return [plain, secure]


def ice_settings(config: cfg.WebRtc, *, loopback: bool) -> IceSettings:
    """Return what WebRTC needs to know of the network; ``loopback``: peers on this machine come by 127.0.0.1."""
    servers = [
        IceServer(given.url, given.username, given.credential.get_secret_value() if given.credential else "")
        for given in config.ice_servers
    ]
    return IceSettings(tuple(servers), tuple(map(str, config.public_ips)), config.udp_port_range, loopback)


def tls_context(tls: cfg.Tls) -> ssl.SSLContext:
    """Return the context of a server; raises ``ConfigError`` for a certificate that cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(str(tls.cert), str(tls.key))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{tls.cert}: the certificate and its key cannot be used ({error})") from None
    return context
