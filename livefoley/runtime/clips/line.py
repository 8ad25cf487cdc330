"""Which clips wait and which are being made: live ones first, batch ones on half of the slots at most."""

from __future__ import annotations

from livefoley.clips.model import Priority

MAX_WAITING = 64  # of each priority


class ClipLine:
    """Clips by their ids, the next first. ``slots`` is how many may be made at once."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._waiting: dict[str, Priority] = {}
        self._making: dict[str, Priority] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def making(self) -> tuple[str, ...]:
        """Those being made, the one that began first in front."""
        return tuple(self._making)

    @property
    def is_empty(self) -> bool:
        """Whether none waits and none is being made."""
        return not self._waiting and not self._making

    def is_full(self, priority: Priority) -> bool:
        """Say whether no more may wait; batch ones take no room from live ones."""
        return _count(self._waiting, priority) >= MAX_WAITING

    def add(self, clip_id: str, priority: Priority) -> None:
        """Let a clip wait behind the others."""
        self._waiting[clip_id] = priority

    def take(self) -> str | None:
        """Return the clip that is to be made next, which counts as being made; None when none may be."""
        if len(self._making) >= self._slots:
            return None
        batch_too = _count(self._making, Priority.BATCH) < max(1, self._slots // 2)
        for priority in (Priority.LIVE, *((Priority.BATCH,) if batch_too else ())):
            for clip_id, own in self._waiting.items():
                if own is priority:
                    self._making[clip_id] = self._waiting.pop(clip_id)
                    return clip_id
        return None

    def interrupt(self) -> dict[str, Priority]:
        """Return what was being made, which is not any more."""
        unfinished, self._making = self._making, {}
        return unfinished

    def put_first(self, clips: dict[str, Priority]) -> None:
        """Let clips wait in front of the others."""
        self._waiting = {**clips, **self._waiting}

    def forget(self, clip_id: str) -> None:
        """Forget a clip, wherever it is."""
        self._waiting.pop(clip_id, None)
        self._making.pop(clip_id, None)


def _count(clips: dict[str, Priority], priority: Priority) -> int:
    return sum(own is priority for own in clips.values())
