"""The worker that makes sounds for all rooms of a process: ``python -m livefoley.runtime.workers.foley_worker``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from livefoley.core.snapshots import RenderCacheSnapshot
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.foley.source import Foley
from livefoley.runtime.sounds.messages import (
    FOLEY,
    BankNames,
    BedMade,
    DescribeRoom,
    ForgetRoom,
    FromFoley,
    GiveSegment,
    MakeBed,
    MakeSound,
    NoSound,
    OpenBank,
    RenderCacheFigures,
    SoundMade,
    ToFoley,
    stereo_bytes,
    stereo_from,
)
from livefoley.runtime.workers.child import Answer, serve


class FoleyWorker:
    """Answers with sounds and pieces of bed; every answer carries the number of its request."""

    def __init__(self) -> None:
        self._foley = Foley()
        self._beds: dict[str, ProceduralBed] = {}
        self._told = RenderCacheSnapshot()

    def handle(self, message: ToFoley, payload: bytes) -> Iterator[Answer[FromFoley]]:
        """Yield the answer to one request, and what has changed by it."""
        match message:
            case OpenBank(libraries):
                self._foley = Foley([Path(path) for path in libraries])
                self._beds.clear()
                yield BankNames(tuple(self._foley.bank.names())), b""
            case DescribeRoom(room, text, seed):
                self._beds[room] = self._foley.bed(room, text, seed)
                self._foley.warm(text)
            case ForgetRoom(room):
                self._beds.pop(room, None)
                self._foley.close(room)
            case GiveSegment(room, text, source):
                self._foley.give(room, text, stereo_from(payload), source)
            case MakeSound():
                yield self._sound(message)
            case MakeBed(number, room, length):
                bed = self._beds[room]
                samples = bed.read(length)
                yield BedMade(number, bed.source), stereo_bytes(samples)
        figures = self._foley.statistics()
        if figures != self._told:
            self._told = figures
            yield RenderCacheFigures(figures), b""

    def _sound(self, asked: MakeSound) -> Answer[FromFoley]:
        sound = self._foley.make(asked.request)
        if sound is None:
            return NoSound(asked.number), b""
        return SoundMade.of(asked.number, sound), stereo_bytes(sound.samples)


if __name__ == "__main__":
    serve(FOLEY, FoleyWorker().handle)
