"""The foley of one timeline: what is asked for, what is laid, and its mix with the original. Planner and mixer in one.

A live room has one, and so has a pass over a file's or a clip's events: what sounds in both is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import ActionPrompts, Cue, Sound, Stereo
from livefoley.core.events import MotionCourse, MotionOnset, PerceptionEvent, SceneCut, Speech
from livefoley.core.mix import changed
from livefoley.core.ports import MarkFactory
from livefoley.core.ticks import Tick
from livefoley.engine.choice import Choice, Leaning
from livefoley.engine.leanings.decisions import Decisions
from livefoley.engine.microphone.guarded import Microphone
from livefoley.engine.microphone.programme import Programme
from livefoley.engine.mixer import Mixed, Mixer, MixerStatistics, MixSettings, OriginalReader
from livefoley.engine.planner import BedRequest, Planner, PlannerSettings, PlannerStatistics, even


class FoleyTrack:
    """``at`` is the tick that leaves now; calls come in its order."""

    def __init__(
        self,
        mix: MixSettings,
        plan: PlannerSettings,
        original: OriginalReader,
        start: Tick,
        make_mark: MarkFactory | None = None,
        leaning: Callable[[Tick], Leaning] = even,
        decided: Decisions | None = None,
    ) -> None:
        self._mixer = Mixer(mix, original, start, make_mark=make_mark)
        self._planner = Planner(plan, leaning, decided)
        self.microphone = Microphone(plan.learn)
        self.programme = Programme(mix.follow)

    # ---- how it shall sound ----

    @property
    def mix(self) -> MixSettings:
        """The levels."""
        return self._mixer.settings

    def set_mix(self, changes: Mapping[str, float | bool]) -> None:
        """Change controls by name (``core.mix.MixControls``), smoothly."""
        self._mixer.settings = changed(self._mixer.settings, changes)

    @property
    def plan(self) -> PlannerSettings:
        """What is asked for."""
        return self._planner.settings

    def replan(self, prompts: ActionPrompts) -> None:
        """Ask for other sounds of actions from now on."""
        self._planner.settings = replace(self._planner.settings, prompts=prompts)

    # ---- what is asked for ----

    def perceive(self, event: PerceptionEvent, at: Tick) -> None:
        """Take an event; a movement becomes a request for a sound, and one that lasts leads its sound up to a cut."""
        if isinstance(event, MotionOnset):
            self._planner.motion(event, at, self.microphone.advise(event))
        elif isinstance(event, MotionCourse):
            if (led := self._planner.course(event, at, self.microphone.advise_course(event))) is not None:
                self._mixer.follow(led.cue_id, led.points, led.ended)
        elif isinstance(event, Speech):
            self._mixer.speech(event)
            self.microphone.speech(event)
        elif isinstance(event, SceneCut):
            self._mixer.cut(event.at)
            self.microphone.cut()

    def hear(self, mono: NDArray[np.float32], start: Tick) -> None:
        """Take ``[n]`` samples of the original that begin at ``start``, ahead of what is seen at their time."""
        self.microphone.hear(mono, start)
        self.programme.hear(mono, start)

    def accent(self, cue: Cue, at: Tick) -> int:
        """Ask for an accent (``cue.start`` at or before ``at`` means now). Returns the cue's id."""
        return self._planner.accent(cue, at)

    def take_cues(self) -> list[Cue]:
        """Return the cues nobody has been asked for yet, the most urgent first."""
        return self._planner.take_cues()

    def take_choices(self) -> list[tuple[Tick, Choice]]:
        """Return what was chosen for movements since the last call, with their moments."""
        return self._planner.take_choices()

    def take_bed(self, at: Tick) -> BedRequest | None:
        """Return the next piece of bed to make, if any."""
        return self._planner.take_bed(self._mixer.bed_horizon, at)

    def is_wanted(self, cue_id: int) -> bool:
        """Say whether a cue's sound is still waited for."""
        return self._planner.pending(cue_id) is not None

    def withdraw(self, cue_id: int) -> None:
        """Wait for a cue's sound no longer."""
        self._planner.settle(cue_id, "withdrawn")

    def expire(self, at: Tick) -> None:
        """Wait no longer for what is too late."""
        self._planner.expire(at)

    # ---- what is laid ----

    def lay(self, cue_id: int, sound: Sound | None, at: Tick) -> None:
        """Lay the answer to a cue; None says that there is no sound for it."""
        cue = self._planner.pending(cue_id)
        if cue is not None:
            self._planner.settle(cue_id, self._mixer.place(cue, sound, at).value if sound is not None else "none")

    def lay_bed(self, samples: Stereo, start: Tick) -> None:
        """Lay a piece of bed."""
        self._mixer.add_bed(samples, start)
        self._planner.bed_done()

    def read(self, start: Tick, n: int) -> Mixed:
        """Return the ``n`` ticks from ``start`` on, mixed."""
        self._mixer.under(self.programme.gain_db(start))
        return self._mixer.mix(start, n)

    def statistics(self) -> tuple[MixerStatistics, PlannerStatistics]:
        """Return snapshots of both."""
        return self._mixer.statistics(), self._planner.statistics()
