"""What an operator says of sound on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from livefoley.foley.student.settings import StudentSettings
from livefoley.renders.fetch import FetchLimits
from livefoley.renders.job import RenderDirectory, RenderJob
from livefoley.renders.model import RenderLimits
from livefoley.renders.order import Order


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """``jobs`` are made at once, ``waiting`` more may wait. ``disk_bytes`` is for all that waits and all that can be
    had, which is for ``keep_s``."""

    directory: Path
    limits: RenderLimits = field(default_factory=RenderLimits)
    fetch: FetchLimits = field(default_factory=FetchLimits)
    jobs: int = 1
    waiting: int = 16
    disk_bytes: int = 4_000_000_000
    keep_s: float = 3600.0
    provider: str = "livefoley"
    libraries: tuple[Path, ...] = ()
    student: StudentSettings | None = None

    def order(self, job: RenderJob, place: RenderDirectory) -> Order:
        """Return what the process that makes ``job`` is told."""
        return Order(
            source=place.input,
            output=place.result(job.request.output_format),
            content_id=job.content_id,
            provider=self.provider,
            libraries=self.libraries,
            student=self.student,
            request=job.request,
            limits=self.limits,
        )
