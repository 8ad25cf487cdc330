"""Watches one piece of a video, in a process of its own: ``watch`` runs it, ``see`` is what it does.

Decoding what strangers give is what can go wrong, and what takes the time: so it is done where it can be ended, with
so much memory and so much time, and in as many processes as there are pieces.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from livefoley.core.errors import InputError, LivefoleyError
from livefoley.core.event_json import event_from_json, event_to_json
from livefoley.core.events import MotionCourse, MotionOnset, SceneCut, Sight
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import Tick, ticks_from_stamp
from livefoley.media.files.demux import Demuxer
from livefoley.perception.eyes.eyes import Eyes
from livefoley.perception.eyes.people import People
from livefoley.perception.eyes.picture_classes import PictureClasses
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.renders.child import NO_ANSWER, NO_MEMORY, said_by, tell, told, wants_memory
from livefoley.renders.examine import IntakeLimits, limit
from livefoley.renders.layout import RUN_OUT, Piece, opened
from livefoley.renders.model import MAX_SIDE

Seen: TypeAlias = MotionOnset | MotionCourse | Sight | SceneCut


def watch(path: Path, origin: Tick, piece: Piece, limits: IntakeLimits) -> list[Seen]:
    """Return what moves in a piece and where that is, in order. Blocks; raises ``InputError`` when that takes too long
    or too much."""
    given = {"path": str(path), "origin": origin, "piece": asdict(piece), "limits": asdict(limits)}
    for said in said_by(__name__, given, limits.timeout_s):
        if "refused" in said:
            raise InputError(said["refused"])
        try:
            events = [event_from_json(each) for each in said["seen"]]
        except (KeyError, TypeError, ValueError):
            break
        return [event for event in events if isinstance(event, Seen)]
    raise InputError(NO_ANSWER)


def see(path: Path, origin: Tick, piece: Piece, limits: IntakeLimits) -> list[Seen]:
    """Return the same; decodes here. Raises ``InputError``."""
    analyser = MotionAnalyser(eyes=Eyes(PictureClasses(), People()))
    found = []
    with opened(path, limits) as container:
        for item in _items(container, origin, piece):
            if isinstance(item, TrackInfo):
                analyser.configure(item)
            else:
                found += analyser.feed(item)
    found += analyser.flush()
    return [event for event in found if isinstance(event, Seen) and piece.start <= event.at < piece.end]


def _items(container: Any, origin: Tick, piece: Piece) -> Iterator[TrackInfo | Unit]:
    """Yield the pictures' parameters, and their units from the piece's keyframe on, placed from the file's origin."""
    begun = piece.begin is None
    for item in Demuxer(container, "the file", reencode=True, largest=MAX_SIDE).items():
        if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO:
            yield item
        if not isinstance(item, Packet) or item.kind is not MediaKind.VIDEO:
            continue
        pts, dts = (ticks_from_stamp(stamp, item.time_base) - origin for stamp in (item.pts, item.dts))
        begun = begun or (item.keyframe and piece.begin is not None and pts >= piece.begin)
        if dts > piece.end + RUN_OUT:
            return
        if begun:
            yield Unit(item, pts, dts, 0)


def main() -> int:
    """Watch one piece; what is seen goes to standard output."""
    given = told()
    limits = IntakeLimits(**given["limits"])
    limit(limits.memory_mb, limits.cpu_s)
    try:
        seen = see(Path(given["path"]), given["origin"], Piece(**given["piece"]), limits)
    except LivefoleyError as error:
        tell(refused=str(error))
        return 1
    except Exception as error:
        if not wants_memory(error):
            raise
        tell(refused=NO_MEMORY)
        return 1
    tell(seen=list(map(event_to_json, seen)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
