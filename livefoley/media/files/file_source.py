"""A media file as a source: at its own pace like a live stream, once or for ever, or as fast as it reads."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import structlog

from livefoley.core.errors import InputError, reason
from livefoley.core.media import VIDEO_CODECS, Disconnected, MediaKind, Packet, SourceItem, TrackInfo
from livefoley.core.ports import Feed, SourceStatistics
from livefoley.media.files.demux import SAME_TRACKS, Demuxer, interleave
from livefoley.media.reader import Pacer, Reader

log = structlog.get_logger("livefoley.file")

_PROBED = {"analyzeduration": "60000000", "probesize": "50000000", **SAME_TRACKS}


@dataclass(frozen=True, slots=True)
class Clip:
    """What a file holds: its tracks, and how long it plays (0 when the file does not say)."""

    tracks: tuple[TrackInfo, ...]
    duration_s: float


def probe(path: str | os.PathLike[str]) -> Clip:
    """Open ``path`` and say what is in it; raises ``InputError`` in one line when it cannot be played."""
    with _open(path) as (container, demuxer):
        return Clip(tuple(demuxer.infos), (container.duration or 0) / 1_000_000)


def read_items(
    path: str | os.PathLike[str],
    keep: Collection[str] = VIDEO_CODECS,
    reencode: bool = True,
    on_problem: Callable[[str], None] | None = None,
) -> Iterator[SourceItem]:
    """Yield the tracks and packets of a file in order of dts, as fast as it reads; for offline work.

    Pictures in a codec of ``keep`` come as they are (`containers.carried_video` says what an output takes), others are
    made H.264 or, without ``reencode``, refused with ``UnsupportedCodec``. Raises ``InputError`` when the file cannot
    be opened or nothing can be read from it. A file that is damaged further on ends there.
    ``on_problem`` gets a line about each kind of track that is there and cannot be used, and, when it has been read,
    about what else was lost of the file; by default the log does.
    """
    packets = 0
    tell = on_problem or (lambda problem: log.warning(problem, file=Path(path).name))
    with _open(path, keep, reencode) as (_, demuxer):
        told = set[str]()
        try:
            for item in interleave(demuxer.items(), demuxer.tracks):
                packets += isinstance(item, Packet)
                for problem in demuxer.problems:
                    if problem not in told:
                        tell(problem)
                        told.add(problem)
                yield item
        except (av.FFmpegError, OSError) as error:
            if packets:
                tell(f"the file is damaged and ends early ({reason(error)})")
        for problem in (*demuxer.problems, *demuxer.losses) if packets else ():
            if problem not in told:
                tell(problem)
    if not packets:
        why = "; ".join((*demuxer.problems, *demuxer.losses)) or "the file may be cut off"
        raise InputError(f"{path}: no packet in it can be read; {why}")


class FileSource:
    """A file as a room's source; implements ``Source``.

    ``realtime`` paces it by the event loop's clock. ``loop`` plays it for ever on stamps that go on rising, each track
    moved by the same time, so that the offset between sound and picture stays.
    """

    def __init__(self, path: str | os.PathLike[str], loop: bool = False, realtime: bool = True) -> None:
        self._path = Path(path)
        self._repeat = loop
        self._realtime = realtime
        self._playing = False
        self._problem = ""
        self._packets = self._bytes = 0

    async def run(self, feed: Feed) -> None:
        """Give ``feed`` the file's items; ends with ``Disconnected`` unless it loops."""
        play = looped if self._repeat else partial(read_items, reencode=False)
        reader = Reader(lambda: play(self._path, on_problem=self._tell))
        clock, pacer = asyncio.get_running_loop().time, Pacer()
        self._playing = True
        try:
            async for item in reader:
                if isinstance(item, Packet):
                    delay_s = pacer.delay_s(float(item.dts * item.time_base), clock()) if self._realtime else 0.0
                    await asyncio.sleep(delay_s)
                    self._packets += 1
                    self._bytes += len(item.data)
                feed(item)
        finally:
            self._playing = False
            reader.close()
        feed(Disconnected(f"end of {self._path.name}"))

    def _tell(self, problem: str) -> None:
        if problem not in self._problem:  # in a loop it is told each time around
            log.warning(problem, file=self._path.name)
            self._problem = "; ".join(filter(None, (self._problem, problem)))

    def statistics(self) -> SourceStatistics:
        """Return a snapshot."""
        return SourceStatistics(
            kind="file",
            connected=self._playing,
            connects=int(self._packets > 0),
            packets=self._packets,
            bytes=self._bytes,
            problem=self._problem,
        )


def looped(path: str | os.PathLike[str], on_problem: Callable[[str], None] | None = None) -> Iterator[SourceItem]:
    """Yield the items of a file again and again, on stamps that rise; parameters only where they change."""
    offset = Fraction(0)
    known: dict[MediaKind, TrackInfo] = {}
    while True:
        span = _Span()
        for item in read_items(path, reencode=False, on_problem=on_problem):
            if isinstance(item, Packet):
                span.add(item)
                shift = round(offset / item.time_base)
                yield replace(item, pts=item.pts + shift, dts=item.dts + shift)
            elif not isinstance(item, TrackInfo) or known.get(item.kind) != item:
                if isinstance(item, TrackInfo):
                    known[item.kind] = item
                yield item
        offset += span.length_s


class _Span:
    """From when to when a file plays, in seconds; a track's last packet lasts as long as the one before."""

    def __init__(self) -> None:
        self._first: Fraction | None = None
        self._last: dict[MediaKind, tuple[Fraction, Fraction]] = {}  # latest dts and the step to it
        self._end = Fraction(0)

    def add(self, packet: Packet) -> None:
        pts, dts = packet.pts * packet.time_base, packet.dts * packet.time_base
        before, step = self._last.get(packet.kind, (dts, Fraction(0)))
        step = dts - before or step
        self._last[packet.kind] = dts, step
        self._first = pts if self._first is None else min(self._first, pts)
        self._end = max(self._end, pts + step)

    @property
    def length_s(self) -> Fraction:
        return max(self._end - (self._first or 0), Fraction(1, 100))


@contextmanager
def _open(
    path: str | os.PathLike[str], keep: Collection[str] = VIDEO_CODECS, reencode: bool = True
) -> Iterator[tuple[Any, Demuxer]]:
    place = Path(path)
    if not place.exists():
        raise InputError(f"{path}: there is no such file")
    if not place.is_file():
        raise InputError(f"{path}: not a file but a directory or device")
    # "file:" keeps a colon in the name from being read as a protocol; a playlist in disguise must not reach the net.
    # Titles of old files are in the encoding of somebody's machine.
    # Tracks may begin late: FFmpeg looks for them as long as one is not known, and not further.
    options = {"protocol_whitelist": "file", "fflags": "+genpts", **_PROBED}
    try:
        container = av.open(f"file:{place}", container_options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as audio or video ({reason(error)})") from None
    with container:
        yield container, Demuxer(container, str(path), keep, reencode, continuous=True)
