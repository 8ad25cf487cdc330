"""A token bucket: so many things in a row, then one at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable


class Bucket:
    """Allows ``size`` things in a row and one more every ``interval_s``."""

    def __init__(self, size: int, interval_s: float, now: Callable[[], float]) -> None:
        self._size = size
        self._interval_s = interval_s
        self._now = now
        self._left = float(size)
        self._at = now()

    @property
    def empty(self) -> bool:
        """Whether nothing may be taken now."""
        self._refill()
        return self._left < 1

    def take(self) -> bool:
        """Take one thing; False when none is left."""
        if self.empty:
            return False
        self._left -= 1
        return True

    def _refill(self) -> None:
        now = self._now()
        self._left = min(self._size, self._left + (now - self._at) / self._interval_s)
        self._at = now


class Buckets:
    """A bucket for each of the names heard last (addresses), at most ``names`` of them."""

    def __init__(self, size: int, interval_s: float, now: Callable[[], float], names: int = 4096) -> None:
        self._bucket = size, interval_s, now
        self._names = names
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def empty(self, name: str) -> bool:
        """Whether nothing is left for ``name``."""
        bucket = self._buckets.get(name)
        return bucket is not None and bucket.empty

    def take(self, name: str) -> bool:
        """Take one thing of ``name``'s; False when none is left."""
        bucket = self._buckets.setdefault(name, Bucket(*self._bucket))
        self._buckets.move_to_end(name)
        while len(self._buckets) > self._names:
            self._buckets.popitem(last=False)
        return bucket.take()
