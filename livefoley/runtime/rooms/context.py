"""What a room knows beside its picture and its description: what the host names, and what its thumbs said."""

from __future__ import annotations

from collections import deque

from livefoley.core.errors import InputError
from livefoley.core.events import Mention
from livefoley.core.families import Family
from livefoley.core.snapshots import ContextSnapshot, LeaningSnapshot
from livefoley.core.ticks import Tick
from livefoley.engine.choice import Choice, Leaning
from livefoley.engine.leanings.host import HostContext
from livefoley.engine.leanings.thumbs import Thumbs

KEPT_ACTIONS = 256
UNKNOWN = "unknown"  # what is told in place of a family where none is known


class RoomContext:
    """Mentions, thumbs and the actions they are about in; a leaning out. Time is in ticks of the room."""

    def __init__(self, steer: bool = False) -> None:
        """With ``steer``, what the host names counts."""
        self.steer = steer
        self.names = 0  # things and places that were named
        self._host = HostContext()
        self._thumbs = Thumbs()
        self._given = 0
        self._actions: deque[tuple[int, Family | None]] = deque(maxlen=KEPT_ACTIONS)

    def leaning(self, at: Tick) -> Leaning:
        """Return what speaks for families at ``at``."""
        return self._host.leaning(at).joined(self._thumbs.leaning(at))

    def named(self, mention: Mention) -> None:
        """Take what the host or the screen names."""
        if self.steer:
            self.names += 1
            self._host.take(mention)

    def chosen(self, number: int, choice: Choice) -> None:
        """Remember what was chosen for a movement, by the number of its event."""
        if choice.prompt is not None:
            self._actions.append((number, choice.family))

    def thumb(self, number: int, up: bool, at: Tick) -> Family | None:
        """Judge the sound that the event ``number`` told of; return its family. Raises ``InputError`` for another."""
        found = dict(self._actions)
        if number not in found:
            raise InputError(f"event {number} is none of the last {KEPT_ACTIONS} actions that made a sound")
        family = found[number]
        self._thumbs.give(family, up, at)
        self._given += 1
        return family

    def snapshot(self, at: Tick) -> ContextSnapshot:
        """Return what counts at ``at``."""
        raised = tuple(
            LeaningSnapshot(each.family.value, each.word, round(each.weight, 2)) for each in self._host.raised(at)
        )
        thumbs = tuple(
            LeaningSnapshot(family.value if family is not None else UNKNOWN, "", round(weight, 2))
            for family, weight in self._thumbs.weights(at).items()
            if abs(weight - 1.0) >= 0.01
        )
        return ContextSnapshot(steered=self.steer, names=self.names, raised=raised, given=self._given, thumbs=thumbs)
