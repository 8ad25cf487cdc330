"""Which student is opened, and how; plain data, for whoever starts the process that opens it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StudentSettings:
    """A model by name or path, and what runs it. ``steps`` None: as many as the model is made for."""

    model: str = "nano"
    device: str = "auto"
    threads: int = 2
    steps: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it for another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> StudentSettings:
        """Return it; raises ``KeyError`` or ``TypeError`` for what is none."""
        return cls(**given)
