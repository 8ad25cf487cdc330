"""The part of a rolling buffer that a clip is cut from: which pictures, which sound, which events. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from livefoley.clips.buffer.choices import Choices, RecentChoices
from livefoley.clips.buffer.chunks import Block, Group, Picture, Piece
from livefoley.core.cues import Cue
from livefoley.core.errors import InputError
from livefoley.core.event_json import Event
from livefoley.core.events import MotionCourse, Speech, Transcript
from livefoley.core.media import TrackInfo
from livefoley.core.ticks import TICK_RATE, Tick

GAP: Tick = TICK_RATE  # pictures further apart than this are a gap
LEAST: Tick = TICK_RATE // 2  # of what is sent is worth a clip
BEFORE: Tick = 3 * TICK_RATE  # sounds of events this long before a clip are heard in it
FRAME: Tick = TICK_RATE // 25  # how long a last picture is shown when none follows


@dataclass(frozen=True, slots=True)
class Selection:
    """What a clip is cut from: from ``start`` to ``end``, as near as pictures allow.

    ``pictures`` lists those of ``groups`` in decode order, from the keyframe before ``start`` on; ``sounds`` are
    ``(start, sizes)`` of ``blocks``. ``gaps`` are where no pictures came. ``describe`` is what the room sounded like at
    the end, ``choices`` how it did before, and why.
    """

    start: Tick
    end: Tick
    info: TrackInfo | None
    pictures: tuple[Picture, ...]
    groups: tuple[Piece, ...]
    sounds: tuple[tuple[Tick, tuple[int, int]], ...]
    blocks: tuple[Piece, ...]
    events: tuple[Event | Cue, ...] = ()
    describe: str = ""
    gaps: tuple[tuple[Tick, Tick, str], ...] = field(default=())
    choices: Choices = field(default_factory=Choices)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs its pictures are of."""
        return tuple(dict.fromkeys(picture.epoch for picture in self.pictures))


