"""The values a configuration is made of: addresses, secrets, URLs with secrets in them, levels, names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PlainSerializer,
    Secret,
    SecretStr,
)

from livefoley.core.mix import GAIN_DB
from livefoley.media.urls import safe_url

ROOM_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
RESERVED_NAMES = frozenset(  # paths of the HTTP port
    {"v1", "metrics", "livez", "readyz", "healthz", "assets", "clips", "generate_audio"}
)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_ICE_URL = re.compile(r"(stun|turns?):(?P<host>[A-Za-z0-9.-]{1,253})(:(?P<port>[0-9]{1,5}))?(\?transport=(udp|tcp))?")
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Model(BaseModel):
    """The base of every part of the configuration: frozen, no unknown keys, no input echoed into messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


# ---- addresses ----


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Say whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(value: Any) -> Address:
    """Read ``host:port`` or ``[v6]:port``; raises ``ValueError`` that says what would be right."""
    if isinstance(value, Address):
        return value
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError('must be "host:port" with a port up to 65535, like "127.0.0.1:1935"')
    if not host or host == "*":
        raise ValueError(f'has no host: "0.0.0.0:{port}" is every interface, "127.0.0.1:{port}" this machine alone')
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f'an IPv6 address stands in brackets: "[{host}]:{port}"')
    if not is_host(host):
        raise ValueError(f'"{host}" is not a host name or IP address')
    return Address(host, int(port))


