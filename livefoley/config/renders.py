"""The ``render:`` section: sound on demand for videos that others send, which takes processor time and disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from livefoley.config.values import HostName, Model, Place
from livefoley.renders.model import least_memory_mb


class Render(Model):
    """``POST /generate_audio`` and ``/v1/render``; off by default: they cost what a live room may need.

    ``large_pictures`` says what becomes of videos above 1080p, up to 4096x2304: watched scaled down, or refused.
    ``allowed_hosts`` are hosts of one's own network from which videos may be fetched, by http and on any port, too.
    """

    enabled: bool = False
    directory: Place = Path("out/renders")
    jobs: Annotated[int, Field(ge=1, le=64)] = 1
    waiting: Annotated[int, Field(ge=0, le=10_000)] = 16
    processes: Annotated[int, Field(ge=1, le=64)] = 2
    memory_mb: Annotated[int, Field(ge=900, le=1_000_000)] = 3072
    timeout_s: Annotated[float, Field(ge=10, le=86_400)] = 900.0
    max_mb: Annotated[int, Field(ge=1, le=100_000)] = 512
    max_duration_s: Annotated[float, Field(ge=1, le=1800)] = 300.0
    large_pictures: Literal["scale_down", "refuse"] = "scale_down"
    per_minute: Annotated[float, Field(ge=0, le=100_000)] = 30.0
    wait_s: Annotated[float, Field(ge=0, le=900)] = 120.0
    keep_s: Annotated[float, Field(ge=10, le=2_592_000)] = 3600.0
    disk_mb: Annotated[int, Field(ge=100, le=100_000_000)] = 4000
    allowed_hosts: Annotated[tuple[HostName, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _has_memory(self) -> Render:
        least = least_memory_mb(self.max_duration_s)
        if self.enabled and self.memory_mb < least:
            videos = f"videos of {self.max_duration_s:g} s (max_duration_s)"
            raise ValueError(f"memory_mb: {self.memory_mb} is too little for {videos}; they take {least} at least")
        return self
