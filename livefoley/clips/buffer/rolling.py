"""A room's last minutes, ready to be cut: encoded pictures by group, the original sound and the foley apart, events.

Sans-IO: what goes to disk is handed to a `ChunkStore`, and time is told by what comes in. Everything lies where the
room's outputs carried it. It is bounded in time, in memory and on disk: what is too old goes, what memory has no room
for goes to disk, what fits in neither is dropped, the oldest first, and counted. Sound is kept as 16-bit samples, and
no sample of it more than twice; foley that is silent costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from livefoley.clips.buffer.choices import RecentChoices
from livefoley.clips.buffer.chunks import Block, Chunk, Group, Picture
from livefoley.clips.buffer.selection import Selection, select, start_of
from livefoley.core.cues import Cue, Stereo
from livefoley.core.event_json import Event
from livefoley.core.events import Speech
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks
from livefoley.engine.hold import is_filler

BLOCK: Tick = 2 * TICK_RATE  # of sound
MAX_EVENTS = 20_000
MAX_STORING = 16  # chunks on their way to a disk that does not answer


@dataclass(frozen=True, slots=True)
class BufferLimits:
    """How much is kept. Without ``disk_bytes`` nothing is written."""

    keep: Tick = 180 * TICK_RATE
    memory_bytes: int = 64_000_000
    disk_bytes: int = 0


class ChunkStore(Protocol):
    """Where chunks go that memory has no room for. Nothing here blocks."""

    def put_nowait(self, chunk: Chunk) -> None:
        """Store a chunk; `RollingBuffer.chunk_stored` is told when that is done."""
        ...

    def drop_nowait(self, chunk: Chunk) -> None:
        """Delete a chunk, after all that was asked for before."""
        ...


@dataclass(frozen=True, slots=True)
class BufferStatistics:
    """What is kept now, and counts since the room began."""

    seconds: float
    memory_bytes: int
    disk_bytes: int
    dropped_pictures: int  # could not be kept: a group too large, or no room for it
    dropped_bytes: int
    dropped_events: int
    stored: int  # chunks that went to disk
    chunk_store_errors: int


class RollingBuffer:
    """See the module. For one thread; ``chunk_store`` may be given later calls from the same thread only."""

    def __init__(self, limits: BufferLimits, chunk_store: ChunkStore | None = None) -> None:
        self._limits = limits
        self._chunk_store = chunk_store if limits.disk_bytes else None
        self._info: TrackInfo | None = None
        self._open: Group | None = None  # the group whose next picture comes
        self._groups: deque[Group] = deque()
        self._sound: deque[Block] = deque()
        self._pending: list[tuple[bytes, bytes]] = []
        self._pending_start: Tick = 0
        self._end: Tick = 0  # of the sound, the tick that leaves next
        self._events: deque[tuple[Tick, Event | Cue]] = deque()
        self._speech: Speech | None = None  # the last one that was too old to be kept
        self.choices = RecentChoices()
        self._number = 0
        self._memory = self._disk = self._storing = 0
        self._dropped_pictures = self._dropped_bytes = self._dropped_events = 0
        self._stored = self._chunk_store_errors = 0

    @property
    def end(self) -> Tick:
        """The tick up to which everything has left the room."""
        return self._end

    @property
    def begin(self) -> Tick:
        """The first tick of sound that is kept."""
        return self._sound[0].start if self._sound else self._pending_start

    # ---- in ----

    def picture(self, item: OutputItem) -> None:
        """Take the next item of the programme; of its tracks only the picture is kept."""
        if item.kind is not MediaKind.VIDEO:
            return
        if isinstance(item, TrackInfo):
            self._info = item
            self._close_group()
        elif not is_filler(item):  # what stands in for an absent publisher is no part of a clip
            self._take(item)

    def sound(self, start: Tick, original: Stereo, stem: Stereo | None) -> None:
        """Take the next block of sound ``[2, n]`` that begins at ``start``, contiguous."""
        if self._pending and start != self._end:
            self._close_block()
        if not self._pending:
            self._pending_start = start
        self._pending.append((_packed(original), _packed(stem) if stem is not None and stem.any() else b""))
        self._end = start + original.shape[1]
        if self._end - self._pending_start >= BLOCK:
            self._close_block()
            self._make_room()

    def event(self, event: Event) -> None:
        """Take what perception or the recogniser reports, in any order."""
        self._note(event)

    def accent(self, cue: Cue) -> None:
        """Take an accent that the room lays."""
        self._note(cue)

    def describe(self, text: str) -> None:
        """The room sounds like this from now on."""
        self.choices.describe(text, self._end)

    def _note(self, what: Event | Cue) -> None:
        self._events.append((start_of(what), what))
        if len(self._events) > MAX_EVENTS:
            self._events.popleft()
            self._dropped_events += 1

    # ---- out ----

    def select(self, start: Tick, end: Tick, around: Tick | None = None, exact: bool = False) -> Selection:
        """Return what there is from ``start`` to ``end``; the parameters that hold at ``around`` hold throughout.

        Unless ``exact`` it ends where it can without a picture being encoded again, a few pictures later. It ends with
        what was sent: for what is held, or silent, while the publisher is away there is no clip. Raises ``InputError``
        when there is nothing.
        """
        self._close_block()
        groups = [*self._groups, *([self._open.copy()] if self._open is not None else [])]
        wanted = [*([self._speech] if self._speech is not None else []), *(what for _, what in self._events)]
        pictured = self._info is not None
        return select(groups, list(self._sound), wanted, self.choices, start, end, around, exact, pictured)

    def statistics(self) -> BufferStatistics:
        """Return a snapshot."""
        return BufferStatistics(
            seconds=s_from_ticks(self._end - self.begin) if self._end else 0.0,
            memory_bytes=self._memory,
            disk_bytes=self._disk,
            dropped_pictures=self._dropped_pictures,
            dropped_bytes=self._dropped_bytes,
            dropped_events=self._dropped_events,
            stored=self._stored,
            chunk_store_errors=self._chunk_store_errors,
        )

    # ---- groups of pictures and blocks of sound ----

    def _take(self, unit: Unit) -> None:
        packet = unit.packet
        if packet.keyframe and self._info is not None:
            self._close_group()
            self._number += 1
            self._open = Group(self._number, self._info)
        if self._open is None:
            self._dropped_pictures += 1
            return
        self._open.add(Picture(len(packet.data), unit.pts, unit.dts, unit.epoch, packet.keyframe), packet.data)
        self._memory += len(packet.data)
        if self._open.size > self._limits.memory_bytes // 2:  # a publisher that never sends another keyframe
            self._lose(self._open)
            self._open = None

    def _close_group(self) -> None:
        if self._open is not None:
            self._groups.append(self._open)
            self._open = None
            self._make_room()

    def _close_block(self) -> None:
        if not self._pending:
            return
        self._number += 1
        original = b"".join(part for part, _ in self._pending)
        stem = b"".join(foley or bytes(len(part)) for part, foley in self._pending)
        stem = stem if any(foley for _, foley in self._pending) else b""
        self._pending.clear()
        block = Block(self._number, self._pending_start, self._end, original, stem)
        self._sound.append(block)
        self._memory += block.size

    # ---- bounds ----

    def _make_room(self) -> None:
        oldest = self._end - self._limits.keep
        for lane in (self._groups, self._sound):
            while lane and lane[0].end < oldest:
                self._forget(lane.popleft())
        self._forget_events(oldest)
        self._move_to_disk()
        while self._memory > self._limits.memory_bytes and (chunk := self._oldest()) is not None:
            self._lose(chunk)

    def _move_to_disk(self) -> None:
        """Send the oldest chunks in memory to disk until what stays fits; for want of room the oldest there go."""
        if self._chunk_store is None:
            return
        staying = self._memory - sum(chunk.size for chunk in self._chunks() if chunk.leaving)
        for chunk in sorted((each for each in self._chunks() if each.in_memory), key=lambda each: each.start):
            if staying <= self._limits.memory_bytes * 3 // 4 or self._storing >= MAX_STORING:
                return
            if not self._has_room(chunk.size):
                return
            chunk.leaving = True
            staying -= chunk.size
            self._storing += 1
            self._disk += chunk.size
            self._chunk_store.put_nowait(chunk)

    def _has_room(self, size: int) -> bool:
        """Make room for ``size`` bytes on disk; False when there cannot be so much."""
        while self._disk + size > self._limits.disk_bytes and size <= self._limits.disk_bytes:
            oldest = min((each for each in self._chunks() if each.stored), key=lambda each: each.start, default=None)
            if oldest is None:
                return False
            self._lose(oldest)
        return size <= self._limits.disk_bytes

    def chunk_stored(self, chunk: Chunk, where: object | None) -> None:
        """A chunk is on disk at ``where``, or (None) could not be written."""
        self._storing -= 1
        chunk.leaving = False
        if where is None:
            self._chunk_store_errors += 1
            self._disk -= chunk.size
            return
        self._stored += 1
        if chunk.gone:
            self._disk -= chunk.size
            return
        chunk.move(where)
        self._memory -= chunk.size

    def _chunks(self) -> Sequence[Chunk]:
        return [*self._groups, *self._sound]

    def _oldest(self) -> Chunk | None:
        return min((each for each in self._chunks() if each.in_memory), key=lambda each: each.start, default=None)

    def _lose(self, chunk: Chunk) -> None:
        """Drop a chunk for want of room."""
        self._dropped_bytes += chunk.size
        self._dropped_pictures += len(chunk.pictures) if isinstance(chunk, Group) else 0
        for lane in (self._groups, self._sound):
            if chunk in lane:
                lane.remove(chunk)  # type: ignore[arg-type]
        self._forget(chunk)

    def _forget(self, chunk: Chunk) -> None:
        """Give back what a chunk that has left its lane takes up."""
        chunk.gone = True
        if chunk.stored or chunk.leaving:
            assert self._chunk_store is not None  # noqa: S101 - for the type checker
            self._chunk_store.drop_nowait(chunk)
        if chunk.stored:
            self._disk -= chunk.size
        else:
            self._memory -= chunk.size

    def _forget_events(self, oldest: Tick) -> None:
        """Keep of what is too old only the last word on whether somebody speaks, and on how the room sounds."""
        while self._events and self._events[0][0] < oldest:
            _, event = self._events.popleft()
            if isinstance(event, Speech):
                self._speech = event
        self.choices.forget(oldest)


def _packed(samples: Stereo) -> bytes:
    """Return ``[2, n]`` as 16-bit samples, left and right in turn."""
    return np.round(np.clip(samples.T, -1.0, 1.0) * np.float32(32767)).astype("<i2").tobytes()
