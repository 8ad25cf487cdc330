"""What to enter in an encoder, and which pages to open: for who starts a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from livefoley.config import Address, Config, Room

_MASK = "******"
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - read, not bound


def entrances(config: Config, show_keys: bool = False) -> Iterator[str]:
    """Yield a line or two for every room: server and stream key, pages. Keys are stars unless ``show_keys``."""
    http = config.server.http
    web = f"{'https' if http.tls.enabled else 'http'}://{_reached(http.listen, config)}"
    for name, room in config.rooms.items():
        for line in _publishing(config, name, room, web, show_keys):
            yield f"{name}: {line}"
        yield f"{name}: watch {web}/{name}"
    if not show_keys and any(room.source.rtmp or room.source.whip for room in config.rooms.values()):
        yield f"{_MASK}: as in the file; --show-keys prints them"


def _publishing(config: Config, name: str, room: Room, web: str, show_keys: bool) -> Iterator[str]:
    if room.source.rtmp is not None:
        key = room.source.rtmp.key.get_secret_value() if show_keys else _MASK
        server = f"rtmp://{_reached(config.server.rtmp.listen, config)}/{room.source.rtmp.app}"
        yield f"OBS > Settings > Stream: Service Custom, Server {server}, Stream Key {key}"
    elif room.source.whip is not None:
        key = room.source.whip.key.get_secret_value() if show_keys else _MASK
        yield f"OBS > Settings > Stream: Service WHIP, Server {web}/{name}/whip, Bearer Token {key}"
        yield f"or publish from a browser {web}/{name}/publish"


def _reached(address: Address, config: Config) -> str:
    """Return host and port as others write them; HOST where it listens everywhere."""
    hosts = config.server.http.allowed_hosts
    host = (hosts[0] if hosts else "HOST") if address.host in _ANYWHERE else address.host
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{address.port}" if address.port else f"{host}:PORT"
