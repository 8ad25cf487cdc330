"""Looks through a room's key pictures for its keywords: what newly appears is told once, what stays is not.

What stands there in the first picture may have stood there for long, so it is no news either. A picture that has not
changed is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.events import Keyword
from livefoley.core.highlights import Evidence, Origin
from livefoley.core.media import PLAIN, TrackInfo, Unit
from livefoley.core.snapshots import ScreenSnapshot
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.perception.ears.keywords import patterns
from livefoley.perception.ears.match import Finder, Fit, Sounds
from livefoley.perception.ears.normalise import is_han, units
from livefoley.perception.motion.decoder import Grey, PictureDecoder, Shrinker

SIGNAL = "screen"  # one of the room's phrases newly stands in the picture
MAX_WIDTH = 960  # pixels of a picture that is read; more cost more and tell little
LOOK_WIDTH = 160
CHANGED = 16  # of 255, where it changed most
GONE: Tick = ticks_from_s(10.0)  # text that was not read for so long is news when it comes back

Read = Callable[[NDArray[np.uint8]], list[str]]


class ScreenWatcher:
    """Keyframes in, evidence of ``screen`` out. ``read`` returns the lines of text of a picture."""

    def __init__(self, keywords: Iterable[Keyword], read: Read) -> None:
        self._finder = Finder(pattern for keyword in keywords for pattern in patterns(keyword))
        self._read = read
        self._decoder: PictureDecoder | None = None
        self._display = PLAIN
        self._shrinker = Shrinker(LOOK_WIDTH)
        self._reformatter = VideoReformatter()
        self._looked: Grey | None = None
        self._seen: dict[Keyword, Tick] = {}  # when it was there last
        self._standing: set[Keyword] = set()  # what the last reading found
        self._news_count = 0
        self._pictures = self._unchanged = self._errors = 0
        self.lines: list[str] = []
        """What is written in the last picture, where that was read anew."""

    def configure(self, info: TrackInfo) -> None:
        """Take a track's parameters; raises nothing, a track that cannot be decoded is counted unit by unit."""
        self._display = info.display
        self._shrinker = Shrinker(LOOK_WIDTH, info.display)
        try:
            self._decoder = PictureDecoder(info)
        except UnsupportedCodec:
            self._decoder = None

    def feed(self, unit: Unit) -> list[Evidence]:
        """Take a keyframe; return what newly stands in it."""
        self.lines = []
        frames = self._decoder.decode(unit) + self._decoder.flush() if self._decoder is not None else []
        if not frames:
            self._errors += 1
            return []
        frame = frames[-1]
        small = self._shrinker.shrink(frame)
        first, changed = self._looked is None, self._changed(small)
        self._looked = small
        if not changed:
            self._unchanged += 1
            self._seen |= dict.fromkeys(self._standing, unit.pts)
            return []
        self._pictures += 1
        self.lines = self._read(self._upright(frame))
        news = self._news(self.lines, unit.pts)
        return [] if first else news

    def _upright(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Return a frame as it is shown, ``[h, w, 3]``, at most ``MAX_WIDTH`` wide."""
        wide, high = self._display.size(frame.width, frame.height)
        scale = min(1.0, MAX_WIDTH / max(1, wide))
        size = max(2, round(wide * scale)), max(2, round(high * scale))
        stored = size[::-1] if self._display.turns % 2 else size
        return self._display.upright(self._reformatter.reformat(frame, *stored, "bgr24").to_ndarray())

    def statistics(self) -> ScreenSnapshot:
        """Return a snapshot."""
        return ScreenSnapshot(self._pictures, self._unchanged, self._errors)

    def _changed(self, small: Grey) -> bool:
        before = self._looked
        if before is None or before.shape != small.shape:
            return True
        return int(np.abs(small.astype(np.int16) - before).max()) >= CHANGED

    def _news(self, lines: list[str], at: Tick) -> list[Evidence]:
        found = {fit.pattern.keyword: (fit, line) for line in lines for fit in self._find(line)}
        fresh = [found[keyword] for keyword in found.keys() - self._standing if self._is_news(keyword, at)]
        self._standing = set(found)
        self._seen |= dict.fromkeys(found, at)
        return [self._evidence(fit.pattern.keyword, line, at) for fit, line in fresh]

    def _evidence(self, keyword: Keyword, line: str, at: Tick) -> Evidence:
        self._news_count += 1
        return Evidence(SIGNAL, self._news_count, Origin.PICTURE, at, at, keyword.weight, line, keyword.kind)

    def _is_news(self, keyword: Keyword, at: Tick) -> bool:
        last = self._seen.get(keyword)
        return last is None or not 0 <= at - last < GONE

    def _find(self, line: str) -> list[Fit]:
        """Return the keywords in a line; it is spelt, not heard, so nothing near one will do."""
        sounds = Sounds.of(units([line], "zh" if is_han(line) else "en"))
        return self._finder.find(sounds, lambda _: 0.0)
