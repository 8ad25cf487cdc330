"""What a worker that may die counts: one that is started again counts from 1 again, and means something else."""

from __future__ import annotations

from dataclasses import replace

from livefoley.core.highlights import Evidence


class EvidenceIds:
    """Lets the ids of a worker's evidence, or of what else it counts, go on counting over its lives."""

    def __init__(self) -> None:
        self._before = self._last = 0

    def restart(self) -> None:
        """The worker is a new one."""
        self._before = self._last

    def unique(self, evidence: Evidence) -> Evidence:
        """Return the evidence with the id by which the room knows it."""
        return replace(evidence, id=self.number(evidence.id))

    def number(self, given: int) -> int:
        """Return the id by which the room knows what the worker calls ``given``."""
        made = self._before + given
        self._last = max(self._last, made)
        return made
