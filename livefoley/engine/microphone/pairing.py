"""What a room's microphone has been found to hear of what is seen to move: pairs, counted against chance.

A movement and an onset of the sound that lie close together are a pair, and many pairs are accidents: talk and music
have onsets all the time. The share of moments a second away that would have made a pair as well is the chance, and
only what goes beyond it counts. Everything fades, so that nothing learned stays for ever.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from livefoley.core.events import MotionOnset
from livefoley.core.families import Family
from livefoley.core.ticks import Tick, ticks_from_s

MAX_KINDS = 48
ROOM_HALF_LIFE: Tick = ticks_from_s(900.0)
KIND_HALF_LIFE: Tick = ticks_from_s(300.0)

PRIOR, PRIOR_WEIGHT = 0.3, 6.0
"""How likely a movement is heard before anything is known, and so many movements' worth of that."""

ENOUGH, SURE, DOUBTFUL = 12.0, 3.0, 1.5
"""Movements after which, and standard deviations beyond chance from which on, a microphone hears what moves; it does
until it comes back below the last."""
LEAST_SHARE = 0.15  # of the movements it must have heard beyond chance, however sure that is
ENOUGH_OF_KIND = 8.0
LEAST_LIKELIHOOD = 0.25
USUAL = 0.5  # a kind that is heard this much as often as the room's movements are is as good as any

SEEN = 0.2  # a family less likely than that says nothing
PERSON = 0.1
LARGE = 0.02  # share of the picture
COLUMNS, ROWS = 3, 2


class Kind(NamedTuple):
    """What movements have in common: what is seen, where in the picture, and whether it is large."""

    seen: str
    column: int
    row: int
    large: bool


def kind_of(onset: MotionOnset) -> Kind:
    """Return the kind of a movement."""
    column, row = (min(n - 1, int(max(0.0, at) * n)) for at, n in ((onset.x, COLUMNS), (onset.y, ROWS)))
    return Kind(_seen(onset), column, row, onset.size >= LARGE)


def _seen(onset: MotionOnset) -> str:
    if onset.sight is None:
        return ""
    family, value = max(onset.sight.families, key=lambda pair: pair[1], default=(Family.SOFT, 0.0))
    if value >= SEEN:
        return family.value
    return "person" if onset.sight.person >= PERSON else ""


@dataclass(slots=True)
class Tally:
    """Movements, those that paired, how many chance would have paired, and the variance of that; all fading."""

    half_life: Tick
    at: Tick = 0
    movements: float = 0.0
    pairs: float = 0.0
    chance: float = 0.0
    variance: float = 0.0

    def add(self, paired: bool, chance: float, at: Tick) -> None:
        """Count a movement at ``at``."""
        self.fade(at)
        self.movements += 1.0
        self.pairs += paired
        self.chance += chance
        self.variance += chance * (1.0 - chance)

    def fade(self, at: Tick) -> None:
        """Let time pass up to ``at``."""
        if at > self.at:
            self.weaken(0.5 ** ((at - self.at) / self.half_life))
            self.at = at

    def weaken(self, factor: float) -> None:
        """Believe in all of it less."""
        self.movements *= factor
        self.pairs *= factor
        self.chance *= factor
        self.variance *= factor

    @property
    def beyond(self) -> float:
        """How many pairs there are beyond chance; negative below."""
        return self.pairs - self.chance

    @property
    def deviations(self) -> float:
        """The same in standard deviations of chance."""
        return self.beyond / math.sqrt(self.variance + 1.0)


class Pairing:
    """The room as a whole, and each kind of movement. Bounded; the kind not met for longest gives way."""

    def __init__(self) -> None:
        self.room = Tally(ROOM_HALF_LIFE)
        self.hears = False
        self._kinds: OrderedDict[Kind, Tally] = OrderedDict()

    def add(self, kind: Kind, paired: bool, chance: float, at: Tick) -> None:
        """Learn of a movement whether it was heard, and how likely it would have been by chance."""
        tally = self._kinds.pop(kind, None) or Tally(KIND_HALF_LIFE, at)
        self._kinds[kind] = tally
        if len(self._kinds) > MAX_KINDS:
            self._kinds.popitem(last=False)
        for each in (tally, self.room):
            each.add(paired, chance, at)
        self._decide()

    def _decide(self) -> None:
        room = self.room
        if self.hears:
            self.hears = room.deviations >= DOUBTFUL and room.beyond >= LEAST_SHARE / 2 * room.movements
        else:
            enough = room.movements >= ENOUGH and room.deviations >= SURE
            self.hears = enough and room.beyond >= LEAST_SHARE * room.movements

    def new_picture(self) -> None:
        """Another scene: what moves where is not what it was."""
        for tally in self._kinds.values():
            tally.weaken(0.5)

    def share(self, kind: Kind) -> float:
        """Return how likely a movement of a kind is heard, as far as known: the kind's own share, then the room's."""
        room = (max(0.0, self.room.beyond) + PRIOR * PRIOR_WEIGHT) / (self.room.movements + PRIOR_WEIGHT)
        tally = self._kinds.get(kind)
        if tally is None:
            return min(1.0, room)
        return min(1.0, (max(0.0, tally.beyond) + room * PRIOR_WEIGHT) / (tally.movements + PRIOR_WEIGHT))

    def likelihood(self, kind: Kind, at: Tick) -> float:
        """Return how likely a movement of a kind makes a sound: 1, or less (``LEAST_LIKELIHOOD`` at least) where the
        microphone hears what moves and has heard next to nothing of this kind."""
        tally = self._kinds.get(kind)
        if tally is None or not self.hears:
            return 1.0
        tally.fade(at)
        if tally.movements < ENOUGH_OF_KIND:
            return 1.0
        at_most = (max(0.0, tally.beyond) + math.sqrt(tally.pairs + 1.0)) / tally.movements
        usual = USUAL * self.room.beyond / self.room.movements
        return min(1.0, max(LEAST_LIKELIHOOD, at_most / usual))