def is_host(text: str) -> bool:
    """Say whether ``text`` is an IP address or could be a host name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        return len(text) <= 253 and not labels[-1].isdecimal() and all(map(_LABEL.fullmatch, labels))
    return True


def _check_host(text: str) -> str:
    if not is_host(text):
        raise ValueError(f'"{text}" is not a host name; no scheme, port or path here, like "live.example.com"')
    return text.lower()


Listen: TypeAlias = Annotated[Address, BeforeValidator(parse_address), PlainSerializer(str, return_type=str)]
HostName: TypeAlias = Annotated[str, AfterValidator(_check_host)]


def _check_proxy(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    if network.prefixlen == 0:
        raise ValueError(f'"{network}" is everybody; name the proxies, like "10.0.0.5" or "10.0.0.0/24"')
    return network


Proxies: TypeAlias = Annotated[tuple[Annotated[IPvAnyNetwork, AfterValidator(_check_proxy)], ...], Field(max_length=64)]
"""Addresses and networks of proxies that are believed whom they speak for."""

# ---- secrets ----


class SecretUrl(Secret[str]):
    """A URL that may hold a stream key, a password or a token; shown without them."""

    def _display(self) -> str:
        return safe_url(self.get_secret_value())


def _check_url(schemes: tuple[str, ...], hint: str, port: bool = False) -> Callable[[SecretUrl], SecretUrl]:
    """Return a validator for URLs of these schemes, with a ``port`` if they need one."""

    def check(value: SecretUrl) -> SecretUrl:
        url = value.get_secret_value()
        parts = _split(url)
        if parts is None or parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {_listed(schemes)}, {hint}")
        if not is_host(parts.hostname) or parts.port == 0:
            raise ValueError(f"has no host name or no port that can be, {hint}")
        if not _TOKEN.fullmatch(url):
            raise ValueError("has a space, a line break or a character that a URL must carry percent-encoded")
        if port and parts.port is None:
            raise ValueError(f"is not complete, {hint}")
        return value

    return check


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _listed(schemes: tuple[str, ...]) -> str:
    *most, last = [f"{scheme}://" for scheme in schemes]
    return f"{', '.join(most)} or {last}" if most else last


def _check_token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("may hold printable ASCII characters only, no spaces")
    return value


def _check_key(value: SecretStr) -> SecretStr:
    if set(value.get_secret_value()) & set("/?#"):
        raise ValueError("a stream key may hold no slash, question mark or number sign")
    return value


Token: TypeAlias = Annotated[SecretStr, Field(min_length=1, max_length=512), AfterValidator(_check_token)]
"""A bearer token or a signing secret."""

StreamKey: TypeAlias = Annotated[Token, AfterValidator(_check_key)]
"""What an encoder publishes with; it may have to stand in a URL."""

PullUrl: TypeAlias = Annotated[
    SecretUrl,
    AfterValidator(
        _check_url(
            ("rtmp", "rtmps", "rtsp", "rtsps", "http", "https"),
            'like "rtsp://camera.local/stream"; a clip on disk is given as file:, SRT as srt: {url: ...}',
        )
    ),
]
SrtUrl: TypeAlias = Annotated[
    SecretUrl, AfterValidator(_check_url(("srt",), 'host and port, like "srt://host:9000?mode=caller"', port=True))
]
HookUrl: TypeAlias = Annotated[
    SecretUrl, AfterValidator(_check_url(("http", "https"), 'like "https://example.com/live/auth"'))
]


def _check_ice(url: str) -> str:
    found = _ICE_URL.fullmatch(url)
    right = found is not None and is_host(found["host"]) and 0 < int(found["port"] or "3478") < 65536
    if not right or (url.startswith("stun:") and "?" in url):
        raise ValueError('must be like "stun:stun.example.com:3478" or "turn:turn.example.com:3478?transport=udp"')
    return url


IceUrl: TypeAlias = Annotated[str, AfterValidator(_check_ice)]
"""A STUN or TURN server (RFC 7064, RFC 7065). It shows in answers to publishers and viewers."""

UdpPort: TypeAlias = Annotated[int, Field(ge=1024, le=65535)]
ObsUrl: TypeAlias = Annotated[
    SecretUrl, AfterValidator(_check_url(("ws", "wss"), 'host and port, like "ws://127.0.0.1:4455"', port=True))
]

BrokerUrl: TypeAlias = Annotated[
    SecretUrl, AfterValidator(_check_url(("redis", "rediss", "amqp", "amqps"), 'like "redis://127.0.0.1:6379/0"'))
]

# ---- names, paths, levels ----


def _check_room_name(name: str) -> str:
    if not ROOM_NAME.fullmatch(name):
        raise ValueError("a room's name has 1 to 63 characters of a-z, 0-9, - and _, and begins with a letter or digit")
    if name in RESERVED_NAMES:
        raise ValueError(f'"{name}" is a path of the HTTP port and cannot be a room')
    return name


def _check_path(path: Path) -> Path:
    if not str(path).strip() or "\0" in str(path) or str(path) == ".":
        raise ValueError("must be a path")
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"there is no user {path.parts[0].removeprefix('~')}, whose directory this would be") from None


def _check_recording(path: Path) -> Path:
    if path.suffix.lower() not in RECORDING_SUFFIXES:
        raise ValueError(f"must end in one of {', '.join(RECORDING_SUFFIXES)}")
    return path


def _check_octal(digits: Any) -> Any:
    if not isinstance(digits, str) or not re.fullmatch(r"0?[0-7]{3}", digits):
        raise ValueError('must be three octal digits in quotes, like "077"')
    return digits


def _check_umask(digits: str) -> str:
    if int(digits, 8) & 0o700:
        raise ValueError('must leave its owner everything: begin with 0, like "077"')
    return digits


def _check_file_mode(digits: str) -> str:
    if int(digits, 8) & 0o711 != 0o600:
        raise ValueError('must let its owner read and write, and nobody execute, like "644" or "640"')
    return digits


RECORDING_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".flv", ".ts")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")

RoomName: TypeAlias = Annotated[str, AfterValidator(_check_room_name)]
Place: TypeAlias = Annotated[Path, AfterValidator(_check_path)]
Recording: TypeAlias = Annotated[Path, AfterValidator(_check_path), AfterValidator(_check_recording)]
Umask: TypeAlias = Annotated[str, BeforeValidator(_check_octal), AfterValidator(_check_umask)]
FileMode: TypeAlias = Annotated[str, BeforeValidator(_check_octal), AfterValidator(_check_file_mode)]
MEGABYTE = 1_000_000  # bytes
Megabytes: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]
GainDb: TypeAlias = Annotated[float, Field(ge=GAIN_DB[0], le=GAIN_DB[1])]