def select(
    groups: Sequence[Group],
    blocks: Sequence[Block],
    events: Sequence[Event | Cue],
    choices: RecentChoices,
    start: Tick,
    end: Tick,
    around: Tick | None = None,
    exact: bool = False,
    pictured: bool = False,
) -> Selection:
    """See `RollingBuffer.select`; ``pictured`` says that the room has had pictures, though none may be kept."""
    kept = [block for block in blocks if block.end > start and block.start < end]
    if not kept or end <= start:
        raise InputError("nothing of that time is kept; see clips.keep_s, and when the stream began")
    start, end = _running(groups, kept, max(start, kept[0].start), min(end, kept[-1].end), pictured)
    chosen = _groups(groups, start, end, around if around is not None else (start + end) // 2)
    pictures = [picture for group in chosen for picture in group.pictures]
    if pictures:
        start, end = _running(chosen, kept, *_span(chosen, start, end, groups), pictured=True)
        count, whole = (len(pictures), frame_end(pictures, end)) if exact else whole_end(pictures, end)
        pictures, end = pictures[:count], min(whole, max(block.end for block in blocks))
        kept = [block for block in blocks if block.end > start and block.start < end]
    near = _of_interest(events, start, end)
    chose = choices.select(start - BEFORE, end, [event for event in near if isinstance(event, MotionCourse)])
    return Selection(
        start=start,
        end=end,
        info=chosen[0].info if chosen else None,
        pictures=tuple(pictures),
        groups=tuple(Piece.of(group) for group in chosen),
        sounds=tuple((block.start, block.sizes) for block in kept),
        blocks=tuple(Piece.of(block) for block in kept),
        events=near,
        describe=chose.describes[-1][1] if chose.describes else "",
        gaps=_gaps(chosen, start, end),
        choices=chose,
    )


def _running(
    groups: Sequence[Group], kept: Sequence[Block], start: Tick, end: Tick, pictured: bool
) -> tuple[Tick, Tick]:
    """Return the part of a span in which something is sent: a picture that is held while nobody sends is no part of it.

    Where pictures alone are missing the sound goes on, and the span stays. Raises ``InputError`` when nothing was sent.
    """
    shown = max((picture.pts for group in groups for picture in group.pictures if picture.pts < end), default=None)
    heard = max((min(block.heard[1], end) for block in kept if block.heard and block.heard[0] < end), default=start)
    if (shown is None and not pictured) or heard >= end:
        return start, end
    running = heard if shown is None else max(heard, shown + FRAME)
    if running - start < min(LEAST, end - start):
        raise InputError("nothing was sent then: the publisher was away, and a held picture makes no clip")
    return start, end if end - running <= GAP else running


def whole_end(pictures: Sequence[Picture], end: Tick) -> tuple[int, Tick]:
    """Return how many ``pictures`` (in decode order) to take for a clip that ends at ``end`` or as soon as it can, and
    where it then ends: with the last picture's time.

    Pictures refer to others that come later in display but earlier in decode order. So the clip ends where those that
    were sent are just those that are shown, which is a few pictures after ``end`` at most.
    """
    latest, count = end - 1, 0
    while (more := len(_needed(pictures, latest))) > count:
        count = more
        latest = max(picture.pts for picture in pictures[:count])
    return count, frame_end(pictures, max(end, latest + 1))


def frame_end(pictures: Sequence[Picture], end: Tick) -> Tick:
    """Return when the picture that is shown just before ``end`` gives way to the next; one without a next stands."""
    shown = sorted(picture.pts for picture in pictures)
    later = next((pts for pts in shown if pts >= end), None)
    before = [pts for pts in shown if pts < end][-2:]
    if not before:
        return end
    step = before[-1] - before[0] if len(before) > 1 and before[-1] - before[0] <= GAP else FRAME
    following = later if later is not None else before[-1] + step
    return max(end, before[-1] + step) if max(end, following) - before[-1] > GAP else following


def _needed(pictures: Sequence[Picture], latest: Tick) -> Sequence[Picture]:
    """Return the pictures in decode order up to the last one that is shown at ``latest`` or before."""
    last = max((index for index, picture in enumerate(pictures) if picture.pts <= latest), default=-1)
    return pictures[: last + 1]


def _groups(groups: Sequence[Group], start: Tick, end: Tick, around: Tick) -> list[Group]:
    """Return the groups that show something of the span; of several parameter sets those that hold at ``around``."""
    first = max((index for index, group in enumerate(groups) if group.start <= start), default=0)
    shown = [group for group in groups[first:] if group.start < end]
    if shown and shown[0].end < start and len(shown) > 1 and shown[1].start - shown[0].end > GAP:
        shown = shown[1:]  # the publisher came back after the beginning: what was before is no part of it
    if not shown:
        return []
    middle = max((index for index, group in enumerate(shown) if group.start <= around), default=0)
    first = last = middle
    while first and shown[first - 1].info == shown[middle].info:
        first -= 1
    while last + 1 < len(shown) and shown[last + 1].info == shown[middle].info:
        last += 1
    return shown[first : last + 1]


def _span(chosen: Sequence[Group], start: Tick, end: Tick, groups: Sequence[Group]) -> tuple[Tick, Tick]:
    """Return where the clip begins and ends: no earlier than its first picture, no later than other parameters.

    A picture that has been held for long when the clip begins is not followed back to where it was sent.
    """
    stamps = sorted(picture.pts for group in chosen for picture in group.pictures)
    shown = max((pts for pts in stamps if pts <= start), default=stamps[0])
    start = shown if start - shown <= GAP else next((pts for pts in stamps if start < pts < end), start)
    later = [group.start for group in groups if group.start > chosen[-1].start and group.info != chosen[-1].info]
    return start, min(end, *later) if later else end


def _gaps(chosen: Sequence[Group], start: Tick, end: Tick) -> tuple[tuple[Tick, Tick, str], ...]:
    shown = sorted((p.pts, p.epoch) for group in chosen for p in group.pictures if p.pts < end)
    if not shown:
        return ()
    shown.append((end, shown[-1][1]))
    apart = ((a, b) for a, b in pairwise(shown) if b[0] - a[0] > GAP and b[0] > start)
    return tuple(
        (max(a[0], start), b[0], "publisher away" if a[1] != b[1] or b[0] == end else "pictures missing")
        for a, b in apart
    )


def _of_interest(events: Sequence[Event | Cue], start: Tick, end: Tick) -> tuple[Event | Cue, ...]:
    """Return the events that may be heard or read in the span, led by whether somebody spoke before it."""
    near = [event for event in events if start - BEFORE <= _end_of(event) and start_of(event) < end]
    spoken = [event for event in events if isinstance(event, Speech) and event.at < start - BEFORE]
    return (*(max(spoken, key=lambda event: event.at),), *near) if spoken else tuple(near)


def start_of(event: Event | Cue) -> Tick:
    """Return where an event or a cue begins."""
    return event.start if isinstance(event, Cue | Transcript) else event.at


def _end_of(event: Event | Cue) -> Tick:
    return int(getattr(event, "end", start_of(event)))
