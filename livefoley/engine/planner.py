"""The planner: turns what was seen into requests for sound, each with the moment it is needed.

It keeps the open requests, and decides what a late answer is worth: an action that is late is dropped (a step heard
after the foot is worse than none), an accent is shifted, a bed goes on as it was. All three are counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from livefoley.core.cues import ActionPrompts, Cue, CueKind
from livefoley.core.events import CourseState, MotionCourse, MotionKind, MotionOnset
from livefoley.core.families import LASTING, Family
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.engine.choice import EVEN, Choice, Leaning, choose
from livefoley.engine.choosing.fit import hardness
from livefoley.engine.lasting.choose import choose_lasting
from livefoley.engine.lasting.course import MOST_SOUNDING, Course, Courses, Led, lead_on
from livefoley.engine.leanings.decisions import Decisions
from livefoley.engine.microphone.own_sound import Advice

PREROLL: Tick = TICK_RATE // 20
"""A sound may play this long before its onset (a whoosh rises); the deadline allows for it."""

ACCENT_PATIENCE: Tick = 3 * TICK_RATE  # an accent later than this is no longer about its moment
MAX_PENDING = 64
BED_CHUNK: Tick = TICK_RATE // 2
BED_AHEAD: Tick = 2 * TICK_RATE
BED_MARGIN: Tick = TICK_RATE // 10  # a bed that ran dry starts again this far ahead of the playhead
BED_TIMEOUT: Tick = 2 * TICK_RATE
LASTING_LEAD: Tick = TICK_RATE * 2 // 5
"""What lasts and is known late is needed this soon."""

CALLS_APART: Tick = 2 * TICK_RATE  # an animal does not call at every movement
EARLIER: Mapping[Family | None, Tick] = {Family.GUN: TICK_RATE // 20}
"""A shot is over before what it throws back has stopped: its moment is so long before that."""

STEPS_APART: Tick = TICK_RATE // 4
"""Nobody steps faster: a movement that is only guessed to be a step, so soon after another, is none."""

SWEEP_MIN_STRENGTH = 0.5  # a whoosh for every small drift would be noise


def even(at: Tick) -> Leaning:
    """Return that nothing speaks for any family."""
    return EVEN


@dataclass(frozen=True, slots=True)
class PlannerSettings:
    """What the room wants."""

    actions: bool = True
    bed: bool = True
    sensitivity: float = 0.5
    prompts: ActionPrompts = field(default_factory=ActionPrompts)
    max_actions_per_s: float = 8.0
    seed: int = 0
    learn: bool = True  # what movements sound like in the original: ``engine.microphone``


@dataclass(frozen=True, slots=True)
class BedRequest:
    """The bed from ``start`` on, ``length`` ticks of it."""

    start: Tick
    length: int


@dataclass(frozen=True, slots=True)
class PlannerStatistics:
    """Cues by kind and by what became of them (``requested``, ``laid``, ``shifted``, ``dropped``, ``missed``, ...)."""

    outcomes: tuple[tuple[str, str, int], ...]
    pending: int
    bed_restarts: int


def advised(choice: Choice, advice: Advice) -> Choice:
    """Return a choice with what the original sound says of it: how much quieter, and why."""
    if not advice.reason or choice.prompt is None:
        return choice
    return replace(choice, gain_db=choice.gain_db + advice.gain_db, reason=f"{choice.reason}; {advice.reason}")


def _moment(onset: MotionOnset, choice: Choice, advice: Advice) -> Tick:
    """Return when a movement sounds: the original knows it best, and what lands has begun before."""
    if advice.at != onset.at or onset.kind is not MotionKind.IMPACT:
        return advice.at
    return onset.at - EARLIER.get(choice.family, 0)


class Planner:
    """Onsets and calls in, cues out. ``playhead`` is an argument of everything that depends on time.

    ``leaning`` says what speaks for families at a time, beside the words; what is ``decided`` already is not chosen
    again.
    """

    def __init__(
        self,
        settings: PlannerSettings,
        leaning: Callable[[Tick], Leaning] = even,
        decided: Decisions | None = None,
    ) -> None:
        self.settings = settings
        self._leaning = leaning
        self._decided = decided if decided is not None else Decisions()
        self._next_id = 1
        self._pending: dict[int, Cue] = {}
        self._fresh: deque[Cue] = deque(maxlen=MAX_PENDING)
        self._recent_actions: deque[Tick] = deque(maxlen=64)
        self._called: Tick | None = None
        self._stepped: deque[Tick] = deque(maxlen=8)
        self._choices: deque[tuple[Tick, Choice]] = deque(maxlen=MAX_PENDING)
        self._courses = Courses()
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._bed_open: BedRequest | None = None
        self._bed_open_at: Tick = 0
        self._bed_restarts = 0

    # ---- in ----

    def motion(self, onset: MotionOnset, playhead: Tick, advice: Advice | None = None) -> Cue | None:
        """Ask for the sound of a movement; None when the room does not want one or it is too late for it.

        ``advice`` is what the original sound says of it.
        """
        settings = self.settings
        sweep = onset.kind is MotionKind.SWEEP
        threshold = max(1.0 - settings.sensitivity - 0.25, SWEEP_MIN_STRENGTH if sweep else 0.0)
        if not settings.actions or onset.strength < threshold:
            return None
        start, choice, why_none = self._choose(onset, threshold, playhead, advice or Advice(onset.at))
        self._choices.append((start, choice))
        if choice.prompt is None:
            self._outcomes[CueKind.ACTION, why_none] += 1
            return None
        if self._too_many(start):
            self._outcomes[CueKind.ACTION, "limited"] += 1
            return None
        loudness = hardness(onset)
        return self._request(
            Cue(
                id=self._next_id,
                kind=CueKind.ACTION,
                start=start,
                deadline=start - PREROLL,
                prompt=choice.prompt,
                intensity=loudness,
                gain_db=-6.0 * (1.0 - loudness) + choice.gain_db,
                pan=max(-1.0, min(1.0, (onset.x - 0.5) * 1.4)),
                seed=settings.seed * 1_000_003 + self._next_id,
                reason=choice.reason,
            ),
            playhead,
        )

    def _choose(self, onset: MotionOnset, threshold: float, playhead: Tick, advice: Advice) -> tuple[Tick, Choice, str]:
        """Return where a movement sounds and what it sounds like; and where that is nothing, what to count it as."""
        if (decided := self._decided.of(onset)) is not None:
            return decided.start, decided.choice, "unknown"
        likely = replace(onset, strength=onset.strength * advice.likelihood)
        if likely.strength < threshold:
            return onset.at, Choice(None, None, 0.0, 0.0, advice.reason), "unlikely"
        choice = advised(choose(likely, self.settings.prompts, self._leaning(onset.at)), advice)
        start = _moment(onset, choice, advice)
        start = start if start - PREROLL > playhead else onset.at
        if choice.prompt is not None and choice.family is Family.FOOTSTEP and self._has_stepped(onset):
            return start, replace(choice, prompt=None, reason=f"a foot has just stepped; {choice.reason}"), "unlikely"
        if choice.prompt is not None and choice.family is Family.ANIMAL:
            if self._called is not None and 0 <= start - self._called < CALLS_APART:
                return start, replace(choice, prompt=None, reason=f"it has just called; {choice.reason}"), "unlikely"
            self._called = start
        if choice.prompt is None or not self._courses.covers(onset.x, onset.y, choice.family):
            return start, choice, "unknown"
        return start, replace(choice, prompt=None, reason=f"sounds as long as it moves; {choice.reason}"), "covered"

    def _has_stepped(self, onset: MotionOnset) -> bool:
        """Say whether what is only guessed to be a step comes so soon after one that nobody walks so fast."""
        if onset.kind is not MotionKind.STEP and any(abs(onset.at - at) < STEPS_APART for at in self._stepped):
            return True
        self._stepped.append(onset.at)
        return False

    def course(self, told: MotionCourse, playhead: Tick, advice: Advice | None = None) -> Led | None:
        """Follow a movement that lasts: ask for its sound once it is known, and say where that goes from then on.

        ``advice`` is what the original sound says of it by now.
        """
        if not self.settings.actions:
            return None
        course, ended = self._courses.take(told), told.state is CourseState.ENDS
        if course.cue_id is None:
            self._begin(course, told, playhead, advice)
        led = lead_on(course, ended)
        if led is None or advice is None or not advice.gain_db:
            return led
        return replace(led, points=tuple(replace(each, level_db=each.level_db + advice.gain_db) for each in led.points))

    def _begin(self, course: Course, told: MotionCourse, playhead: Tick, advice: Advice | None) -> None:
        ended, decided = told.state is CourseState.ENDS, self._decided.of(told)
        if decided is not None:
            choice = decided.choice
        elif self._decided.waits(told) or (self._courses.will_be_seen(course) and not ended):
            return
        else:
            choice = choose_lasting(course, self.settings.prompts, self._leaning(course.last))
            if advice is not None:  # its points are quieter, as long as the original sounds
                choice = advised(choice, replace(advice, gain_db=0.0))
        if choice.prompt is None or ended:
            if ended and self.settings.prompts.lasting:  # else who walks by and who gestures would be told of, too
                self._choices.append((course.last, replace(choice, prompt=None)))
                self._outcomes[CueKind.LASTING, "unknown"] += 1
            return
        if self._courses.sounding() >= MOST_SOUNDING:
            self._outcomes[CueKind.LASTING, "limited"] += not course.limited
            course.limited = True
            return
        start = max(course.fresh[0].at, playhead)
        cue = self._request(
            Cue(
                id=self._next_id,
                kind=CueKind.LASTING,
                start=start,
                deadline=max(start - PREROLL, playhead + LASTING_LEAD),
                prompt=choice.prompt,
                effect=choice.prompt if choice.prompt in LASTING.values() else None,
                gain_db=choice.gain_db,
                seed=self.settings.seed * 1_000_003 + self._next_id,
                reason=choice.reason,
            ),
            playhead,
        )
        if cue is not None:
            self._choices.append((start, choice))
            course.choice, course.cue_id = choice, cue.id

    def accent(self, cue: Cue, playhead: Tick) -> int:
        """Ask for an accent; ``cue.id`` and ``seed`` are set here. Returns the id."""
        made = replace(cue, id=self._next_id, seed=cue.seed or self.settings.seed * 1_000_003 + self._next_id)
        self._request(made, playhead)
        return made.id

    def _too_many(self, at: Tick) -> bool:
        window = ticks_from_s(1.0)
        recent = sum(1 for tick in self._recent_actions if abs(at - tick) < window)
        if recent >= self.settings.max_actions_per_s:
            return True
        self._recent_actions.append(at)
        return False

    def _request(self, cue: Cue, playhead: Tick) -> Cue | None:
        self._next_id += 1
        if cue.kind is CueKind.ACTION and cue.deadline <= playhead:
            self._outcomes[cue.kind, "missed"] += 1
            return None
        if len(self._pending) >= MAX_PENDING:
            self._outcomes[cue.kind, "limited"] += 1
            return None
        self._pending[cue.id] = cue
        self._fresh.append(cue)
        self._outcomes[cue.kind, "requested"] += 1
        return cue

    # ---- out ----

    def take_cues(self) -> list[Cue]:
        """Return the cues nobody has been asked for yet, the most urgent first."""
        cues = sorted(self._fresh, key=lambda cue: cue.deadline)
        self._fresh.clear()
        return cues

    def take_bed(self, horizon: Tick, playhead: Tick) -> BedRequest | None:
        """Return the next piece of bed to ask for, or None while one is asked for or enough is there.

        ``horizon`` is the tick up to which the bed is laid. The answer is closed with ``bed_done``; one that never
        comes (its worker died) is asked for again after ``BED_TIMEOUT``.
        """
        if self._bed_open is not None:
            if playhead - self._bed_open_at < BED_TIMEOUT:
                return None
            self._bed_restarts += 1
        self._bed_open = None
        start = max(horizon, playhead + BED_MARGIN)
        if not self.settings.bed or start > playhead + BED_AHEAD:
            return None
        self._bed_open, self._bed_open_at = BedRequest(start, BED_CHUNK), playhead
        return self._bed_open

    def bed_done(self) -> None:
        """Say that the piece asked for last has come."""
        self._bed_open = None

    def take_choices(self) -> list[tuple[Tick, Choice]]:
        """Return what was chosen for movements since the last call, nothing included, with their moments."""
        choices = list(self._choices)
        self._choices.clear()
        return choices

    def settle(self, cue_id: int, outcome: str) -> Cue | None:
        """Close a request: its sound came (``outcome`` says what the mixer did) or will not. None if it was closed."""
        cue = self._pending.pop(cue_id, None)
        if cue is not None:
            self._outcomes[cue.kind, outcome] += 1
        return cue

    def pending(self, cue_id: int) -> Cue | None:
        """Return an open request."""
        return self._pending.get(cue_id)

    def expire(self, playhead: Tick) -> list[Cue]:
        """Close and return the requests whose moment has passed."""
        self._courses.expire(playhead)
        late = [cue for cue in self._pending.values() if self._is_late(cue, playhead)]
        for cue in late:
            self.settle(cue.id, "missed")
        return late

    def _is_late(self, cue: Cue, playhead: Tick) -> bool:
        if cue.kind is CueKind.LASTING:
            return not self._courses.holds(cue.id)
        return playhead > cue.start + (ACCENT_PATIENCE if cue.kind is CueKind.ACCENT else 0)

    def statistics(self) -> PlannerStatistics:
        """Return a snapshot."""
        outcomes = tuple((kind, outcome, count) for (kind, outcome), count in sorted(self._outcomes.items()))
        return PlannerStatistics(outcomes, len(self._pending), self._bed_restarts)
