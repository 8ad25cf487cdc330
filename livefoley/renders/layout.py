"""How a file's packets lie in time, and how the file is divided into pieces: nothing is decoded for that.

A file's headers may say anything; what is counted here are its packets, up to the length that is taken.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from livefoley.core.errors import InputError, reason
from livefoley.core.media import VIDEO_CODECS
from livefoley.core.ticks import Tick, ticks_from_s, ticks_from_stamp
from livefoley.media.files.choice import choose, codec_of
from livefoley.media.files.demux import fraction
from livefoley.renders.examine import IntakeLimits, open_options

WARM_UP: Tick = ticks_from_s(3)
"""The watcher of a piece begins so much before it: it has to know what is calm before it sees what is not."""

RUN_OUT: Tick = ticks_from_s(1.5)
"""And goes on for so much after it: a movement is judged by what follows."""

SHORTEST: Tick = ticks_from_s(15)
"""Of the pieces: shorter ones would spend too much of their time on the two above."""

_MICROSECONDS = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Layout:
    """A file's tracks in time. ``origin`` is the tick of its first moment, by its own stamps; all else counts from it.

    ``keyframes`` are where decoding can begin, in order; empty when the pictures have to be encoded anew for us.
    """

    origin: Tick
    end: Tick
    has_pictures: bool
    has_sound: bool
    keyframes: tuple[Tick, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a file: decoded from the keyframe at ``begin`` on (None: from the first packet on), to tell what
    happens from ``start`` to ``end``."""

    begin: Tick | None
    start: Tick
    end: Tick


@dataclass
class _Seen:
    last: Tick = 0
    step: Tick = 0
    end: Tick = 0
    keyframes: list[Tick] = field(default_factory=list)

    def add(self, at: Tick, length: Tick, keyframe: bool) -> None:
        self.step = length or max(0, at - self.last) or self.step
        self.last = at
        self.end = max(self.end, at + self.step)
        if keyframe:
            self.keyframes.append(at)


@contextmanager
def opened(path: Path, limits: IntakeLimits) -> Iterator[Any]:
    """Open a file that a stranger gave; raises ``InputError`` when it breaks, here or while it is read."""
    try:
        with av.open(f"file:{path}", options=open_options(limits), metadata_errors="replace") as container:
            yield container
    except (av.FFmpegError, OSError, MemoryError) as error:
        raise InputError(f"cannot be read ({reason(error)})") from None


def origin_of(container: Any) -> Tick:
    """Return the tick at which a file begins, by its own stamps."""
    return ticks_from_stamp(container.start_time or 0, _MICROSECONDS)


def survey(path: Path, limits: IntakeLimits) -> Layout:
    """Return how a file's packets lie; raises ``InputError`` for one that is longer than it may be."""
    with opened(path, limits) as container:
        chosen = choose(container)
        origin, most = origin_of(container), ticks_from_s(limits.max_duration_s + 1)
        tracks = {stream.index: _Seen() for stream in chosen.streams}
        for packet in container.demux(chosen.streams):
            if packet.has_sidedata("encryption_info"):
                raise InputError("is encrypted (DRM); send the video as it was before")
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None or not packet.size or packet.is_discard:
                continue
            base = fraction(packet.time_base)
            at = ticks_from_stamp(stamp, base) - origin
            tracks[packet.stream.index].add(at, ticks_from_stamp(packet.duration or 0, base), packet.is_keyframe)
            if at > most:
                raise InputError(f"lasts longer than it says; at most {limits.max_duration_s:.0f} s are taken")
        direct = chosen.video is not None and codec_of(chosen.video) in VIDEO_CODECS
        watched = [tracks[chosen.video.index]] if chosen.video is not None else list(tracks.values())
    keyframes = sorted(watched[0].keyframes) if direct else []
    end = max(seen.end for seen in watched)
    if end <= 0:
        raise InputError("no packet in it can be read; the file may be cut off")
    return Layout(origin, end, chosen.video is not None, chosen.audio is not None, tuple(keyframes))


def divide(layout: Layout, most: int) -> list[Piece]:
    """Return the pieces, one after the other without gap, ``most`` at most; none for a file without pictures."""
    if not layout.has_pictures:
        return []
    count = max(1, min(most, layout.end // SHORTEST)) if layout.keyframes else 1
    borders = [layout.end * index // count for index in range(count + 1)]
    return [Piece(_begin(layout, start), start, end) for start, end in itertools.pairwise(borders)]


def _begin(layout: Layout, start: Tick) -> Tick | None:
    """Return the last keyframe that lies far enough before ``start``; None: there is none."""
    before = bisect.bisect_right(layout.keyframes, start - WARM_UP)
    return layout.keyframes[before - 1] if before else None
