"""RTMP URLs as people write them: ``rtmp[s]://host[:port]/app[/more]/stream-key[?query]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from livefoley.core.errors import ConfigError
from livefoley.media.urls import safe_url

MAX_LENGTH = 1024
"""What FFmpeg, and so much of the world, takes at most."""

_PORTS = {"rtmp": 1935, "rtmps": 443}


@dataclass(frozen=True, slots=True)
class RtmpUrl:
    """Where to publish. The last path segment is the stream key; ``label`` may be shown, ``key`` never."""

    host: str
    port: int
    tls: bool
    app: str
    key: str = field(repr=False)
    tc_url: str
    label: str

    @classmethod
    def parse(cls, url: str) -> RtmpUrl:
        """Read ``url``. Raises ``ConfigError`` which names what is missing and shows no key."""
        label = safe_url(url)
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ConfigError(f"{label}: host or port of the RTMP URL cannot be read") from None
        if parts.scheme not in _PORTS:
            raise ConfigError(f"{label}: not an rtmp:// or rtmps:// URL")
        app, _, key = parts.path.lstrip("/").rpartition("/")
        if not host or not app or not key or len(url) > MAX_LENGTH:
            raise ConfigError(
                f"{label}: an RTMP URL has the form rtmp://host/app/stream-key, of {MAX_LENGTH} characters"
            )
        query = f"?{parts.query}" if parts.query else ""
        where = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        return cls(
            host=host,
            port=port or _PORTS[parts.scheme],
            tls=parts.scheme == "rtmps",
            app=unquote(app),
            key=unquote(key) + query,
            tc_url=f"{parts.scheme}://{where}/{app}",
            label=label,
        )
