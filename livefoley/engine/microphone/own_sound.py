"""Learns from the original sound what it holds of the movements in the picture, and says so for each of them.

Where the sound has an onset close to a movement that chance does not explain, the moment is the sound's: it knows it
to the millisecond. Where that onset stands out, the original carries the sound already, and what is laid is quieter.
And where a kind of movement is never heard by a microphone that hears others, it is less likely to make a sound at all.
A microphone that hears no movement changes nothing: there the foley is needed most. Speech is no movement: what begins
while somebody speaks is neither heard nor missed.

Sans-IO. ``hear`` comes ahead of the picture's moments by the look-ahead; where it does not, nothing is said.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import MotionCourse, MotionKind, MotionOnset, Speech
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.dsp.onsets import SoundOnset, SoundOnsets
from livefoley.engine.microphone.going_on import GoingOn
from livefoley.engine.microphone.pairing import Kind, Pairing, kind_of

NEAR: Tick = ticks_from_s(0.06)
"""A movement and an onset that lie no further apart can be one event."""

SPREAD_S = 0.025  # standard deviation of what is seen of a moment against what is heard of it
BELIEVED = 0.6  # probability from which on an onset is the movement's
SHIFTS = tuple(sign * ticks_from_s(0.25 + 0.1 * n) for n in range(12) for sign in (-1, 1))
"""Where else it is looked for an onset, to know what chance would find."""
AROUND: Tick = max(SHIFTS) + 2 * NEAR
FEWEST_SHIFTS = 8
MAX_WAITING = 64

BATCH = 4096  # samples that are listened to at once
DECIDED: Tick = ticks_from_s(0.07)  # an onset is known that much after it
HOP = TICK_RATE // 1000
KEPT: Tick = ticks_from_s(8.0)
BEFORE_SPEECH, AFTER_SPEECH = ticks_from_s(0.15), ticks_from_s(0.1)
"""Speech begins a little before it is noticed, and rings."""

FLOOR_DB = -70.0
BODY, SURROUNDINGS = ticks_from_s(0.04), ticks_from_s(0.4)
"""How much after an onset tells its level, and how much before it what it stands out of."""
LOUDEST = 5  # milliseconds of the body that tell
ABOUT: Tick = ticks_from_s(0.012)  # an onset found in spectra is that exact; its attack is found in the samples
STANDS_OUT_DB, QUIETER_PER_DB, MOST_QUIETER_DB = 10.0, 0.75, 12.0
INAUDIBLE_DB, AUDIBLE_DB = -55.0, -40.0  # of the original's onset: below the first it carries nothing
TOLD_DB = 1.0  # less is not worth a word


@dataclass(frozen=True, slots=True)
class Advice:
    """What the original says of a movement: when it is, how likely it sounds, how much quieter it may be, and why."""

    at: Tick
    likelihood: float = 1.0
    gain_db: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OwnSoundStatistics:
    """``movements``, ``pairs`` and ``chance`` are what counts now and fades; the others never go back."""

    hears: bool
    movements: float
    pairs: float
    chance: float
    judged: int
    sharpened: int
    lowered: int
    unlikely: int


@dataclass(frozen=True, slots=True)
class _Seen:
    at: Tick
    kind: Kind


class OwnSound:
    """One room's. Calls come from one thread."""

    def __init__(self) -> None:
        self._pairing = Pairing()
        self._detector = SoundOnsets()
        self._levels = _Levels()
        self._gathered: list[NDArray[np.float32]] = []
        self._gathered_from: Tick = 0
        self._gathered_to: Tick | None = None
        self._heard_from: Tick = 0  # of the stretch without a hole that is being heard
        self._heard_to: Tick = 0  # onsets are known up to here
        self._onsets: deque[SoundOnset] = deque()
        self._speech: deque[tuple[Tick, Tick | None]] = deque(maxlen=MAX_WAITING)
        self._waiting: deque[_Seen] = deque(maxlen=MAX_WAITING)
        self._taken: deque[Tick] = deque(maxlen=MAX_WAITING)  # onsets that are some movement's
        self._going_on = GoingOn(self._levels.mean, self._speaks)
        self._judged = self._sharpened = self._lowered = self._unlikely = 0

    # ---- what is heard ----

    def hear(self, mono: NDArray[np.float32], start: Tick) -> None:
        """Take ``[n]`` samples at 48 kHz of the original that begin at ``start``."""
        if start != self._gathered_to:
            self._listen()
            self._gathered_from = self._heard_from = self._heard_to = start
        self._gathered.append(mono)
        self._gathered_to = start + len(mono)
        if self._gathered_to - self._gathered_from >= BATCH:
            self._listen()

    def speech(self, event: Speech) -> None:
        """Take who speaks when."""
        if self._speech and self._speech[-1][1] is None:
            begin, _ = self._speech.pop()
            self._speech.append((begin, max(begin, event.at)))
        if event.active:
            self._speech.append((event.at, None))

    def cut(self) -> None:
        """The picture changes to another scene."""
        self._pairing.new_picture()

    def _listen(self) -> None:
        if not self._gathered:
            return
        samples, start = np.concatenate(self._gathered), self._gathered_from
        self._gathered.clear()
        self._gathered_from += len(samples)
        self._levels.feed(samples, start)
        self._onsets.extend(self._detector.feed(samples, start))
        self._heard_to = max(self._heard_from, self._gathered_from - DECIDED)
        while self._onsets and self._onsets[0].at < self._heard_to - KEPT:
            self._onsets.popleft()
        self._judge()

    # ---- what is said of a movement ----

    def advise(self, onset: MotionOnset) -> Advice:
        """Return what the original says of a movement, and learn from it when all around it has been heard."""
        if onset.kind is not MotionKind.IMPACT:
            return Advice(onset.at)
        self._listen()
        kind = kind_of(onset)
        self._waiting.append(_Seen(onset.at, kind))
        found = self._pair(onset.at, self._pairing.share(kind))
        if found is not None:
            return self._sounding(onset.at, found)
        likelihood = self._pairing.likelihood(kind, onset.at)
        if likelihood == 1.0:
            return Advice(onset.at)
        self._unlikely += 1
        return Advice(onset.at, likelihood, reason="what moves like this is not heard in the original")

    def advise_course(self, course: MotionCourse) -> Advice:
        """Return what the original says of a movement that lasts, as far as it has gone."""
        self._listen()
        quieter = self._going_on.quieter_db(course)
        if quieter < TOLD_DB:
            return Advice(course.at)
        return Advice(course.at, gain_db=-quieter, reason=f"the original sounds here, {-quieter:.0f} dB")

    def _pair(self, at: Tick, share: float) -> Tick | None:
        """Return the onset that is the movement's, if one is, more likely than by chance."""
        if self._speaks(at):
            return None
        near = [each.at for each in self._onsets_near(at) if each.at not in self._taken and not self._speaks(each.at)]
        if not near:
            return None
        best = min(near, key=lambda onset: abs(onset - at))
        begin, end = max(self._heard_from, at - AROUND), min(self._heard_to, at + AROUND)
        others = sum(begin <= each.at < end for each in self._onsets) - 1
        by_chance = (others + 0.5) * TICK_RATE / max(end - begin, 2 * NEAR)
        off = (best - at) / TICK_RATE / SPREAD_S
        by_movement = share * math.exp(-off * off / 2) / (SPREAD_S * math.sqrt(2 * math.pi))
        return best if by_movement / (by_movement + by_chance) >= BELIEVED else None

    def _sounding(self, seen: Tick, heard: Tick) -> Advice:
        self._taken.append(heard)
        at = min(max(self._levels.attack(heard), seen - NEAR), seen + NEAR)
        self._sharpened += at != seen
        quieter = self._quieter_db(at)
        told = f"the original sounds here ({(at - seen) * 1000 / TICK_RATE:+.0f} ms)"
        if quieter < TOLD_DB:
            return Advice(at, reason=told)
        self._lowered += 1
        return Advice(at, gain_db=-quieter, reason=f"{told}, {-quieter:.0f} dB")

    def _quieter_db(self, heard: Tick) -> float:
        """Return by how much the original makes the sound laid there superfluous."""
        level, surroundings = self._levels.around(heard)
        by = QUIETER_PER_DB * (level - surroundings - STANDS_OUT_DB)
        audible = (level - INAUDIBLE_DB) / (AUDIBLE_DB - INAUDIBLE_DB)
        return min(MOST_QUIETER_DB, max(0.0, by)) * min(1.0, max(0.0, audible))

    # ---- what is learned ----

    def _judge(self) -> None:
        """Count the movements around which everything has been heard."""
        while self._waiting and self._waiting[0].at + AROUND < self._heard_to:
            seen = self._waiting.popleft()
            if seen.at - NEAR < self._heard_from or self._speaks(seen.at):
                continue
            elsewhere = [at for at in (seen.at + shift for shift in SHIFTS) if self._is_heard(at)]
            if len(elsewhere) < FEWEST_SHIFTS:
                continue
            chance = sum(map(self._sounds, elsewhere)) / len(elsewhere)
            self._pairing.add(seen.kind, self._sounds(seen.at), chance, seen.at)
            self._judged += 1

    def _is_heard(self, at: Tick) -> bool:
        return at - NEAR >= self._heard_from and not self._speaks(at)

    def _sounds(self, at: Tick) -> bool:
        return any(not self._speaks(onset.at) for onset in self._onsets_near(at))

    def _onsets_near(self, at: Tick) -> list[SoundOnset]:
        return [onset for onset in self._onsets if abs(onset.at - at) <= NEAR]

    def _speaks(self, at: Tick) -> bool:
        return any(
            begin - BEFORE_SPEECH <= at and (end is None or at < end + AFTER_SPEECH) for begin, end in self._speech
        )

    def statistics(self) -> OwnSoundStatistics:
        """Return a snapshot."""
        room = self._pairing.room
        return OwnSoundStatistics(
            hears=self._pairing.hears,
            movements=room.movements,
            pairs=room.pairs,
            chance=room.chance,
            judged=self._judged,
            sharpened=self._sharpened,
            lowered=self._lowered + self._going_on.lowered,
            unlikely=self._unlikely,
        )


