"""What a room knows beside its description: what the host names, what its thumbs said, and where the picture is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from livefoley.clips.buffer.choices import RecentChoices
from livefoley.core.errors import InputError
from livefoley.core.events import Mention, MotionCourse, MotionOnset, PerceptionEvent, SceneCut, Sight
from livefoley.core.families import Family
from livefoley.core.notices import ActionNotice, PlaceNotice
from livefoley.core.ticks import Tick
from livefoley.core.understood import ContextSnapshot, LeaningSnapshot
from livefoley.engine.choice import Choice, Leaning
from livefoley.engine.leanings.decisions import Decision
from livefoley.engine.leanings.host import HostContext
from livefoley.engine.leanings.place import Surroundings
from livefoley.engine.leanings.thumbs import Thumbs
from livefoley.foley.description.lexicon import at_place, is_place
from livefoley.runtime.events import notices
from livefoley.runtime.sounds.live import RoomSounds

KEPT_ACTIONS = 256
TOLD_ACTIONS = 8  # in the room's state
UNKNOWN = "unknown"  # what is told in place of a family where none is known


class RoomContext:
    """Mentions, looks, thumbs and the actions they are about in; a leaning out, and what describes the ambience.

    Time is in ticks of the room.
    """

    def __init__(self, steer: bool = False, bias: float = 1.0) -> None:
        """With ``steer``, what the host names counts; ``bias`` is that of a description against the picture's place."""
        self.steer = steer
        self.names = 0  # things and places that were named
        self._host = HostContext()
        self._thumbs = Thumbs()
        self._surroundings = Surroundings(bias)
        self._describe = ""
        self._at: Tick = 0  # of what was heard of last
        self._sounds: RoomSounds | None = None
        self._tell: Callable[[PlaceNotice], object] = lambda notice: None
        self._describe_clips: Callable[[str], None] = lambda text: None
        self._kept: RecentChoices | None = None
        self._given = 0
        self._actions: deque[tuple[int, Family | None]] = deque(maxlen=KEPT_ACTIONS)
        self._recent: deque[ActionNotice] = deque(maxlen=TOLD_ACTIONS)

    def connect(
        self,
        sounds: RoomSounds | None,
        tell: Callable[[PlaceNotice], object],
        describe_clips: Callable[[str], None] | None = None,
        kept: RecentChoices | None = None,
    ) -> None:
        """Say to ``sounds`` and to clips what describes the ambience, and tell where another place does; keep for clips
        what is chosen, and what spoke for it."""
        self._sounds, self._tell = sounds, tell
        self._describe_clips = describe_clips or self._describe_clips
        self._kept = kept

    def leaning(self, at: Tick) -> Leaning:
        """Return what speaks for families at ``at``."""
        return self._host.leaning(at).joined(self._thumbs.leaning(at))

    def named(self, mention: Mention) -> None:
        """Take what the host or the screen names."""
        if self.steer:
            self.names += 1
            self._host.take(mention)
            self._settle(mention.at)

    def describe(self, text: str) -> None:
        """The room is described so from now on."""
        self._describe = text
        if not self._settle(self._at):
            self._say()

    def perceive(self, event: PerceptionEvent) -> None:
        """Take what the picture shows of places, and that something moves."""
        if isinstance(event, MotionOnset | MotionCourse) and self._kept is not None:
            self._kept.leaned(event.at, self.leaning(event.at))
        if isinstance(event, Sight):
            self._surroundings.picture.see(event)
        elif isinstance(event, SceneCut):
            self._surroundings.picture.cut()
        self._settle(event.at)

    def _settle(self, at: Tick) -> bool:
        """Bring the ambience to where the host, or the picture, says the room is; say whether it is another one."""
        self._at = max(self._at, at)
        around, (place, word) = self._surroundings, self._host.place(self._at)
        if not around.settle(self._at, is_place(self._describe), place):
            return False
        seen = {"host": word, "picture": around.picture.place}.get(around.source, "")
        self._tell(PlaceNotice(around.words, around.source, seen))
        self._say()
        return True

    def _say(self) -> None:
        if self._sounds is not None:
            self._sounds.describe(self.ambience)
        described = is_place(self._describe)  # a clip's movements are planned by these words, too
        self._describe_clips(self._describe if described else self.ambience)

    @property
    def ambience(self) -> str:
        """What describes the ambience."""
        return at_place(self._describe, self._surroundings.words)

    def chosen(self, number: int, choice: Choice, moved: PerceptionEvent, start: Tick) -> None:
        """Remember what was chosen for what moved, and from when on it sounds, by the number of the event that tells
        of it."""
        self._recent.append(notices.action(start, choice))
        if choice.prompt is not None:
            self._actions.append((number, choice.family))
        if isinstance(moved, MotionOnset | MotionCourse) and self._kept is not None:
            self._kept.decided(Decision.on(moved, start, choice))

    def thumb(self, number: int, up: bool, at: Tick) -> Family | None:
        """Judge the sound that the event ``number`` told of; return its family. Raises ``InputError`` for another."""
        found = dict(self._actions)
        if number not in found:
            raise InputError(f"event {number} is none of the last {KEPT_ACTIONS} actions that made a sound")
        family = found[number]
        self._thumbs.give(family, up, at)
        self._given += 1
        return family

    def recent(self) -> tuple[ActionNotice, ...]:
        """Return what was chosen for the last movements, the newest last."""
        return tuple(self._recent)

    def snapshot(self, at: Tick) -> ContextSnapshot:
        """Return what counts at ``at``."""
        raised = tuple(
            LeaningSnapshot(each.family.value, each.word, round(each.weight, 2)) for each in self._host.raised(at)
        )
        thumbs = tuple(
            LeaningSnapshot(family.value if family is not None else UNKNOWN, "", round(weight, 2))
            for family, weight in self._thumbs.weights(at).items()
            if abs(weight - 1.0) >= 0.01
        )
        return ContextSnapshot(
            steered=self.steer,
            names=self.names,
            raised=raised,
            given=self._given,
            thumbs=thumbs,
            place=self._surroundings.words,
            source=self._surroundings.source,
        )
