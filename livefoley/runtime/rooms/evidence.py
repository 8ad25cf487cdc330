"""Evidence from a worker that may die: one that is started again counts from 1 again, and means something else."""

from __future__ import annotations

from dataclasses import replace

from livefoley.core.highlights import Evidence


class EvidenceIds:
    """Lets the ids of a worker's evidence go on counting over its lives."""

    def __init__(self) -> None:
        self._before = self._last = 0

    def restart(self) -> None:
        """The worker is a new one."""
        self._before = self._last

    def unique(self, evidence: Evidence) -> Evidence:
        """Return the evidence with the id by which the room knows it."""
        made = replace(evidence, id=self._before + evidence.id)
        self._last = max(self._last, made.id)
        return made