class _Levels:
    """How loud the last seconds were, millisecond by millisecond."""

    def __init__(self) -> None:
        self._powers = np.zeros(0, np.float32)
        self._begin: Tick = 0
        self._rest = np.zeros(0, np.float32)

    def feed(self, samples: NDArray[np.float32], start: Tick) -> None:
        """Take the next samples; after a hole the levels begin anew."""
        if start != self._begin + len(self._powers) * HOP + len(self._rest):
            self._powers, self._rest, self._begin = np.zeros(0, np.float32), np.zeros(0, np.float32), start
        whole = np.concatenate((self._rest, samples))
        hops = len(whole) // HOP
        powers = np.square(whole[: hops * HOP].reshape(hops, HOP)).mean(axis=1)
        self._rest = whole[hops * HOP :]
        excess = max(0, len(self._powers) + hops - KEPT // HOP)
        self._powers = np.concatenate((self._powers, powers))[excess:]
        self._begin += excess * HOP

    def around(self, at: Tick) -> tuple[float, float]:
        """Return the level at ``at`` and the usual one before it, both in dBFS."""
        body, before = self._between(at - ABOUT // 2, at + BODY), self._between(at - SURROUNDINGS, at - ABOUT)
        level = _db(float(np.sort(body)[-LOUDEST:].mean())) if len(body) else FLOOR_DB
        return level, _db(float(np.median(before))) if len(before) else level

    def mean(self, begin: Tick, end: Tick) -> float | None:
        """Return the mean level in dBFS; None where not all of that is kept."""
        if begin < self._begin or end > self._begin + len(self._powers) * HOP:
            return None
        return _db(float(self._between(begin, end).mean()))

    def attack(self, at: Tick) -> Tick:
        """Return where, near ``at``, the level has come half the way (in decibels) up from what was before."""
        before, near = self._between(at - SURROUNDINGS, at - ABOUT), self._between(at - ABOUT, at + ABOUT)
        if not len(before) or not len(near):
            return at
        low, high = _db(float(np.median(before))), _db(float(near.max()))
        risen = near >= 10.0 ** ((low + high) / 20.0)
        return self._clip(at - ABOUT) + int(risen.argmax()) * HOP

    def _between(self, begin: Tick, end: Tick) -> NDArray[np.float32]:
        first, last = ((self._clip(tick) - self._begin) // HOP for tick in (begin, end))
        return self._powers[first:last]

    def _clip(self, tick: Tick) -> Tick:
        """Return the beginning of the millisecond that ``tick`` lies in, of those that are kept."""
        hop = min(max(0, (tick - self._begin) // HOP), len(self._powers))
        return self._begin + hop * HOP


def _db(power: float) -> float:
    return max(FLOOR_DB, 10.0 * math.log10(max(power, 1e-12)))
