"""The worker that makes sounds for all rooms of a process: ``python -m livefoley.runtime.workers.foley_worker``."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from livefoley.core.cues import SoundRequest
from livefoley.core.snapshots import RenderCacheSnapshot
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.foley.chain import Refusal
from livefoley.foley.description import lexicon
from livefoley.foley.recordings.background import BackgroundFinder
from livefoley.foley.recordings.finder import Finder
from livefoley.foley.recordings.maker import RecordingsMaker
from livefoley.foley.source import Foley
from livefoley.foley.synth import load_tools
from livefoley.runtime.sounds.messages import (
    FOLEY,
    BankNames,
    BedPlayed,
    CacheFigures,
    DescribeBed,
    ForgetBed,
    FromFoley,
    GiveSegment,
    MakeRecording,
    MakeSound,
    OpenBank,
    PlayBed,
    SoundMade,
    SoundRefused,
    ToFoley,
    stereo_bytes,
    stereo_from,
)
from livefoley.runtime.workers.child import Answer, serve

TOOLS_S = 60.0  # nobody waits for them then, and everybody needs the processor before


class FoleyWorker:
    """Answers with sounds and pieces of bed; every answer carries the number of its request."""

    def __init__(self) -> None:
        self._foley = Foley()
        self._finder = BackgroundFinder(Finder(()))
        self._recordings = RecordingsMaker(self._finder.find, 0)
        self._beds: dict[str, ProceduralBed] = {}
        self._told = RenderCacheSnapshot()
        self._tools = threading.Timer(TOOLS_S, load_tools)
        self._tools.daemon = True

    def handle(self, message: ToFoley, payload: bytes) -> Iterable[Answer[FromFoley]]:
        """Yield the answer to one message, and what has changed by it."""
        yield from self._answers(message, payload)
        renders = self._foley.statistics()
        if renders != self._told:
            self._told = renders
            yield CacheFigures(renders), b""

    def _answers(self, message: ToFoley, payload: bytes) -> Iterable[Answer[FromFoley]]:
        match message:
            case OpenBank(libraries):
                self._foley = Foley([Path(path) for path in libraries])
                self._beds.clear()
                self._finder = BackgroundFinder(Finder(self._foley.libraries))
                self._recordings = RecordingsMaker(self._finder.find, self._finder.count)
                return [(BankNames(self._foley.bank.names(), self._finder.count), b"")]
            case DescribeBed(room, text, seed):
                self._beds[room] = self._foley.bed(room, text, seed)
                self._foley.warm(text)
                self._finder.expect(lexicon.sounds_asked_for(text))
            case ForgetBed(room):
                self._beds.pop(room, None)
                self._foley.close(room)
            case GiveSegment(room, text, source):
                self._foley.add_segment(room, text, stereo_from(payload), source)
            case MakeSound(number, request):
                return [self._sound(number, request)]
            case MakeRecording(number, request):
                return [self._recording(number, request)]
            case PlayBed(number, room, length):
                self._expect_renders()
                bed = self._beds[room]
                return [(BedPlayed(number, str(bed.source)), stereo_bytes(bed.read(length)))]
        return []

    def _expect_renders(self) -> None:
        """Load the tools of rendering a while after the first stream began: beds are renewed every few minutes."""
        if self._tools.ident is None:
            self._tools.start()

    def _sound(self, number: int, request: SoundRequest) -> Answer[FromFoley]:
        sound = self._foley.make(request)
        if sound is None:
            return SoundRefused(number, "has no such sound"), b""
        return SoundMade.of(number, sound), stereo_bytes(sound.samples)

    def _recording(self, number: int, request: SoundRequest) -> Answer[FromFoley]:
        made = self._recordings.make(request)
        if isinstance(made, Refusal):
            return SoundRefused(number, made.reason, made.fault), b""
        return SoundMade.of(number, made), stereo_bytes(made.samples)


if __name__ == "__main__":
    serve(FOLEY, FoleyWorker().handle)
