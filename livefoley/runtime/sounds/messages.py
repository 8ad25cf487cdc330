"""What is said between the rooms and the workers that make sounds; see `runtime.workers.link` for how it travels."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec
import numpy as np

from livefoley.core.cues import Sound, SoundRequest, Stereo
from livefoley.core.snapshots import EmbeddingCacheSnapshot, RenderCacheSnapshot
from livefoley.foley.student.settings import StudentSettings
from livefoley.runtime.workers.link import Link, Message

# ---- answers of both ----


class SoundMade(Message, frozen=True):
    """A sound for the request of this number; the payload is its samples."""

    number: int
    onset: int
    source: str
    name: str
    tags: tuple[str, ...]
    seed: int

    @classmethod
    def of(cls, number: int, sound: Sound) -> SoundMade:
        """Return what tells of ``sound``."""
        return cls(number, sound.onset, sound.source, sound.name, sound.tags, sound.seed)

    def sound(self, payload: bytes) -> Sound:
        """Return what was told."""
        return Sound(stereo_from(payload), self.onset, self.source, self.name, self.tags, self.seed)


# ---- the bank and the beds ----


class OpenBank(Message, frozen=True):
    """Serve from these libraries, too; paths. It comes first."""

    libraries: tuple[str, ...]


class BankNames(Message, frozen=True):
    """The bank is open; its effects."""

    names: tuple[str, ...]


class DescribeRoom(Message, frozen=True):
    """What a room sounds like from now on."""

    room: str
    text: str
    seed: int


class ForgetRoom(Message, frozen=True):
    """The room is gone."""

    room: str


class GiveSegment(Message, frozen=True):
    """A segment for a room's bed, which ``source`` made of ``text``; the payload is its samples."""

    room: str
    text: str
    source: str


class MakeSound(Message, frozen=True):
    """Make the sound of a cue."""

    number: int
    request: SoundRequest


class NoSound(Message, frozen=True):
    """The bank has nothing that fits."""

    number: int


class MakeBed(Message, frozen=True):
    """Make the next ``length`` ticks of a room's bed."""

    number: int
    room: str
    length: int


class BedMade(Message, frozen=True):
    """A piece of bed and who made it; the payload is its samples."""

    number: int
    source: str


class RenderCacheFigures(Message, frozen=True):
    """What was rendered by now and what was there already; told when it has changed."""

    figures: RenderCacheSnapshot


ToFoley: TypeAlias = OpenBank | DescribeRoom | ForgetRoom | GiveSegment | MakeSound | MakeBed
FromFoley: TypeAlias = BankNames | SoundMade | NoSound | BedMade | RenderCacheFigures
FOLEY = Link[ToFoley, FromFoley](ToFoley, FromFoley)

# ---- the student ----


class OpenStudent(Message, frozen=True):
    """Load a model."""

    settings: StudentSettings


class StudentOpened(Message, frozen=True):
    """The model is there; ``batch`` is how many jobs it takes at once."""

    model: str
    device: str
    steps: int
    batch: int


class NoStudent(Message, frozen=True):
    """Why there is none."""

    reason: str


class BatchKind(StrEnum):
    """What the jobs of a batch are for."""

    CUES = "cues"
    BEDS = "beds"


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of a batch."""

    number: int
    request: SoundRequest


class MakeBatch(Message, frozen=True):
    """Make these at once; each is answered, then comes ``BatchDone``."""

    kind: BatchKind
    jobs: tuple[Job, ...]


class SoundRefused(Message, frozen=True):
    """Why a job's sound cannot be made; with ``fault`` the model is to blame."""

    number: int
    reason: str
    fault: bool


class BatchDone(Message, frozen=True):
    """How long a batch took, and where the texts' embeddings have come from so far."""

    cost_s: float
    embeddings: EmbeddingCacheSnapshot


ToStudent: TypeAlias = OpenStudent | MakeBatch
FromStudent: TypeAlias = StudentOpened | NoStudent | SoundMade | SoundRefused | BatchDone
STUDENT = Link[ToStudent, FromStudent](ToStudent, FromStudent)

# ---- payloads ----


def stereo_bytes(samples: Stereo) -> bytes:
    """``[2, n]`` float32, one channel after the other."""
    return np.ascontiguousarray(samples, np.float32).tobytes()


def stereo_from(payload: bytes) -> Stereo:
    return np.frombuffer(payload, np.float32).reshape(2, -1)
