"""What waits for a worker: the earliest deadline first, bounded; what nobody wants any more is shed before it costs."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Generic, TypeVar

Job = TypeVar("Job")


class DeadlineQueue(Generic[Job]):
    """A heap of jobs by deadline (seconds, monotonic); of equal ones the older first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[float, int, Callable[[], bool], Job]] = []
        self._numbers = itertools.count()
        self.shed = 0

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, deadline_s: float, wanted: Callable[[], bool], job: Job) -> bool:
        """Take a job; False, and counted as shed, when too many wait. ``wanted`` is asked when its turn comes."""
        if len(self._heap) >= self._limit:
            self.shed += 1
            return False
        heapq.heappush(self._heap, (deadline_s, next(self._numbers), wanted, job))
        return True

    def peek(self) -> Job | None:
        """Return the most urgent job that is still wanted, and leave it there."""
        while self._heap and not self._heap[0][2]():
            heapq.heappop(self._heap)
            self.shed += 1
        return self._heap[0][3] if self._heap else None

    def pop(self) -> Job | None:
        """Take out the most urgent job that is still wanted."""
        job = self.peek()
        if job is not None:
            heapq.heappop(self._heap)
        return job

    def expire(self, now: float) -> list[Job]:
        """Take out, count as shed and return the jobs whose deadline has passed."""
        expired: list[Job] = []
        while self._heap and self._heap[0][0] <= now:
            expired.append(heapq.heappop(self._heap)[3])
        self.shed += len(expired)
        return expired

    def clear(self) -> list[Job]:
        """Take everything out, count it as shed and return it."""
        jobs = [job for _, _, _, job in sorted(self._heap, key=lambda entry: entry[:2])]
        self._heap.clear()
        self.shed += len(jobs)
        return jobs
