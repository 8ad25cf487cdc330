"""What is told to the process that makes the sound of one video."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livefoley.foley.student.settings import StudentSettings
from livefoley.renders.model import RenderLimits, RenderRequest, request_from_json


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be made of what: all paths are absolute."""

    source: Path
    output: Path
    content_id: str
    provider: str
    libraries: tuple[Path, ...]
    request: RenderRequest
    limits: RenderLimits
    student: StudentSettings | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the worker takes it."""
        return json.loads(json.dumps(asdict(self), default=str))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Order:
        """Return the order; raises ``KeyError`` or ``TypeError`` for what is none."""
        return cls(
            Path(given["source"]),
            Path(given["output"]),
            given["content_id"],
            given["provider"],
            tuple(map(Path, given["libraries"])),
            request_from_json(given["request"]),
            RenderLimits(**given["limits"]),
            StudentSettings.from_json(given["student"]) if given["student"] is not None else None,
        )
