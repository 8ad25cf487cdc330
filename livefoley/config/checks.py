"""Checks across a whole configuration: what may stand once only, what would loop, and the files it needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from livefoley.config.document import KeyPath, dotted
from livefoley.config.rooms import Sink
from livefoley.config.rtmp_output import address_of
from livefoley.config.values import Address, SecretUrl
from livefoley.system.dirs import expanded

if TYPE_CHECKING:
    from livefoley.config import Config

Problem: TypeAlias = tuple[KeyPath, str]


def conflicts(config: Config) -> list[Problem]:
    """Return what cannot be together, each with the key it is about."""
    return [*_same_port(config), *_same_key(config), *_same_output(config), *_loops(config), *_open(config)]


def missing_files(config: Config) -> list[Problem]:
    """Return the files that are to be read and are not there."""
    problems: list[Problem] = []
    library = config.bank.library
    if library is not None and not library.is_dir():
        remedy = f"`livefoley bank add DIR --library {library}` makes it"
        problems.append((("bank", "library"), f"names a directory that is not there; {remedy}"))
    for path, place in _inputs(config):
        if place is not None and not place.is_file():
            what = "names a directory, not a file" if place.is_dir() else "names a file that is not there"
            problems.append((path, f"{what} ({place.absolute()})"))
    return problems


def _inputs(config: Config) -> Iterator[tuple[KeyPath, Path | None]]:
    rtmp, http = config.server.rtmp.tls, config.server.http.tls
    for section, tls in (("rtmp", rtmp), ("http", http)):
        yield ("server", section, "tls", "cert"), tls.cert
        yield ("server", section, "tls", "key"), tls.key
    yield ("clips", "c2pa", "cert"), config.clips.c2pa.cert
    yield ("clips", "c2pa", "key"), config.clips.c2pa.key
    yield ("clips", "checks", "frames", "model"), config.clips.checks.frames.model
    for path in config.clips.checks.files:
        yield ("clips", "checks", "words"), expanded(path)
    for name, room in config.rooms.items():
        yield ("rooms", name, "source", "file"), room.source.file
        yield ("rooms", name, "slate"), room.slate
        for path in room.listen.files:
            yield ("rooms", name, "listen", "keywords"), expanded(path)


def _same_port(config: Config) -> Iterator[Problem]:
    rtmp, http = config.server.rtmp, config.server.http
    listeners: list[tuple[KeyPath, Address]] = [(("server", "rtmp", "listen"), rtmp.listen)]
    if rtmp.tls.enabled:
        listeners.append((("server", "rtmp", "tls", "listen"), rtmp.tls.listen))
    listeners.append((("server", "http", "listen"), http.listen))
    seen: dict[Address, KeyPath] = {}
    for path, address in listeners:
        if address.port and address in seen:
            yield path, f"{address} is taken by {dotted(seen[address])}; choose another port"
        seen.setdefault(address, path)


def _same_key(config: Config) -> Iterator[Problem]:
    """The key alone says which room a publisher means, so it belongs to one room."""
    seen: dict[str, str] = {}
    for name, room in config.rooms.items():
        if room.source.rtmp is None:
            continue
        key = room.source.rtmp.key.get_secret_value()
        if key in seen:
            yield ("rooms", name, "source", "rtmp", "key"), f"is the key of room {seen[key]} too; each needs its own"
        seen.setdefault(key, name)


def _same_output(config: Config) -> Iterator[Problem]:
    """Two sinks that write to one place destroy each other's output."""
    seen: dict[str, str] = {}
    for name, room in config.rooms.items():
        outputs = [(index, sink) for index, sink in enumerate(room.sinks)]
        stems = [(index, stem) for index, sink in outputs if room.stem and (stem := sink.stem)]
        for index, sink in outputs + stems:
            where: KeyPath = ("rooms", name, "sinks", index, sink.kind)
            target = _target(sink)
            if target is None:
                continue
            if target in seen:
                yield where, f"goes where {seen[target]} goes; each output needs its own place"
            seen.setdefault(target, dotted(where))


def _target(sink: Sink) -> str | None:
    """Return the file, directory or URL an output writes to; None for a kind that writes to none of these."""
    if sink.rtmp is not None:
        to = address_of(sink.rtmp)
        return f"{to.host}:{to.port}/{to.app}/{to.key}"
    place = getattr(sink, sink.kind)
    if isinstance(place, Path):
        return os.path.normcase(os.path.abspath(place))
    return place.get_secret_value() if isinstance(place, SecretUrl) else None


def _loops(config: Config) -> Iterator[Problem]:
    """A room that publishes into its own input would feed back for ever."""
    for name, room in config.rooms.items():
        if room.source.rtmp is None:
            continue
        own = (config.server.rtmp.listen.port, room.source.rtmp.app, room.source.rtmp.key.get_secret_value())
        for index, sink in enumerate(room.sinks):
            if sink.rtmp is None:
                continue
            to = address_of(sink.rtmp)
            if to.host in ("127.0.0.1", "localhost", "::1") and (to.port, to.app, to.key.partition("?")[0]) == own:
                yield ("rooms", name, "sinks", index, "rtmp"), "goes back into the room's own input, round and round"


def _open(config: Config) -> Iterator[Problem]:
    """The API shows what was said, changes rooms and gives signed links away: not to whoever reaches the port."""
    http = config.server.http
    if http.token is not None:
        return
    if http.reached_by_others:
        where = "server.http.trusted_proxies" if http.listen.is_loopback else f"server.http.listen: {http.listen}"
        remedy = "set it (LIVEFOLEY_SERVER__HTTP__TOKEN), or listen on 127.0.0.1 without proxies"
        yield ("server", "http", "token"), f"is missing, and others reach the API ({where}); {remedy}"
    elif http.protect_metrics:
        yield ("server", "http", "protect_metrics"), "needs server.http.token, which is what then opens them"
