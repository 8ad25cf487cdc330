"""Where to publish, as encoders take it: ``rtmp[s]://[user:password@]host[:port]/app[/instance]/stream-key``, or a
server and a key in two fields.

An RTMP address is no web address. Nothing in it is percent-decoded, ``#`` is a character like any other, and the stream
key may begin with its query (``rtmp://host/live-bvc/?streamname=...&key=...``). In one line FFmpeg's rule tells app and
key apart; in two fields, as in OBS, all of the server's path is the app, and the key may hold whatever there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from livefoley.core.errors import ConfigError
from livefoley.media.urls import safe_url

MAX_LENGTH = 1024
"""What FFmpeg, and so much of the world, takes at most."""

_PORTS = {"rtmp": 1935, "rtmps": 443}
_SHOWN_APP = re.compile(r"[^?#&=:;@]{1,64}")


@dataclass(frozen=True, slots=True)
class RtmpUrl:
    """Where to publish. ``label`` and ``where`` may be shown; the app's query, ``key`` and ``password`` never."""

    host: str
    port: int
    tls: bool
    app: str = field(repr=False)
    key: str = field(repr=False)
    tc_url: str = field(repr=False)
    label: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def where(self) -> str:
        """Server and app, for messages: ``live.example.com:1935, app live``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown = _SHOWN_APP.match(self.app)
        return f"{host}:{self.port}" + (f", app {shown[0]}" if shown else "")

    @classmethod
    def parse(cls, url: str) -> RtmpUrl:
        """Read an address in one line. Raises ``ConfigError`` which names what is missing and shows no key."""
        url = url.strip()
        server = _Server.parse(url)
        app, key = _app_and_key(server.path)
        if not app or not key or len(url) > MAX_LENGTH:
            raise ConfigError(
                f"{server.label}: an RTMP URL has the form rtmp://host/app/stream-key, of {MAX_LENGTH} characters"
            )
        return server.address(app, key)

    @classmethod
    def join(cls, server: str, key: str, user: str = "", password: str = "") -> RtmpUrl:
        """Put together what an encoder asks for in fields of their own; ``user`` may stand in ``server``, too.

        Raises ``ConfigError`` which names what is missing and shows no key.
        """
        read = _Server.parse(server.strip())
        app, key = read.path.rstrip("/"), key.strip()
        if not app or not key or len(server) + len(key) > MAX_LENGTH:
            raise ConfigError(
                f"{read.label}: an RTMP server has the form rtmp://host/app, and a key; {MAX_LENGTH} characters in all"
            )
        return read.address(app, key, user or read.user, password or read.password)


@dataclass(frozen=True, slots=True)
class _Server:
    """An address up to its path, which has no first slash."""

    scheme: str
    host: str
    port: int | None
    user: str
    password: str
    path: str
    label: str

    @classmethod
    def parse(cls, url: str) -> _Server:
        label = safe_url(url)
        scheme, mark, rest = url.partition("://")
        authority = re.match(r"[^/?#]*", rest)
        assert authority is not None  # noqa: S101 - it matches the empty text
        names, _, place = authority[0].rpartition("@")
        user, _, password = names.partition(":")
        try:
            parts = urlsplit(f"//{place}")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ConfigError(f"{label}: host or port of the RTMP URL cannot be read") from None
        if scheme.lower() not in _PORTS or not mark:
            raise ConfigError(f"{label}: not an rtmp:// or rtmps:// URL")
        path = rest[authority.end() :]
        if not host or (path and not path.startswith("/")):  # a password with # or ? ends the host, as for FFmpeg
            raise ConfigError(f"{label}: the RTMP URL names no host; it has the form rtmp://host/app/stream-key")
        return cls(scheme.lower(), host, port, user, password, path.removeprefix("/"), label)

    def address(self, app: str, key: str, user: str = "", password: str = "") -> RtmpUrl:
        """Return the address of a stream there."""
        where = (f"[{self.host}]" if ":" in self.host else self.host) + (f":{self.port}" if self.port else "")
        return RtmpUrl(
            host=self.host,
            port=_PORTS[self.scheme] if self.port is None else self.port,
            tls=self.scheme == "rtmps",
            app=app,
            key=key,
            tc_url=f"{self.scheme}://{where}/{app}",
            label=self.label,
            user=user or self.user,
            password=password or self.password,
        )


def _app_and_key(path: str) -> tuple[str, str]:
    """Split as FFmpeg does: the app is the first segment, or the first two if a third follows; the rest is the key.

    Slashes in a key's query, and behind the colon of ``mp4:folder/name``, belong to the key.
    """
    app, _, key = path.partition("/")
    instance, slash, rest = key.partition("/")
    if slash and not set(instance) & set("?:"):
        return f"{app}/{instance}", rest
    return app, key
