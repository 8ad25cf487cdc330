"""What the host names, for about a minute: it raises what fits among what the eyes see, and may say where the room is.

A thing that is shown ("these boxes", 一双跑鞋) counts at once, one that is only spoken of when it is named again; a
place when it is named twice. All of it fades, and nothing of it makes a sound by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from livefoley.core.events import Mention
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.choice import Leaning

LASTS: Tick = 60 * TICK_RATE
"""How long what is named counts, less and less."""

RAISED = 2.0  # by how much more than usual it is believed at first
HALF_LIFE: Tick = 25 * TICK_RATE
SHOWN, SPOKEN_OF = 1.0, 0.5
ENOUGH = 0.7  # named so much, it counts
PLACE_SHOWN, PLACE_SPOKEN_OF = 0.6, 0.35
MOST_PLACES = 8


@dataclass(slots=True)
class _Named:
    """How much something was named when it was last, and since when that is enough."""

    word: str
    effect: str
    at: Tick
    score: float = 0.0
    counts_from: Tick | None = None

    def add(self, mention: Mention, score: float) -> None:
        told = mention.shown or not self.share(mention.at)  # what was shown is not called by what is only spoken of
        self.score = min(1.0, _faded(self.score, mention.at - self.at) + score)
        self.at = max(self.at, mention.at)
        if told:
            self.word, self.effect = mention.text, mention.effect or self.effect
        if self.score >= ENOUGH:
            self.counts_from = self.at

    def share(self, at: Tick) -> float:
        """Return how much it counts at ``at``: 1 when it has just been named, 0 when that is long ago."""
        if self.counts_from is None or at - self.counts_from > LASTS:
            return 0.0
        return _faded(1.0, at - self.counts_from)


@dataclass(frozen=True, slots=True)
class Raised:
    """A family that is believed more than usual, by this factor, for a word."""

    family: Family
    word: str
    weight: float


class HostContext:
    """Mentions in, a leaning out. Bounded by the families and ``MOST_PLACES``."""

    def __init__(self) -> None:
        self._things: dict[Family, _Named] = {}
        self._places: dict[str, _Named] = {}

    def take(self, mention: Mention) -> None:
        """Take what was named."""
        if mention.family is not None:
            named = self._things.setdefault(mention.family, _Named(mention.text, mention.effect, mention.at))
            named.add(mention, SHOWN if mention.shown else SPOKEN_OF)
        elif mention.place:
            if mention.place not in self._places and len(self._places) >= MOST_PLACES:
                del self._places[min(self._places, key=lambda place: self._places[place].at)]
            named = self._places.setdefault(mention.place, _Named(mention.text, "", mention.at))
            named.add(mention, PLACE_SHOWN if mention.shown else PLACE_SPOKEN_OF)

    def raised(self, at: Tick) -> list[Raised]:
        """Return what is believed more than usual at ``at``, the most first."""
        shares = {family: named.share(at) for family, named in self._things.items()}
        found = [
            Raised(family, self._things[family].word, 1.0 + RAISED * share) for family, share in shares.items() if share
        ]
        return sorted(found, key=lambda each: -each.weight)

    def leaning(self, at: Tick) -> Leaning:
        """Return what the host speaks for at ``at``."""
        raised = self.raised(at)
        effects: Mapping[Family | None, str] = {
            each.family: self._things[each.family].effect for each in raised if self._things[each.family].effect
        }
        return Leaning(
            {each.family: each.weight for each in raised},
            effects,
            {each.family: f"host: {each.word}" for each in raised},
        )

    def place(self, at: Tick) -> tuple[str, str]:
        """Return the place that counts at ``at`` and the word for it; both empty where none does."""
        share, place = max(((named.share(at), place) for place, named in self._places.items()), default=(0.0, ""))
        return (place, self._places[place].word) if share else ("", "")


def _faded(value: float, age: Tick) -> float:
    return value * float(2.0 ** (-max(0, age) / HALF_LIFE))
