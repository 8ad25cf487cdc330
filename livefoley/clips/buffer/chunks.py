"""What a rolling buffer is made of: groups of pictures and blocks of sound, in memory or on a chunk store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from livefoley.core.media import TrackInfo
from livefoley.core.ticks import Tick

BYTES_A_TICK = 4  # 16-bit stereo


class Picture(NamedTuple):
    """One encoded picture: how many bytes of its chunk it takes, and where it lies. Written down as a list."""

    size: int
    pts: Tick
    dts: Tick
    epoch: int
    keyframe: bool


class Chunk:
    """A piece of the buffer, in memory or in the chunk store (``where``)."""

    def __init__(self, number: int, start: Tick) -> None:
        self.number = number
        self.start = self.end = start
        self.parts: list[bytes] = []
        self.size = 0
        self.where: object | None = None
        self.leaving = False  # on its way to the chunk store, still in memory
        self.gone = False  # out of the buffer

    @property
    def stored(self) -> bool:
        return self.where is not None

    @property
    def in_memory(self) -> bool:
        """Say whether it is in memory and shall stay there."""
        return self.where is None and not self.leaving

    def move(self, where: object) -> None:
        """Let go of the bytes: they are at ``where`` now."""
        self.where = where
        self.parts = []


class Group(Chunk):
    """A keyframe and the pictures after it, in decode order."""

    def __init__(self, number: int, info: TrackInfo) -> None:
        super().__init__(number, 0)
        self.info = info
        self.pictures: list[Picture] = []

    def add(self, picture: Picture, data: bytes) -> None:
        """Take the next picture."""
        if not self.pictures:
            self.start = self.end = picture.pts
        self.pictures.append(picture)
        self.parts.append(data)
        self.size += picture.size
        self.start, self.end = min(self.start, picture.pts), max(self.end, picture.pts)

    def copy(self) -> Group:
        """Return the group as it is now; it shares the bytes."""
        made = Group(self.number, self.info)
        made.pictures, made.parts = list(self.pictures), list(self.parts)
        made.start, made.end, made.size = self.start, self.end, self.size
        return made


class Block(Chunk):
    """A stretch of sound: the original, and the foley (empty: silence), 16-bit stereo."""

    def __init__(self, number: int, start: Tick, end: Tick, original: bytes, stem: bytes) -> None:
        super().__init__(number, start)
        self.end = end
        self.parts = [original, stem]
        self.sizes = (len(original), len(stem))
        self.heard = _heard(original, start)  # None: nobody sends sound, or a microphone is off
        self.size = sum(self.sizes)


def _heard(samples: bytes, start: Tick) -> tuple[Tick, Tick] | None:
    """Return from where to where there is any sound in 16-bit stereo; None for silence."""
    last = len(samples.rstrip(b"\0"))
    first = len(samples) - len(samples.lstrip(b"\0"))
    return (start + first // BYTES_A_TICK, start - (-last // BYTES_A_TICK)) if last else None


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk as it was when selected: its bytes, or where they lie in the chunk store."""

    parts: tuple[bytes, ...]
    where: object | None

    @classmethod
    def of(cls, chunk: Chunk) -> Piece:
        return cls(tuple(chunk.parts), chunk.where)
