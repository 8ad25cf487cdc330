"""The places a configuration writes to: who may read what lies there, and that no other process writes there, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from livefoley import config as cfg
from livefoley.config.document import KeyPath, dotted
from livefoley.core.errors import ConfigError, reason
from livefoley.system.files import make_directory, set_modes
from livefoley.system.locks import NAME, PlaceLock

log = structlog.get_logger("livefoley")


@dataclass(frozen=True, slots=True)
class _Place:
    key: KeyPath
    directory: Path
    lock: str = NAME
    served: bool = False  # handed out by a web server


@contextmanager
def outputs(config: cfg.Config) -> Iterator[None]:
    """Hold all places that ``config`` writes to until the end of the block.

    Raises ``ConfigError`` when another process holds one. A place that cannot be made or locked is said, and left to
    whoever writes there: a disk may come later, and some file systems know no locks.
    """
    use_modes(config)
    with ExitStack() as held:
        for place in _places(config):
            lock = PlaceLock(place.directory / place.lock)
            key, where = dotted(place.key), str(place.directory)
            try:
                make_directory(place.directory, served=place.served)
                taken = lock.take()
            except OSError as error:
                log.warning("an output is not locked", key=key, directory=where, reason=reason(error))
                continue
            if not taken:
                who = f" (process {pid})" if (pid := lock.holder()) else ""
                raise ConfigError(f"{key}: another livefoley{who} writes to {where}; each needs its own place")
            held.callback(lock.release)
        yield


def use_modes(config: cfg.Config) -> None:
    """Write as ``server.files`` says from now on."""
    set_modes(int(config.server.files.umask, 8), int(config.server.files.served, 8))


def _places(config: cfg.Config) -> Iterator[_Place]:
    """Yield all that is written.

    What a web server hands out comes first: directories above it that are missing are made for that server, too.
    """
    files: list[_Place] = []
    for name, room in config.rooms.items():
        for index, sink in enumerate(room.sinks):
            where: KeyPath = ("rooms", name, "sinks", index, sink.kind)
            for each in (sink, sink.stem if room.stem else None):
                if each is not None and each.hls is not None:
                    yield _Place(where, each.hls, served=True)
                elif each is not None and each.file is not None:
                    files.append(_beside(where, each.file))
        if room.transcripts.file is not None:
            files.append(_beside(("rooms", name, "transcripts", "file"), room.transcripts.file))
    if any(room.clips.enabled for room in config.rooms.values()):
        yield _Place(("clips", "directory"), config.clips.directory, served=config.clips.publish_to is None)
    if config.render.enabled:
        yield _Place(("render", "directory"), config.render.directory)
    yield from files


def _beside(key: KeyPath, path: Path) -> _Place:
    """Return the place of one recording: others may be made in the same directory under other names."""
    directory = path.parent
    while "%" in str(directory):  # the time of day is filled in when a file is begun
        directory = directory.parent
    return _Place(key, directory, f".{'_'.join(path.relative_to(directory).parts)}.lock")
