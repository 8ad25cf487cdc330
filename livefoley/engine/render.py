"""A file's sound, made as fast as the machine can: the live engine on a virtual clock.

The same timeline, planner and mixer as a live room; only nothing can be late, because time waits for every answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Cue, Sound
from livefoley.core.events import PerceptionEvent
from livefoley.core.media import Disconnected, Packet, SourceItem, TrackInfo, Unit
from livefoley.core.ports import AudioEncoder, BedSource, DecoderFactory, EffectSource, SpeechAnalyser, VideoAnalyser
from livefoley.core.ticks import s_from_ticks
from livefoley.engine.room import RoomEngine
from livefoley.engine.room_types import Departure, RoomSettings
from livefoley.engine.timeline import ORIGIN

STEP_S = 0.04


@dataclass(frozen=True, slots=True)
class LaidSound:
    """A sound of the report: where it lies in the file, and what it is."""

    at_s: float
    kind: str
    name: str
    asked_for: str
    source: str
    pan: float
    gain_db: float


class Renderer:
    """Drives a room's engine over the items of a file. Sync; one use."""

    def __init__(
        self,
        settings: RoomSettings,
        *,
        make_decoder: DecoderFactory,
        encoder: AudioEncoder,
        stem_encoder: AudioEncoder | None,
        analyser: VideoAnalyser,
        speech: SpeechAnalyser,
        effects: EffectSource,
        bed: BedSource,
    ) -> None:
        self.sounds: list[LaidSound] = []
        self._analyser = analyser
        self._speech = speech
        self._effects = effects
        self._bed = bed
        self._found: list[PerceptionEvent] = []
        self.engine = RoomEngine(
            settings, make_decoder=make_decoder, encoder=encoder, stem_encoder=stem_encoder, taps=self
        )
        self._now = 0.0

    # ---- the engine's taps: analysed on the spot ----

    def video(self, item: TrackInfo | Unit) -> None:
        """Analyse a video item."""
        if isinstance(item, TrackInfo):
            self._analyser.configure(item)
        else:
            self._found.extend(self._analyser.feed(item))

    def audio(self, samples: NDArray[np.float32], start: int) -> None:
        """Analyse decoded sound."""
        self._found.extend(self._speech.feed(samples, start))

    # ---- the run ----

    def run(self, items: Iterable[SourceItem]) -> Iterator[Departure]:
        """Yield what leaves, in order; ``position_s`` says how far it is."""
        first_s: float | None = None
        advanced_s = 0.0
        for item in items:
            if isinstance(item, Disconnected):
                break
            if isinstance(item, Packet):
                stamp_s = float(item.dts * item.time_base)
                first_s = stamp_s if first_s is None else first_s
                self._now = max(self._now, stamp_s - first_s)
            self.engine.feed(item, self._now)
            self._answer()
            if self._now - advanced_s >= STEP_S:
                advanced_s = self._now
                yield self.engine.advance(self._now)
        yield from self._run_out()

    @property
    def position_s(self) -> float:
        """Seconds of the input taken so far."""
        return self._now

    def _run_out(self) -> Iterator[Departure]:
        self._found.extend(self._analyser.flush())
        self._answer()
        self.engine.end()
        while self.engine.clock.started and not self.engine.drained():
            self._now += STEP_S
            self._answer()
            yield self.engine.advance(self._now)
        yield self.engine.finish()

    def _answer(self) -> None:
        for event in self._found:
            self.engine.perceive(event, self._now)
        self._found.clear()
        for cue in self.engine.planner.take_cues():
            sound = self._effects.make(cue.request)
            self.engine.lay(cue.id, sound, self._now)
            if sound is not None:
                self.sounds.append(_laid(cue, sound))
        while (request := self.engine.take_bed(self._now)) is not None:
            self.engine.lay_bed(self._bed.read(request.length), request.start)


def _laid(cue: Cue, sound: Sound) -> LaidSound:
    at_s = round(s_from_ticks(cue.start - ORIGIN), 4)
    asked_for = cue.effect or cue.prompt
    return LaidSound(
        at_s, cue.kind.value, sound.name, asked_for, sound.source, round(cue.pan, 3), round(cue.gain_db, 2)
    )
