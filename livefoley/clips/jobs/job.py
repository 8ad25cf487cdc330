"""A job: a directory that holds all that the making of one clip needs, and all that has come of it so far.

``job.json`` is what shall be made and never changes, ``record.json`` how far it is. Both are replaced whole, so a job
can be gone on with after a crash, in another process or on another machine.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from livefoley.clips.model import ClipFiles, ClipReason, ClipRequest, ClipState, Finding, Heat, Priority
from livefoley.core.cues import ActionPrompts
from livefoley.core.errors import InputError
from livefoley.core.families import Family
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import PlannerSettings
from livefoley.foley.chain import StudentUse
from livefoley.system.files import write_whole

T = TypeVar("T")
JOB, RECORD = "job.json", "record.json"


@dataclass(frozen=True, slots=True)
class Job:
    """What shall be made. ``clock`` is a tick and the time of day (Unix seconds) at which the outputs carried it,
    ``due_s`` the time of day at which the last of the clip had left the room."""

    id: str
    content_id: str
    session: str
    request: ClipRequest
    mix: MixSettings
    plan: PlannerSettings
    describe: str
    seed: int
    title: str  # templates
    tags: tuple[str, ...]
    values: Mapping[str, str]
    clock: tuple[int, float]
    due_s: float
    bitrate: int = 192_000
    student: StudentUse = StudentUse.AUTO

    def to_json(self) -> str:
        """Return the document."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Return the job; raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is none."""
        fields: dict[str, Any] = json.loads(text)
        fields.update(
            request=request_from(fields["request"]),
            mix=MixSettings(**fields["mix"]),
            plan=_plan_from(fields["plan"]),
            tags=tuple(fields["tags"]),
            clock=(fields["clock"][0], fields["clock"][1]),
            student=StudentUse(fields.get("student", StudentUse.AUTO)),  # older jobs have none
        )
        return cls(**fields)


def _plan_from(fields: dict[str, Any]) -> PlannerSettings:
    """Return a plan that was written down; those of before 0.2 had the prompts among its other fields."""
    prompts = fields.pop("prompts", None) or {
        "impacts": fields.pop("impact_prompts"),
        "sweeps": fields.pop("sweep_prompts"),
    }
    lists = {name: tuple(prompts.get(name, ())) for name in ("impacts", "sweeps", "about", "calls")}
    lasting = tuple((Family(family), str(prompt)) for family, prompt in prompts.get("lasting", ()))
    said = tuple((str(prompt), str(text)) for prompt, text in prompts.get("said", ()))
    return PlannerSettings(**fields, prompts=ActionPrompts(**{**prompts, **lists, "lasting": lasting, "said": said}))


def request_from(fields: dict[str, Any]) -> ClipRequest:
    """Return a request that was written down."""
    tags = fields["tags"]
    return ClipRequest(
        **{
            **fields,
            "heat": Heat(fields["heat"]),
            "priority": Priority(fields.get("priority", Priority.LIVE)),  # older jobs have none
            "tags": tuple(tags) if tags is not None else None,
            "reasons": tuple(ClipReason(**reason) for reason in fields["reasons"]),
        }
    )


@dataclass(frozen=True, slots=True)
class Record:
    """How far a job is. ``done`` names the stages that need not be made again, ``latency_s`` how long each took."""

    state: ClipState = ClipState.QUEUED
    done: tuple[str, ...] = ()
    error: str = ""
    title: str = ""
    location: str = ""
    prefix: str = ""  # the key of what is published, in its store
    findings: tuple[Finding, ...] = ()
    released: bool = False  # somebody looked at what was found, and lets it pass
    attempts: int = 0
    latency_s: Mapping[str, float] = field(default_factory=dict)
    published_s: float = 0.0  # time of day

    def to_json(self) -> str:
        """Return the document."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Return the record; raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is none."""
        fields: dict[str, Any] = json.loads(text)
        findings = tuple(Finding(**each) for each in fields["findings"])
        return cls(
            **{**fields, "state": ClipState(fields["state"]), "done": tuple(fields["done"]), "findings": findings}
        )


class JobDirectory:
    """A job on disk. All of it blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, job: Job) -> None:
        """Write a new job down; its input must be there. Raises ``OutputError``."""
        write_whole(self.path / JOB, job.to_json(), parents=True)
        self.save(Record())

    def job(self) -> Job:
        """Return the job; raises ``InputError`` when the directory holds none."""
        return self._read(JOB, Job.from_json)

    def record(self) -> Record:
        """Return how far it is; raises ``InputError``."""
        return self._read(RECORD, Record.from_json)

    def save(self, record: Record) -> None:
        """Write down how far it is. Raises ``OutputError``."""
        write_whole(self.path / RECORD, record.to_json(), parents=True)

    def change(self, **changes: Any) -> Record:
        """Write down what changed, and return the whole."""
        record = replace(self.record(), **changes)
        self.save(record)
        return record

    def files(self, content_id: str) -> ClipFiles:
        """Return where the clip's files are made."""
        return ClipFiles(self.path / content_id)

    def forget_input(self) -> None:
        """Delete what nobody needs once the clip is published; what is told of the job stays."""
        for entry in self.path.glob("*"):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name not in (JOB, RECORD):
                with contextlib.suppress(OSError):
                    entry.unlink(missing_ok=True)

    def delete(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _read(self, name: str, parse: Callable[[str], T]) -> T:
        try:
            return parse((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.path}: holds no clip's job ({name}: {type(error).__name__})") from None
