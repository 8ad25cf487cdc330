"""The ``server:`` half of a configuration: ports, TLS, who may publish, limits, the log."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, IPvAnyAddress, field_validator, model_validator

from livefoley.config.values import (
    Address,
    FileMode,
    HookUrl,
    HostName,
    IceUrl,
    Listen,
    Model,
    Place,
    Proxies,
    Token,
    UdpPort,
    Umask,
)

MIB = 1024 * 1024


class LogFormat(StrEnum):
    """How log lines look."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """What is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Tls(Model):
    """A certificate chain and its key, PEM files; TLS is on when both are given."""

    cert: Place | None = None
    key: Place | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Tls:
        if (self.cert is None) != (self.key is None):
            given, missing = ("cert", "key") if self.key is None else ("key", "cert")
            raise ValueError(f"{given} is given without {missing}; TLS needs both")
        return self

    @property
    def enabled(self) -> bool:
        return self.cert is not None


class RtmpTls(Tls):
    """RTMPS, on a port of its own beside plain RTMP."""

    listen: Listen = Address("127.0.0.1", 1936)


class AuthHook(Model):
    """Asks an HTTP server who may publish and watch (MediaMTX's request body); off without ``url``.

    It fails closed: no 20x answer within ``timeout_s`` is a no. With ``secret`` the body is signed (HMAC-SHA256).
    """

    url: HookUrl | None = None
    secret: Token | None = None
    timeout_s: Annotated[float, Field(ge=0.1, le=8)] = 3.0  # OBS gives up after 8 s


class RtmpLimits(Model):
    """What strangers may take; what goes beyond is turned away and counted."""

    max_connections: Annotated[int, Field(ge=1, le=10_000)] = 256
    max_connections_per_ip: Annotated[int, Field(ge=1, le=10_000)] = 32
    max_message_bytes: Annotated[int, Field(ge=64 * 1024, le=16 * MIB)] = 8 * MIB
    handshake_timeout_s: Annotated[float, Field(ge=0.5, le=60)] = 10.0
    read_timeout_s: Annotated[float, Field(ge=1, le=300)] = 10.0


class RtmpServer(Model):
    """The port encoders publish to: ``rtmp://HOST:PORT/APP`` and the stream key.

    ``trusted_proxies`` say whom they speak for, by the PROXY protocol, in every connection they make.
    """

    listen: Listen = Address("127.0.0.1", 1935)
    tls: RtmpTls = RtmpTls()
    auth_hook: AuthHook = AuthHook()
    limits: RtmpLimits = RtmpLimits()
    trusted_proxies: Proxies = ()


class HttpServer(Model):
    """The port of metrics, probes, HLS and the control API.

    Without ``token`` the API is for this machine, and the port may listen here alone. ``trusted_proxies`` say whom they
    speak for (X-Forwarded-For).
    """

    listen: Listen = Address("127.0.0.1", 8080)
    tls: Tls = Tls()
    token: Token | None = None
    allowed_hosts: tuple[HostName, ...] = ()
    trusted_proxies: Proxies = ()
    protect_metrics: bool = False

    @property
    def reached_by_others(self) -> bool:
        """Whether others than this machine's users can come: directly, or by a proxy."""
        return not self.listen.is_loopback or bool(self.trusted_proxies)


class IceServer(Model):
    """A STUN or TURN server that publishers and viewers are told of; a STUN server we ask ourselves, too.

    A STUN server may be given as its URL alone.
    """

    url: IceUrl
    username: Annotated[str, Field(max_length=256)] = ""
    credential: Token | None = None

    @model_validator(mode="before")
    @classmethod
    def _url_alone(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _turn_asks_for_a_name(self) -> IceServer:
        if self.url.startswith("turn") != bool(self.username and self.credential):
            raise ValueError("a turn: server needs username and credential, a stun: server has none")
        return self


class WebRtc(Model):
    """How WebRTC's media, which goes over UDP, finds its way through networks, and how many may watch."""

    ice_servers: Annotated[tuple[IceServer, ...], Field(max_length=4)] = ()
    public_ips: Annotated[tuple[IPvAnyAddress, ...], Field(max_length=8)] = ()
    udp_port_range: tuple[UdpPort, UdpPort] | None = None
    max_viewers: Annotated[int, Field(ge=0, le=10_000)] = 200

    @field_validator("udp_port_range")
    @classmethod
    def _in_order(cls, ports: tuple[int, int] | None) -> tuple[int, int] | None:
        if ports is not None and ports[0] > ports[1]:
            raise ValueError("the first port comes first, like [50000, 50999]")
        return ports


class Log(Model):
    """Level and format of the log on standard error."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.CONSOLE


class Files(Model):
    """Who may read what is written: ``umask`` bounds all of it, ``served`` is the mode of HLS and published clips."""

    umask: Umask = "077"
    served: FileMode = "644"


class Server(Model):
    """Everything that is not one room's."""

    rtmp: RtmpServer = RtmpServer()
    http: HttpServer = HttpServer()
    webrtc: WebRtc = WebRtc()
    log: Log = Log()
    files: Files = Files()
    warm_up_s: Annotated[float, Field(ge=0, le=60)] = 10.0
