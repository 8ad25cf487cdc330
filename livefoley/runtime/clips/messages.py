"""What is said between the sidecar and the worker that makes clips; see `runtime.workers.link` for how it travels."""

from __future__ import annotations

from typing import TypeAlias

from livefoley.clips.jobs.job import Record
from livefoley.clips.model import ClipState, Priority
from livefoley.clips.tool_settings import ToolSettings
from livefoley.runtime.workers.link import Link, Message


class OpenTools(Message, frozen=True):
    """What clips are made with; it comes first."""

    tools: ToolSettings


class MakeClip(Message, frozen=True):
    """Make the clip whose job lies in ``directory``, an absolute path."""

    id: str
    directory: str
    priority: Priority


class WithdrawClip(Message, frozen=True):
    """Delete what was published of a clip."""

    prefix: str
    content_id: str


class ClipProgress(Message, frozen=True):
    """How far a clip is, ``part`` in 0..1."""

    id: str
    state: ClipState
    part: float


class ClipOver(Message, frozen=True):
    """What became of a clip."""

    id: str
    record: Record


ToClips: TypeAlias = OpenTools | MakeClip | WithdrawClip
FromClips: TypeAlias = ClipProgress | ClipOver
CLIPS = Link[ToClips, FromClips](ToClips, FromClips)
