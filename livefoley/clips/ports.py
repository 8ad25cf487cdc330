"""What the making of a clip asks of others: checks before it is published, marks in it, and the place it goes to.

All of it is synchronous and runs in a worker process, never in the room's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.clips.jobs.files import ClipInput
from livefoley.clips.model import ClipFiles, ClipMetadata, Finding, Watermark
from livefoley.core.cues import Stereo
from livefoley.core.events import Transcript


class Checks(Protocol):
    """Looks at a clip that is otherwise ready."""

    def run(self, files: ClipFiles, metadata: ClipMetadata) -> Sequence[Finding]:
        """Return what is wrong or worth knowing; one that ``blocks`` quarantines the clip.

        A check that cannot be made is a finding that blocks, too: what nobody looked at is not published.
        """
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """What is said in a clip, and how it was found out: ``live`` or ``full``; empty where nobody speaks."""

    transcripts: tuple[Transcript, ...]
    by: str


WaitForSaid: TypeAlias = Callable[[], Said]
"""Waits for what is said, not for long; called once."""


class Captions(Protocol):
    """Says what is said in a clip."""

    def begin(self, clip_input: ClipInput, live: Sequence[Transcript], *, patient: bool) -> WaitForSaid:
        """Begin, beside what else is done for the clip, and return what waits for the words.

        ``live`` is what was heard in it live; it stands in for words that come too late. ``patient``: nobody waits.
        """
        ...


class Marks(Protocol):
    """Labels generated sound as generated."""

    @property
    def visible(self) -> bool:
        """Whether the clip's first pictures say so."""
        ...

    def noticed(self, stem: Stereo) -> Stereo:
        """Return the generated sound (``[2, n]``, 48 kHz) with a notice that one hears, where one is wanted."""
        ...

    def watermark(self, sound: Stereo, content_id: str) -> Stereo:
        """Return the inaudible mark of ``content_id`` that is to be added to ``sound`` (``[2, n]``, 48 kHz)."""
        ...

    def read_watermark(self, sound: NDArray[np.float32], content_id: str) -> Watermark:
        """Look for the mark of ``content_id`` in ``sound`` (``[n]`` or ``[2, n]``, 48 kHz)."""
        ...

    def label_container(self, path: Path, metadata: ClipMetadata) -> None:
        """Write provider, content id and the AI flag into the file's own metadata. Raises ``OutputError``."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """Where a clip is. ``created`` is false when it was there already: nothing was written twice.

    ``prefix`` is the key of its directory in the store, which is its path below ``/clips/``, too; empty while it
    ``waits`` on this disk for the target to answer again.
    """

    content_id: str
    location: str  # of the directory: a path, or a URL without secrets
    created: bool = True
    prefix: str = ""
    waits: bool = False


class Publisher(Protocol):
    """Brings finished clips to where they are fetched from."""

    def publish(self, files: ClipFiles, metadata: ClipMetadata) -> Published:
        """Publish all files or none, once for each content id. Raises ``OutputError`` when the target refuses."""
        ...

    def withdraw(self, prefix: str, content_id: str = "") -> None:
        """Delete what was published under ``prefix``, if anything, and what waits to be. Raises ``OutputError``."""
        ...
