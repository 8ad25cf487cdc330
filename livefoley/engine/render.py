"""A file's sound, made as fast as the machine can: the live engine on a virtual clock.

The same timeline, planner and mixer as a live room; only nothing can be late, because time waits for every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import PerceptionEvent
from livefoley.core.media import Disconnected, Packet, SourceItem, TrackInfo, Unit
from livefoley.core.ports import (
    AudioEncoder,
    BedSource,
    DecoderFactory,
    EffectSource,
    MarkFactory,
    SpeechAnalyser,
    VideoAnalyser,
)
from livefoley.core.ticks import s_from_ticks
from livefoley.engine.microphone.own_sound import OwnSoundStatistics
from livefoley.engine.offline import Answerer, LaidSound
from livefoley.engine.planner import BED_AHEAD
from livefoley.engine.room import RoomEngine
from livefoley.engine.room_types import Departure, RoomSettings

STEP_S = 0.04
BED_LEAD_S = s_from_ticks(BED_AHEAD) + 0.5
"""Nobody asks for the ambience sooner than that before it leaves: what is seen by then may change it."""


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
        make_mark: MarkFactory | None = None,
        see: Callable[[PerceptionEvent], object] = lambda event: None,
    ) -> None:
        """``see`` gets what is found, as it is found: a look-ahead before it leaves."""
        self._see = see
        self._bed_from_s = max(0.0, settings.lookahead_s - BED_LEAD_S)
        self._analyser = analyser
        self._speech = speech
        self._found: list[PerceptionEvent] = []
        self._engine = RoomEngine(
            settings,
            make_decoder=make_decoder,
            encoder=encoder,
            stem_encoder=stem_encoder,
            make_mark=make_mark,
            taps=self,
        )
        self._answerer: Answerer[float] = Answerer(self._engine, effects, bed)
        self._now = 0.0
        self._over = False

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
            self._engine.feed(item, self._now)
            self._answer()
            if self._now - advanced_s >= STEP_S:
                advanced_s = self._now
                yield self._engine.advance(self._now)
        yield from self._run_out()

    @property
    def position_s(self) -> float:
        """Seconds of the input taken so far."""
        return self._now

    def _run_out(self) -> Iterator[Departure]:
        self._found.extend(self._analyser.flush())
        self._over = True
        self._answer()
        self._engine.end()
        while self._engine.started and not self._engine.drained():
            self._now += STEP_S
            self._answer()
            yield self._engine.advance(self._now)
        yield self._engine.finish()

    def _answer(self) -> None:
        for event in self._found:
            self._see(event)
            self._engine.perceive(event, self._now)
        self._found.clear()
        self._answerer.answer(self._now, bed=self._now >= self._bed_from_s or self._over)

    @property
    def problem(self) -> str | None:
        """What of the input's own sound is not used and why, in one line, if there is something."""
        errors = self._engine.statistics().counters.decode_errors
        damaged = f"{errors} packets of the sound could not be decoded, as they are damaged"
        return self._engine.problem or (damaged if errors else None)

    @property
    def laid(self) -> list[LaidSound]:
        """The sounds so far."""
        return self._answerer.laid

    @property
    def own_sound(self) -> OwnSoundStatistics | None:
        """What was learned from the input's own sound; None where nothing was."""
        return self._engine.statistics().own_sound

    def outcomes(self) -> tuple[tuple[str, str, int], ...]:
        """Return what became of the cues: kind, outcome, how many."""
        return self._engine.statistics().planner.outcomes
