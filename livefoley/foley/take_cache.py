"""What the student made for actions, kept: a movement that recurs is answered at once, now and then by a fresh take.

Without this a fast scene would ask the network eight times a second for what nobody can tell apart.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from livefoley.core.cues import Cue, Sound

KEPT = 6
RENEW_EVERY = 12
MOST_PROMPTS = 96
MOST_BYTES = 64_000_000
STRENGTHS = (0.35, 0.7, 1.0)


def strength_of(cue: Cue) -> float:
    """Return the nearest of the strengths that takes are made at."""
    return min(STRENGTHS, key=lambda strength: abs(strength - cue.intensity))


@dataclass(slots=True)
class _Kept:
    takes: deque[Sound] = field(default_factory=deque)
    asked: int = 0


class TakeCache:
    """The last takes of each prompt at each strength, the least used prompt forgotten first; bounded in memory."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, float], _Kept] = OrderedDict()
        self.bytes = 0

    def draw(self, cue: Cue) -> Sound | None:
        """Return a take for ``cue``; None when a fresh one should be made."""
        kept = self._of(cue)
        kept.asked += 1
        return None if len(kept.takes) < KEPT or kept.asked % RENEW_EVERY == 0 else self._chosen(kept, cue)

    def spare(self, cue: Cue) -> Sound | None:
        """Return a take for ``cue`` where no fresh one can be made; None when there is none at all."""
        return self._chosen(self._of(cue), cue)

    def keep(self, cue: Cue, sound: Sound) -> None:
        """Keep what was made for ``cue``, for the oldest if there are enough."""
        kept = self._of(cue)
        kept.takes.append(sound)
        self.bytes += sound.samples.nbytes
        if len(kept.takes) > KEPT:
            self.bytes -= kept.takes.popleft().samples.nbytes
        self._bound()

    @staticmethod
    def _chosen(kept: _Kept, cue: Cue) -> Sound | None:
        return kept.takes[cue.seed % len(kept.takes)] if kept.takes else None

    def _of(self, cue: Cue) -> _Kept:
        key = (cue.prompt, strength_of(cue))
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        self._bound()
        return kept

    def _bound(self) -> None:
        while len(self._kept) > 1 and (self.bytes > self._most_bytes or len(self._kept) > MOST_PROMPTS):
            _, forgotten = self._kept.popitem(last=False)
            self.bytes -= sum(take.samples.nbytes for take in forgotten.takes)
