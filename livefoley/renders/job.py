"""A render on disk: a directory with the video, then the sound, and ``job.json``, which is replaced as a whole.

The URL a video comes from is not written down, for it may hold a secret.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from livefoley.core.errors import InputError
from livefoley.core.notices import utc
from livefoley.renders.model import (
    OutputFormat,
    Rendered,
    RenderRequest,
    RenderState,
    RenderStatus,
    rendered_from_json,
    request_from_json,
)
from livefoley.system.files import write_whole

_JOB, _INPUT = "job.json", "input"
_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """Return an id nobody can guess."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A render, and how far it is. Times are times of day (Unix seconds); ``over_s`` is 0 while it goes on."""

    id: str
    content_id: str
    request: RenderRequest
    created_s: float
    state: RenderState = RenderState.QUEUED
    attempts: int = 0
    error: str = ""
    rendered: Rendered | None = None
    over_s: float = 0.0
    bytes: int = 0  # of the sound

    @classmethod
    def from_json(cls, text: str) -> RenderJob:
        """Return the job; raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is none."""
        given = json.loads(text)
        rendered = given["rendered"]
        given.update(
            request=request_from_json(given["request"]),
            state=RenderState(given["state"]),
            rendered=rendered_from_json(rendered) if rendered is not None else None,
        )
        return cls(**given)

    def status(self, progress: float, keep_s: float) -> RenderStatus:
        """Return what is told of it."""
        request, made = self.request, self.rendered
        ready = self.state is RenderState.READY
        return RenderStatus(
            id=self.id,
            state=self.state,
            progress=1.0 if ready else progress,
            description=request.description,
            output_format=request.output_format,
            mix=request.mix,
            created_at=utc(self.created_s),
            expires_at=utc(self.over_s + keep_s) if self.over_s else None,
            error=self.error,
            problem=made.problem if made else "",
            content_id=self.content_id,
            duration_s=made.duration_s if made else None,
            sounds=made.sounds if made else None,
            took_s=made.took_s if made else None,
            sources=made.sources if made else (),
            bytes=self.bytes if ready else None,
            result=f"/v1/render/{self.id}/result" if ready else None,
        )


class RenderDirectory:
    """Where one render lies. All of it blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def input(self) -> Path:
        """The video."""
        return self.path / _INPUT

    def result(self, form: OutputFormat) -> Path:
        """Return where the sound lies."""
        return self.path / f"result.{form.value}"

    def save(self, job: RenderJob) -> None:
        """Write the job down. Raises ``OutputError``."""
        write_whole(self.path / _JOB, json.dumps(asdict(job), ensure_ascii=False, indent=1) + "\n")

    def load(self) -> RenderJob:
        """Return the job; raises ``InputError`` where there is none."""
        try:
            return RenderJob.from_json((self.path / _JOB).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.path}: holds no render ({type(error).__name__})") from None

    def keep_result_alone(self, form: OutputFormat) -> int:
        """Delete all but the job and its sound; return the size of the sound."""
        result = self.result(form)
        for entry in self.path.iterdir():
            if entry not in (result, self.path / _JOB):
                entry.unlink(missing_ok=True)
        return result.stat().st_size if result.exists() else 0

    def delete(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self.path, ignore_errors=True)


def found_in(directory: Path) -> Iterator[RenderJob]:
    """Yield the renders that an earlier process left, the oldest first; what is no whole job is deleted.

    Nothing is touched that has not the name of a render: the directory may hold other things.
    """
    jobs = []
    for path in directory.iterdir() if directory.is_dir() else ():
        if not _ID.fullmatch(path.name):
            continue
        place = RenderDirectory(path)
        try:
            jobs.append(place.load())
        except InputError:
            if path.is_dir():
                place.delete()
    yield from sorted(jobs, key=lambda job: job.created_s)
