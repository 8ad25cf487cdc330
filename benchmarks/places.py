"""What ambience a clip gets without a description: ``python benchmarks/places.py [--footage DIRECTORY]``.

Each clip of shared/footage goes through the watcher of a room (motion, cuts, looks at whole pictures); its ambience is
what the picture's place describes, from when to when. Value: the share of the clips' time in which it is one that fits
(``FITS``, by looking at the clips); baseline: the same of a quiet room, which every room without a description had.
The measures of the places were set by looking at these clips: they say nothing of others but that nothing flickers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from common import FOOTAGE, print_result, print_table

from livefoley.core.events import SceneCut, Sight
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_stamp
from livefoley.engine.leanings.place import Surroundings
from livefoley.media.files.file_source import read_items
from livefoley.perception.eyes.eyes import Eyes
from livefoley.perception.eyes.people import People
from livefoley.perception.eyes.picture_classes import PictureClasses
from livefoley.perception.motion.analyser import MotionAnalyser

TARGET = 0.7
ROOM = ""  # the quiet room
FITS = {
    "big_buck_bunny_bird.mp4": {"meadow", "forest", "lake"},
    "bottles_by_hand.mp4": {ROOM},
    "cars_from_above.mp4": {"street"},
    "friday.mp4": {ROOM, "office"},
    "nasa_13013.mp4": {ROOM},
    "room.mp4": {ROOM},
    "tears_of_steel_fight.mp4": {ROOM},
}
NETWORK = PictureClasses()


def ambiences(path: Path) -> tuple[list[tuple[float, str, str]], float]:
    """Return from when which ambience is wanted, by which place of the eyes, and how long the clip is, in seconds."""
    analyser, around = MotionAnalyser(eyes=Eyes(NETWORK, People())), Surroundings()
    found, first, last = [(0.0, ROOM, "")], None, 0
    for item in read_items(path):
        if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO:
            analyser.configure(item)
        elif isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
            pts, dts = (ticks_from_stamp(stamp, item.time_base) for stamp in (item.pts, item.dts))
            first, last = pts if first is None else min(first, pts), max(last, pts)
            for event in analyser.feed(Unit(item, pts, dts, 0)):
                if isinstance(event, Sight):
                    around.picture.see(event)
                elif isinstance(event, SceneCut):
                    around.picture.cut()
                if around.settle(event.at, described=False, host=""):
                    found.append((_seconds(event.at - first), around.words, around.picture.place))
    return found, _seconds(last - (first or 0))


def _seconds(ticks: Tick) -> float:
    return ticks / TICK_RATE


def main() -> None:
    """Measure, print a table and the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--footage", type=Path, default=FOOTAGE)
    footage = parser.parse_args().footage
    rows, whole, fits, before = [], 0.0, 0.0, 0.0
    for name, fitting in FITS.items():
        found, length_s = ambiences(footage / name)
        ends = [each[0] for each in found[1:]] + [length_s]
        right = sum(end - start for (start, words, _), end in zip(found, ends, strict=True) if words in fitting)
        told = ", ".join(f"{start:.0f} s {words or 'quiet room'}" for start, words, _ in found)
        rows.append((name, "quiet room", told, f"{right / length_s:.2f}"))
        whole, fits, before = whole + length_s, fits + right, before + length_s * (ROOM in fitting)
    print_table(("clip", "before", "now", "fits"), rows)
    value = fits / whole
    print_result("ambience_fits", round(value, 3), "share", round(before / whole, 3), TARGET, value >= TARGET)


if __name__ == "__main__":
    main()
