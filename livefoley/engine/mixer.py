"""The mixer: original, bed, actions and accents in, one program out, block by block at the playhead.

The original is changed by nothing but the limiter, and by that only above the ceiling: without foley the program is the
original bit for bit. The limiter looks ``LOOKAHEAD`` samples ahead; the mixer reads that much further than the block it
makes (the sound is there, the stream runs a look-ahead behind its source), so nothing is delayed. A mark of generated
sound, where one is wanted, is laid in before the limiter, and reads ahead by its own delay in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from livefoley.core.cues import Cue, CueKind, CurvePoint, Sound, Stereo
from livefoley.core.events import Speech
from livefoley.core.mix import MixControls
from livefoley.core.ports import MarkFactory
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.dsp.build_up import Fitted, fitted
from livefoley.dsp.duck import Ducker
from livefoley.dsp.gate import GatedReader
from livefoley.dsp.layers import Layers
from livefoley.dsp.levels import finite, linear_from_db, pan_gains
from livefoley.dsp.limiter import LOOKAHEAD, Limiter
from livefoley.dsp.ramp import Gain, Glide, from_db
from livefoley.dsp.ring import TickRing
from livefoley.engine.lasting.followed import Followed
from livefoley.engine.marking import Marking

LATE = TICK_RATE * 10 // 1000
"""An action whose beginning lies more ticks than this behind the playhead is dropped."""

_GLIDE = TICK_RATE // 10  # ticks a change of the settings takes
_FOLLOW = TICK_RATE  # ticks a change for the sake of the original's loudness takes
_FADE_IN = TICK_RATE * 5 // 1000  # ticks of the fade of a sound whose beginning is cut off
MOST_FOLLOWED = 4  # sounds that go on as long as something moves
_BED_FADE = TICK_RATE // 20  # ticks of the fades where the bed runs out


class OriginalReader(Protocol):
    """Where the mixer takes the original from; ``AudioInput`` is one."""

    def read(self, start: Tick, n: int) -> Stereo:
        """Take ``n`` ticks from ``start`` on, ``[2, n]``; in order, each tick once."""
        ...


@dataclass(frozen=True, slots=True)
class MixSettings(MixControls):
    """The mix: what can be changed while it goes on, and what cannot."""

    duck_db: float = 8.0
    follow: bool = False  # gains are relative to how loud the original is, see ``engine.microphone.programme``
    ceiling_dbtp: float = -1.0
    stem: bool = False  # give the foley alone as well
    apart: bool = False  # give the original and the foley apart, for who mixes them again


class Placement(StrEnum):
    """What became of a sound."""

    LAID = "laid"  # its onset is on its cue's start
    SHIFTED = "shifted"  # it starts now, later than asked for
    DROPPED = "dropped"  # it came too late


@dataclass(frozen=True, slots=True)
class Mixed:
    """A block of the program, ``[2, n]``, and of what it is made of before the limiter when the settings ask for it."""

    program: Stereo
    stem: Stereo | None = None  # the foley alone, as it leaves
    original: Stereo | None = None
    foley: Stereo | None = None  # as it is laid under ``original``, without a mark


@dataclass(frozen=True, slots=True)
class MixerStatistics:
    """Figures since the mixer was made; counters never go back."""

    laid: int
    shifted: int
    dropped: int
    evicted: int  # gave way to another sound: too many at once
    sounds: int  # on the timeline now
    bed_holes: int  # times the bed ran out
    bed_late_samples: int
    limiter_gain_db: float  # now; 0 when idle
    failures: int  # blocks without foley because making it failed
    mark_failures: int  # blocks without their mark


class Mixer:
    """Mixes one room. Calls to ``mix`` are contiguous; a jump starts anew at its place."""

    def __init__(
        self,
        settings: MixSettings,
        original: OriginalReader,
        start: Tick = 0,
        limit: int = 64,
        bed_s: float = 10.0,
        make_mark: MarkFactory | None = None,
    ) -> None:
        """Begin at ``start``, with at most ``limit`` sounds at once and ``bed_s`` seconds of bed ahead.

        With ``make_mark``, generated sound is marked, in the program and in the stem each for itself.
        """
        self._settings = settings
        self._original = original
        self._layers: Layers[CueKind] = Layers(limit)
        self._followed: dict[int, Followed] = {}
        self._scene: Tick | None = None  # where it began, after a cut
        self._bed = TickRing(bed_s, start)
        self._bed_reader = GatedReader(self._bed, _BED_FADE, fade_first=True)
        self._gains = {kind: Glide(gain, _GLIDE) for kind, gain in _kind_gains(settings).items()}
        self._under_db = Glide(0.0, _FOLLOW)
        self._ducker = Ducker(settings.duck_db)
        self._limiter = Limiter(settings.ceiling_dbtp)
        self._marking = Marking(make_mark() if make_mark else None)
        self._stem_marking = Marking(make_mark() if make_mark and settings.stem else None)
        self._reach = LOOKAHEAD + self._marking.delay
        self._placements: Counter[Placement] = Counter()
        self._failures = 0
        self._edge = start  # the first tick that has not been mixed into the limiter yet
        self._ahead = 0  # how far that is ahead of the next block
        self._seek(start)

    @property
    def settings(self) -> MixSettings:
        """The settings; new ones take effect over about 100 ms."""
        return self._settings

    @settings.setter
    def settings(self, settings: MixSettings) -> None:
        self._settings = settings
        for kind, gain in _kind_gains(settings).items():
            self._gains[kind].set(gain)
        self._ducker.set_duck_db(settings.duck_db)
        self._limiter.ceiling_dbtp = settings.ceiling_dbtp

    @property
    def bed_horizon(self) -> Tick:
        """The tick up to which there is bed; the next ``add_bed`` goes on from here."""
        return self._bed.end

    def add_bed(self, samples: Stereo, start: Tick) -> None:
        """Lay the next stretch of bed, ``[2, n]``, from ``start`` on."""
        self._bed.write(finite(samples), start)

    def speech(self, event: Speech) -> None:
        """Duck under speech; events come in order, as a rule before the playhead reaches them."""
        self._ducker.feed(event)

    def place(self, cue: Cue, sound: Sound, playhead: Tick) -> Placement:
        """Lay ``sound`` with its onset on ``cue.start``, or do what its kind asks for when it is too late for that.

        An action that is late by more than 10 ms is dropped, a bed starts in its middle. An accent joins its build-up
        where there is no time for all of it; one that is late by its moment, too, starts now. What lasts goes where it
        is led (``follow``).
        """
        if cue.kind is CueKind.LASTING:
            return self._place_followed(cue, sound, playhead)
        now = max(self._edge, playhead)
        accent = cue.kind is CueKind.ACCENT
        fit = fitted(sound, cue.start, now, whole=cue.at_once) if accent else Fitted(sound.samples, sound.onset)
        placement, start = self._place(cue, cue.start - fit.onset, fit.samples.shape[1], playhead)
        self._placements[placement] += 1
        if placement is not Placement.DROPPED:
            gain = linear_from_db(cue.gain_db)
            left, right = pan_gains(cue.pan)
            self._layers.add(cue.kind, finite(fit.samples), start, (gain * left, gain * right), now, _FADE_IN)
        return placement

    def follow(self, cue_id: int, points: Sequence[CurvePoint], ended: bool) -> None:
        """Lead the sound of a cue that lasts, before or after it is there; where nobody does any more it fades out.

        That goes for ``MOST_FOLLOWED`` at once, of more the first.
        """
        if cue_id not in self._followed:
            if len(self._followed) >= MOST_FOLLOWED:
                return
            self._followed[cue_id] = Followed(self._scene)
        self._followed[cue_id].follow(points, ended)

    def cut(self, at: Tick) -> None:
        """Another scene begins at ``at``: what lasts ends there, and what comes is not heard before."""
        self._scene = at
        for each in self._followed.values():
            each.cut(at)

    def under(self, gain_db: float) -> None:
        """Make all foley louder or quieter, over a second: the original is so."""
        self._under_db.set(gain_db)

    def mix(self, start: Tick, n: int) -> Mixed:
        """Return the ``n`` ticks from ``start`` on."""
        if start != self._edge - self._ahead:
            self._seek(start)
        wanted = start + n + self._reach - self._edge
        original, foley = self._original.read(self._edge, wanted), self._safe_foley(self._edge, wanted)
        self._edge, self._ahead = self._edge + wanted, self._reach
        mixed = original if foley is None else original + foley
        program = self._limiter.feed(self._marking.feed(mixed, foley))
        alone = np.zeros((2, wanted), np.float32) if foley is None else foley
        stem = self._held_stem.feed(self._stem_marking.feed(alone, foley), n)
        parts = self._held_original.feed(original, n), self._held_foley.feed(alone, n)
        return Mixed(program, stem if self._settings.stem else None, *(parts if self._settings.apart else ()))

    def statistics(self) -> MixerStatistics:
        """Return a snapshot."""
        return MixerStatistics(
            laid=self._placements[Placement.LAID],
            shifted=self._placements[Placement.SHIFTED],
            dropped=self._placements[Placement.DROPPED],
            evicted=self._layers.evicted,
            sounds=len(self._layers) + len(self._followed),
            bed_holes=self._bed_reader.holes,
            bed_late_samples=self._bed.statistics().late_samples,
            limiter_gain_db=self._limiter.gain_db,
            failures=self._failures,
            mark_failures=self._marking.failures + self._stem_marking.failures,
        )

    def _seek(self, start: Tick) -> None:
        """Begin anew at ``start``: sounds and bed that lie ahead stay."""
        self._edge, self._ahead = start, 0
        self._held_stem, self._held_original, self._held_foley = _Held(), _Held(), _Held()
        for part in (self._marking, self._stem_marking, self._limiter):
            part.reset()
        self._bed_reader.reset()
        if start < self._bed.edge:
            self._bed.reset(start)
        self._bed.clear_before(start)

    def _place(self, cue: Cue, begin: Tick, length: int, playhead: Tick) -> tuple[Placement, Tick]:
        """Decide what becomes of a sound that should begin at ``begin``, and where it begins."""
        late = playhead - begin
        if cue.kind is CueKind.ACCENT and begin < max(self._edge, playhead):
            return Placement.SHIFTED, max(self._edge, playhead)
        if (cue.kind is CueKind.ACTION and late > LATE) or late >= length:
            return Placement.DROPPED, begin
        return Placement.LAID, begin

    def _place_followed(self, cue: Cue, sound: Sound, playhead: Tick) -> Placement:
        followed = self._followed.get(cue.id)
        placement = Placement.DROPPED if followed is None else Placement.LAID
        if followed is not None:
            gain = np.float32(linear_from_db(cue.gain_db))
            followed.lay(finite(sound.samples) * gain, max(self._edge, playhead))
        self._placements[placement] += 1
        return placement

    def _safe_foley(self, start: Tick, n: int) -> Stereo | None:
        """Return the foley, or none when making it fails: whatever breaks in our sound, the original goes on."""
        try:
            return self._foley(start, n)
        except Exception:
            self._failures += 1
            self._layers.clear()
            self._followed.clear()
            self._bed_reader.reset()
            return None

    def _foley(self, start: Tick, n: int) -> Stereo | None:
        """Return the sum of all foley, or None when there is none: then the original must not change by one bit."""
        sums = self._layers.render(start, n)
        for followed in self._followed.values():
            if (part := followed.render(start, n)) is not None:
                sums[CueKind.LASTING] = sums[CueKind.LASTING] + part if CueKind.LASTING in sums else part
        self._followed = {number: each for number, each in self._followed.items() if not each.over(start + n)}
        duck = self._ducker.gain(start, n) * from_db(self._under_db.read(n))
        gains = {kind: glide.read(n) for kind, glide in self._gains.items()}
        there_is_bed = bool(self._bed.filled(start, n))
        bed = self._bed_reader.read(start, n)
        if there_is_bed:
            sums[CueKind.BED] = bed + sums[CueKind.BED] if CueKind.BED in sums else bed
        parts = [sums[kind] * gain for kind, gain in gains.items() if kind in sums and _heard(gain)]
        return sum(parts[1:], parts[0]) * duck if parts else None


class _Held:
    """Keeps back what is in the limiter still, so that a layer leaves with the block of the program it is part of."""

    def __init__(self) -> None:
        self._rest = np.zeros((2, 0), np.float32)

    def feed(self, samples: Stereo, n: int) -> Stereo:
        """Take the next samples ``[2, m]``; return the ``n`` that leave now."""
        whole = np.concatenate((self._rest, samples), axis=1)
        self._rest = whole[:, n:]
        return whole[:, :n]


def _kind_gains(settings: MixSettings) -> dict[CueKind, float]:
    """Return the gain of each kind, as a ratio."""
    db = {
        CueKind.BED: settings.bed_gain_db,
        CueKind.ACTION: settings.action_gain_db,
        CueKind.LASTING: settings.action_gain_db,
        CueKind.ACCENT: settings.accent_gain_db,
    }
    if settings.mute:
        return dict.fromkeys(db, 0.0)
    return {kind: linear_from_db(gain + settings.foley_gain_db) for kind, gain in db.items()}


def _heard(gain: Gain) -> bool:
    return isinstance(gain, np.ndarray) or gain != 0.0
