"""Foley where time waits for every sound: answers to what a track asks for, and a pass over events that are known.

Two drivers answer so: ``FoleyPass``, for clips and videos whose events are all known beforehand, and
``engine.render.Renderer``, which finds them as it goes, for its pictures leave in order and untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeAlias, TypeVar

import numpy as np

from livefoley.core.cues import Cue, Sound, Stereo
from livefoley.core.events import MotionCourse, MotionOnset, SceneCut, Speech
from livefoley.core.ports import BedSource, EffectSource
from livefoley.core.text.credits import Credit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.foley_track import FoleyTrack
from livefoley.engine.leanings.decisions import Decisions, Leans
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import BedRequest, PlannerSettings, even

PREROLL: Tick = 2 * TICK_RATE  # the bed fades in, and sounds of before ring out
BLOCK = 2048
AHEAD: Tick = 7 * TICK_RATE // 2
"""Sounds are asked for as the mix comes near them: it takes no end of them at once, and a riser needs three seconds."""
KNOWN: Tick = TICK_RATE // 2  # how much earlier than a movement the original around it is heard, and who speaks there

Time = TypeVar("Time", contravariant=True)


Moment: TypeAlias = Cue | MotionOnset | MotionCourse | SceneCut | Speech
"""What has its place in a pass."""


class Asking(Protocol[Time]):
    """Who asks for sounds: a track, or a room's engine. The time is whatever it goes by."""

    def take_cues(self) -> list[Cue]: ...

    def take_bed(self, at: Time, /) -> BedRequest | None: ...

    def lay(self, cue_id: int, sound: Sound | None, at: Time, /) -> None: ...

    def lay_bed(self, samples: Stereo, start: Tick) -> None: ...


@dataclass(frozen=True, slots=True)
class LaidSound:
    """A sound and the cue it was laid for."""

    cue: Cue
    sound: str  # its name
    source: str
    credits: tuple[Credit, ...] = ()

    @property
    def asked_for(self) -> str:
        """An effect's name, or words."""
        return self.cue.effect or self.cue.prompt


class Answerer(Generic[Time]):
    """Answers at once, with the sounds of makers that it waits for."""

    def __init__(self, asking: Asking[Time], effects: EffectSource, bed: BedSource) -> None:
        self.laid: list[LaidSound] = []
        self._asking = asking
        self._effects = effects
        self._bed = bed

    def answer(self, at: Time, *, bed: bool = True) -> None:
        """Answer whatever is asked for by now; without ``bed`` the ambience waits."""
        for cue in self._asking.take_cues():
            sound = self._effects.make(cue.request)
            self._asking.lay(cue.id, sound, at)
            if sound is not None:
                self.laid.append(LaidSound(cue, sound.name, sound.source, sound.credits))
        while bed and (request := self._asking.take_bed(at)) is not None:
            self._asking.lay_bed(self._bed.read(request.length), request.start)


class _Silence:
    """Implements ``OriginalReader``: the foley is mixed alone."""

    def read(self, start: Tick, n: int) -> Stereo:
        return np.zeros((2, n), np.float32)


class FoleyPass:
    """Makes the foley from ``start`` to ``end``; one use.

    Live, a sound that is not there in time is left out, and what was seen late is not heard at all. Here everything
    that was noticed is known from the beginning.
    """

    def __init__(
        self,
        mix: MixSettings,
        plan: PlannerSettings,
        effects: EffectSource,
        bed: BedSource,
        start: Tick,
        end: Tick,
        original: Stereo | None = None,
        *,
        leaning: Leans = even,
        decided: Decisions | None = None,
    ) -> None:
        """``original`` is the sound it will lie under, ``[2, end - start]``, to learn from; ``leaning`` and ``decided``
        are the planner's."""
        self._start, self._end = start, end
        self._begin = start - PREROLL
        self._original, self._heard = original, 0
        self._track = FoleyTrack(replace(mix, apart=True), plan, _Silence(), self._begin, None, leaning, decided)
        self._answerer: Answerer[Tick] = Answerer(self._track, effects, bed)

    def make(self, events: Sequence[Moment]) -> Stereo:
        """Return the foley, ``[2, end - start]``."""
        coming = sorted(events, key=_moment)
        blocks = []
        for at in range(self._begin, self._end, BLOCK):
            self._hear(at + AHEAD + KNOWN)
            while coming and _moment(coming[0]) < at + AHEAD:
                self._take(coming.pop(0), at)
            self._answerer.answer(at)
            foley = self._track.read(at, BLOCK).foley
            blocks.append(foley if foley is not None else np.zeros((2, BLOCK), np.float32))
        skip = self._start - self._begin
        return np.concatenate(blocks, axis=1)[:, skip : skip + self._end - self._start]

    @property
    def laid(self) -> list[LaidSound]:
        """The sounds whose moment lies inside."""
        return [laid for laid in self._answerer.laid if self._start <= laid.cue.start < self._end]

    def _hear(self, until: Tick) -> None:
        """Let the track hear the original up to ``until``."""
        if self._original is None:
            return
        last = min(until - self._start, self._original.shape[1])
        for begin in range(self._heard, last, BLOCK):
            block = self._original[:, begin : min(begin + BLOCK, last)]
            self._track.hear(block.mean(axis=0), self._start + begin)
        self._heard = max(self._heard, last)

    def _take(self, event: Moment, at: Tick) -> None:
        if isinstance(event, Cue):
            self._track.accent(event, at)
        else:
            self._track.perceive(event, at)


def _moment(event: Moment) -> Tick:
    if isinstance(event, Cue):
        return event.start
    return event.at - KNOWN if isinstance(event, Speech) else event.at
