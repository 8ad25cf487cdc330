"""A clip's sound: the foley made again without haste, laid under the original, brought to the loudness of clips.

Live, a sound that is not there in time is left out, and what was seen late is not heard at all. Here everything that
the room noticed is known from the beginning and every sound waits for its turn. Planner, mixer and limiter are those of
the room, so a clip sounds like the stream it is from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from livefoley.clips.buffer.selection import start_of
from livefoley.clips.model import PlacedSound
from livefoley.core.cues import Cue, Sound, Stereo
from livefoley.core.event_json import Event
from livefoley.core.events import MotionOnset, Speech
from livefoley.core.ports import BedSource, EffectSource
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks
from livefoley.dsp.levels import SILENCE_DB, linear_from_db, true_peak_db
from livefoley.dsp.limiter import Limiter
from livefoley.dsp.loudness import integrated_lufs
from livefoley.engine.mixer import Mixer, MixSettings
from livefoley.engine.planner import Planner, PlannerSettings

TARGET_LUFS = -14.0
CEILING_DBTP = -1.5  # AAC rounds: half a decibel more than the -1 dBTP that the clip keeps
TOLERANCE_LU = 0.2
TRIES = 4
MOST_GAIN_DB = 24.0  # a clip in which nothing is to be heard is not made noise
PREROLL: Tick = 2 * TICK_RATE  # the bed fades in, and sounds of before ring out
BLOCK = 2048
AHEAD: Tick = TICK_RATE  # sounds are laid as the mix comes near them: it takes no end of them at once


class _Silence:
    """Implements ``OriginalReader``: the foley is mixed alone."""

    def read(self, start: Tick, n: int) -> Stereo:
        return np.zeros((2, n), np.float32)


@dataclass(frozen=True, slots=True)
class Mastered:
    """The finished sound: ``mix`` is what is heard, ``stem`` and ``original`` what it is made of at the same level."""

    mix: Stereo
    original: Stereo
    stem: Stereo
    loudness_lufs: float
    true_peak_dbtp: float


class Retake:
    """Makes the foley of one clip; one use."""

    def __init__(
        self, mix: MixSettings, plan: PlannerSettings, effects: EffectSource, bed: BedSource, start: Tick, end: Tick
    ) -> None:
        self.sounds: list[PlacedSound] = []
        self._start, self._end = start, end
        self._effects, self._bed = effects, bed
        self._wants_bed = plan.bed
        self._begin = start - PREROLL
        self._planner = Planner(plan)
        self._mixer = Mixer(replace(mix, apart=True), _Silence(), self._begin)

    def render(self, events: Sequence[Event | Cue]) -> Stereo:
        """Return the foley of the clip, ``[2, end - start]``."""
        for said in sorted((event for event in events if isinstance(event, Speech)), key=lambda said: said.at):
            self._mixer.speech(said)
        wanted = sorted((event for event in events if isinstance(event, Cue | MotionOnset)), key=start_of)
        blocks = []
        for at in range(self._begin, self._end, BLOCK):
            while wanted and start_of(wanted[0]) < at + AHEAD:
                self._ask(wanted.pop(0), at)
            self._lay_bed(at + AHEAD)
            stem = self._mixer.mix(at, BLOCK).stem
            blocks.append(stem if stem is not None else np.zeros((2, BLOCK), np.float32))
        skip = self._start - self._begin
        return np.concatenate(blocks, axis=1)[:, skip : skip + self._end - self._start]

    def _ask(self, event: Cue | MotionOnset, playhead: Tick) -> None:
        """Let the planner make cues of an event, and lay their sounds."""
        if isinstance(event, Cue):
            self._planner.accent(event, playhead)
        else:
            self._planner.motion(event, playhead)
        for cue in self._planner.take_cues():
            sound = self._effects.make(cue.request)
            self._planner.settle(cue.id, self._mixer.place(cue, sound, playhead).value if sound else "none")
            if sound is not None and self._start <= cue.start < self._end:
                self.sounds.append(self._placed(cue, sound))

    def _lay_bed(self, until: Tick) -> None:
        missing = until - max(self._mixer.bed_horizon, self._begin)
        if self._wants_bed and missing > 0:
            self._mixer.add_bed(self._bed.read(missing), until - missing)

    def _placed(self, cue: Cue, sound: Sound) -> PlacedSound:
        at_s = round(s_from_ticks(cue.start - self._start), 4)
        return PlacedSound(at_s, cue.kind.value, cue.effect or cue.prompt, sound.name, sound.source)


def master(original: Stereo, stem: Stereo) -> Mastered:
    """Mix ``original`` and the marked ``stem`` (both ``[2, n]``) at ``TARGET_LUFS``, true peaks under the ceiling."""
    whole = original + stem
    loudness = integrated_lufs(whole)
    if loudness <= SILENCE_DB:
        return Mastered(whole, original, stem, loudness, true_peak_db(whole))
    gain_db, mix = 0.0, whole
    for _ in range(TRIES):
        if abs(TARGET_LUFS - loudness) <= TOLERANCE_LU or gain_db >= MOST_GAIN_DB:
            break
        gain_db = min(MOST_GAIN_DB, gain_db + TARGET_LUFS - loudness)
        mix = _limited(whole * np.float32(linear_from_db(gain_db)))
        loudness = integrated_lufs(mix)
    factor = np.float32(linear_from_db(gain_db))
    return Mastered(mix, original * factor, stem * factor, loudness, true_peak_db(mix))


def _limited(samples: Stereo) -> Stereo:
    limiter = Limiter(CEILING_DBTP)
    return np.concatenate((limiter.feed(samples), limiter.flush()), axis=1)
