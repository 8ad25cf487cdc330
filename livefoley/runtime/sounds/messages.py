"""What may be said between the rooms and the workers that make their sounds."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from livefoley.core.cues import Sound, SoundRequest, Stereo
from livefoley.core.snapshots import EmbeddingCacheSnapshot, RenderCacheSnapshot, Seconds
from livefoley.core.text.credits import Credit
from livefoley.foley.student.settings import StudentSettings
from livefoley.runtime.workers.link import Link, Message
from livefoley.runtime.workers.messages import Unavailable


class OpenBank(Message, frozen=True):
    """Serve the built-in effects and those of the libraries at these paths."""

    libraries: tuple[str, ...]


class BankNames(Message, frozen=True):
    """The names of all effects, and how many recordings there are."""

    names: tuple[str, ...]
    recordings: int = 0


class DescribeBed(Message, frozen=True):
    """A room sounds like this from now on."""

    room: str
    text: str
    seed: int


class ForgetBed(Message, frozen=True):
    """A room is gone."""

    room: str


class GiveSegment(Message, frozen=True):
    """A segment that ``source`` made of ``text`` for a room's bed; the payload is its samples."""

    room: str
    text: str
    source: str


class MakeSound(Message, frozen=True):
    """Make a sound."""

    number: int
    request: SoundRequest


class MakeRecording(Message, frozen=True):
    """Make a sound of a recording."""

    number: int
    request: SoundRequest


class PlayBed(Message, frozen=True):
    """Play the next ``length`` ticks of a room's bed."""

    number: int
    room: str
    length: int


class SoundMade(Message, frozen=True):
    """The sound that was asked for by this number; the payload is its samples."""

    number: int
    onset: int
    source: str
    name: str
    tags: tuple[str, ...]
    seed: int
    credits: tuple[Credit, ...] = ()

    @classmethod
    def of(cls, number: int, sound: Sound) -> SoundMade:
        """Return what tells of ``sound``."""
        return cls(number, sound.onset, str(sound.source), sound.name, sound.tags, sound.seed, sound.credits)

    def sound(self, payload: bytes) -> Sound:
        """Return what was told."""
        return Sound(stereo_from(payload), self.onset, self.source, self.name, self.tags, self.seed, self.credits)


class SoundRefused(Message, frozen=True):
    """Why there is no such sound; with ``fault`` the maker failed, and the request is not to blame."""

    number: int
    reason: str
    fault: bool = False


class BedPlayed(Message, frozen=True):
    """A piece of bed, and who made it; the payload is its samples."""

    number: int
    source: str


class CacheFigures(Message, frozen=True):
    """What was rendered by now and what was there already; said when it has changed."""

    renders: RenderCacheSnapshot


ToFoley: TypeAlias = OpenBank | DescribeBed | ForgetBed | GiveSegment | MakeSound | MakeRecording | PlayBed
FromFoley: TypeAlias = BankNames | SoundMade | SoundRefused | BedPlayed | CacheFigures
FOLEY = Link[ToFoley, FromFoley](ToFoley, FromFoley)


class OpenStudent(Message, frozen=True):
    """Load a student; see ``StudentSettings``."""

    settings: StudentSettings


class StudentOpened(Message, frozen=True):
    """The student is there: its model, what runs it, in how many steps, and how many sounds it makes at once."""

    model: str
    device: str
    steps: int
    batch: int


class MakeBatch(Message, frozen=True):
    """Make these together: all cues, or all segments of beds. Each is answered, and then ``BatchDone`` is said."""

    jobs: tuple[MakeSound, ...]


class BatchDone(Message, frozen=True):
    """What the last batch took, in seconds, and where the embeddings of all texts came from."""

    cost_s: Seconds
    embeddings: EmbeddingCacheSnapshot


ToStudent: TypeAlias = OpenStudent | MakeBatch
FromStudent: TypeAlias = StudentOpened | Unavailable | SoundMade | SoundRefused | BatchDone
STUDENT = Link[ToStudent, FromStudent](ToStudent, FromStudent)


def stereo_bytes(samples: Stereo) -> bytes:
    """``[2, n]`` float32, one channel after the other."""
    return np.ascontiguousarray(samples, np.float32).tobytes()


def stereo_from(payload: bytes) -> Stereo:
    return np.frombuffer(payload, np.float32).reshape(2, -1)
