"""Where the room is, from whole pictures: what they show of places, with hysteresis, so that no ambience flickers.

A place is believed when two looks of the last seconds name it, one of them surely; how surely says its ambience: a
quiet one may be wrong, a crowd may not. It stays until looks in which it was missing have gone on for long, or another
place is as sure; a cut makes both quicker: a few looks at another scene that do not show it are enough. Changes that
follow each other fast make the next one wait longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from livefoley.core.events import Sight
from livefoley.core.ticks import TICK_RATE, Tick


@dataclass(frozen=True, slots=True)
class Ground:
    """A place the eyes know: what its ambience is described by, and how surely it must be seen."""

    words: str
    least: float


GROUNDS: Mapping[str, Ground] = {
    "kitchen": Ground("kitchen", 0.2),
    "office": Ground("office", 0.25),
    "cafe": Ground("cafe", 0.45),
    "street": Ground("street", 0.4),
    "stage": Ground("concert", 0.6),
    "stadium": Ground("stadium", 0.6),
    "forest": Ground("forest", 0.2),
    "meadow": Ground("meadow", 0.15),
    "sea": Ground("beach", 0.35),
    "water": Ground("lake", 0.35),
    "air": Ground("mountain", 0.3),
}
"""Of the eyes' places; a room, a shop and a bath sound like a quiet room, which needs no change."""

DARK = 0.12  # light below which it is night outside
NIGHT = frozenset({"forest", "meadow", "water"})
NIGHT_WORDS = "a summer night"
GREEN = 0.05  # of a picture that shows a meadow, and no bunch of flowers

LOOKED: Tick = 20 * TICK_RATE  # looks so long ago do not count any more
NAMED = 0.06  # a look that says so much names a place
TWICE = 2
MISSING: Tick = 45 * TICK_RATE  # so long not named, a place is left
MISSING_LOOKS = 5  # and after so many looks at other scenes: most are shorter, and cut within one place
OUTDONE: Tick = 10 * TICK_RATE  # and after so long for another place
STAYS: Tick = 30 * TICK_RATE
STAYS_AT_CUT: Tick = 8 * TICK_RATE
SOON: Tick = 120 * TICK_RATE  # changes within this make the next one wait twice as long
MOST_WAITS = 4


class PlaceSense:
    """Looks and cuts in, a place out; empty where none is known. Bounded, and pure in what it is told."""

    def __init__(self, described: float = 1.0) -> None:
        """``described``, in 0..1, is how much surer a place must be seen that goes against a description."""
        self._described = described
        self._looks: deque[tuple[Tick, Mapping[str, float], float]] = deque(maxlen=16)
        self._cut = False
        self._missed = 0  # looks since the cut that did not name the place
        self._place = ""
        self._seen: Tick = 0  # when the place was last named
        self._since: Tick | None = None  # when it was last changed
        self._waits = 0

    def cut(self) -> None:
        """Another scene: what was seen before says nothing of it."""
        self._looks.clear()
        self._cut = True

    def see(self, sight: Sight) -> None:
        """Take a look at a whole picture."""
        at = sight.at
        places = _places(sight)
        self._looks.append((at, places, sight.light))
        while at - self._looks[0][0] > LOOKED:
            self._looks.popleft()
        if places.get(self._place, 0.0) >= NAMED:
            self._seen = at
            self._cut = False  # the same place in another scene, or none
        self._missed = self._missed + 1 if self._cut else 0
        found = self._likeliest()
        if found == self._place:
            return
        elsewhere = self._cut and (bool(found) or self._missed >= MISSING_LOOKS)
        leaves = at - self._seen > (OUTDONE if found else MISSING) or elsewhere or (bool(found) and not self._place)
        if leaves and self._may(at):
            self._change(found, at)

    def words(self, against: bool = False) -> str:
        """Return what describes the ambience of the place; ``against`` a description it must be surer."""
        ground = GROUNDS.get(self._place)
        if ground is None:
            return ""
        if against and self._peak(self._place) < ground.least + self._described * (1.0 - ground.least):
            return ""
        dark = [light for _, _, light in self._looks if light < DARK]
        return NIGHT_WORDS if self._place in NIGHT and len(dark) * 2 > len(self._looks) else ground.words

    @property
    def place(self) -> str:
        """The place itself, by the eyes' name."""
        return self._place

    def _likeliest(self) -> str:
        """Return the place that is believed, the surest by its own measure; empty where none is."""
        sure = {
            place: self._peak(place) / ground.least
            for place, ground in GROUNDS.items()
            if sum(places.get(place, 0.0) >= NAMED for _, places, _ in self._looks) >= TWICE
        }
        best = max(sure, key=lambda place: sure[place], default="")
        return best if best and sure[best] >= 1.0 else ""

    def _peak(self, place: str) -> float:
        return max((places.get(place, 0.0) for _, places, _ in self._looks), default=0.0)

    def _may(self, at: Tick) -> bool:
        """Say whether enough time has passed since the last change."""
        if self._since is None:
            return True
        stays = (STAYS_AT_CUT if self._cut else STAYS) << self._waits
        return at - self._since >= stays

    def _change(self, place: str, at: Tick) -> None:
        soon = self._since is not None and at - self._since < SOON
        self._waits = min(MOST_WAITS, self._waits + 1) if soon else max(0, self._waits - 1)
        self._place, self._seen, self._since, self._cut, self._missed = place, at, at, False, 0


def _places(sight: Sight) -> dict[str, float]:
    """Return what a look says of places."""
    return {place: value for place, value in sight.places if place != "meadow" or sight.green >= GREEN}


class Surroundings:
    """What describes the ambience: the room's own words, what the host speaks of, or the picture; never flickering."""

    def __init__(self, described: float = 1.0) -> None:
        """See ``PlaceSense``."""
        self.picture = PlaceSense(described)
        self._overrides = described >= 1.0
        self.words = self.source = ""
        """What describes the ambience in place of the room's words, and who says so (``host``, ``picture``)."""
        self._since: Tick | None = None

    def settle(self, at: Tick, described: bool, host: str) -> bool:
        """Say whether the ambience is another one at ``at``; ``host`` is the place the host speaks of, ``described``
        tells that the room's description names one."""
        wanted = ("", "")
        if not described and host:
            wanted = (host, "host")
        elif not (described and self._overrides) and (seen := self.picture.words(against=described)):
            wanted = (seen, "picture")
        if wanted == (self.words, self.source):
            return False
        waits = self._since is not None and at - self._since < STAYS_AT_CUT
        if waits and not (described and self.words):
            return False
        self.words, self.source, self._since = *wanted, at
        return True
