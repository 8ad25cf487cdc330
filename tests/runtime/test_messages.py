"""What is said between processes: every message comes back as it was, and nothing else is taken for one."""

from __future__ import annotations

import builtins
import json
from collections import abc
from enum import Enum
from fractions import Fraction
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.clips.tool_settings import ToolSettings
from livefoley.core.cues import Sound
from livefoley.core.errors import ConfigError
from livefoley.core.event_json import event_from_json, event_to_json
from livefoley.core.events import CoursePoint, CourseState, MotionCourse, MotionKind, MotionOnset, Sight, Speech
from livefoley.core.families import Family
from livefoley.core.highlights import Evidence, EvidenceState, Origin
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.snapshots import Count, EmbeddingCacheSnapshot, RenderCacheSnapshot, ScreenSnapshot, Seconds
from livefoley.runtime.clips import messages as clips
from livefoley.runtime.sounds import messages as sounds
from livefoley.runtime.workers import messages
from livefoley.runtime.workers.link import Failed, Link, Message, MessageError, op_of

Types = tuple[type[Message], ...]

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
LINKS: dict[str, tuple[Link[Any, Any], Any, Any]] = {
    "perception": (messages.PERCEPTION, messages.ToPerception, messages.FromPerception),
    "screen": (messages.SCREEN, messages.ToScreen, messages.FromScreen),
    "ears": (messages.EARS, messages.ToEars, messages.FromEars),
    "transcode": (messages.TRANSCODE, messages.ToTranscode, messages.FromTranscode),
    "slate": (messages.SLATE, messages.DrawSlate, messages.FromSlate),
    "foley": (sounds.FOLEY, sounds.ToFoley, sounds.FromFoley),
    "student": (sounds.STUDENT, sounds.ToStudent, sounds.FromStudent),
    "clips": (clips.CLIPS, clips.ToClips, clips.FromClips),
}

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: INTEGERS,
    float: FLOATS,
    Count: st.integers(0, 2**53),
    Seconds: st.floats(0, 1e12),
    str: TEXT,
    bool: st.booleans(),
    type(None): st.none(),
    Evidence: st.builds(
        Evidence,
        st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True),
        INTEGERS,
        st.sampled_from(Origin),
        st.integers(0, 2**40),
        st.integers(2**40, 2**41),
        FLOATS,
        TEXT,
        TEXT,
        st.sampled_from(EvidenceState),
        st.integers(0, 2**40),
        st.none() | INTEGERS,
    ),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return values of a field's type."""
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    inside = get_args(hint)
    match get_origin(hint):
        case builtins.tuple if inside[-1] is Ellipsis:
            return st.lists(values(inside[0]), max_size=2).map(tuple)
        case builtins.tuple:
            return st.tuples(*map(values, inside))
        case abc.Mapping:
            return st.dictionaries(values(inside[0]), values(inside[1]), max_size=2)
        case None:
            return made(hint)
        case _:
            return st.one_of(*map(values, inside))


def made(kind: type) -> st.SearchStrategy[Any]:
    """Return messages, or what they carry, of a class."""
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{name: values(hint) for name, hint in hints.items() if not name.startswith("_")})


def members(union: Any) -> Types:
    return get_args(union) or (union,)


def kinds(link: str) -> list[tuple[type[Message], Any]]:
    """Return the messages of a link in both directions, each with what reads it."""
    both, requests, replies = LINKS[link]
    asked = [(kind, both.request) for kind in members(requests)]
    return asked + [(kind, both.reply) for kind in (*members(replies), Failed)]


@pytest.mark.parametrize("link", LINKS)
@given(data=st.data())
def test_every_message_comes_back_as_it_was(link: str, data: st.DataObject) -> None:
    kind, read = data.draw(st.sampled_from(kinds(link)))
    message = data.draw(made(kind))
    head = LINKS[link][0].encode(message)
    assert read(head) == message
    assert json.loads(head)["op"] == op_of(kind)


@pytest.mark.parametrize("link", LINKS)
@given(data=st.data())
def test_a_message_of_another_shape_is_one_clear_error(link: str, data: st.DataObject) -> None:
    kind, read = data.draw(st.sampled_from(kinds(link)))
    whole = json.loads(LINKS[link][0].encode(data.draw(made(kind))))
    field = data.draw(st.sampled_from(sorted(whole)))
    for wrong in ({**whole, "unheard_of": 1}, {**whole, field: [{}]}, {**whole, "op": "explode"}):
        with pytest.raises(MessageError, match=r"not what this worker (is told|says): .+"):
            read(json.dumps(wrong).encode())


@pytest.mark.parametrize("link", LINKS)
@given(head=st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | FLOATS | TEXT, st.lists).map(json.dumps))
def test_what_is_no_message_is_an_error_and_no_more(link: str, head: bytes | str) -> None:
    for read in (LINKS[link][0].request, LINKS[link][0].reply):
        with pytest.raises(MessageError):
            read(head.encode() if isinstance(head, str) else head)


def test_a_worker_knows_no_message_of_another_one() -> None:
    with pytest.raises(MessageError, match="flush"):
        messages.PERCEPTION.request(messages.EARS.encode(messages.Flush("shop")))


FIGURES: tuple[tuple[Link[Any, Any], Any], ...] = (
    (messages.SCREEN, messages.PictureRead(ScreenSnapshot(read=17))),
    (messages.EARS, messages.EarsFigures("shop", 1, 1, 1, 1, 17, 2.0)),
    (messages.EARS, messages.EarsFigures("shop", 1, 1, 1, 1, 1, 17.0)),
    (sounds.FOLEY, sounds.CacheFigures(RenderCacheSnapshot(rendered=17))),
    (sounds.STUDENT, sounds.BatchDone(17.0, EmbeddingCacheSnapshot())),
    (sounds.STUDENT, sounds.BatchDone(1.0, EmbeddingCacheSnapshot(computed=17))),
)


@pytest.mark.parametrize(("link", "told"), FIGURES, ids=lambda each: op_of(each) if isinstance(each, Message) else "")
@pytest.mark.parametrize("lie", ["-1", "1e300", "NaN", "Infinity", "true", '"17"', "null"])
def test_figures_of_a_worker_are_finite_and_not_below_zero(link: Link[Any, Any], told: Any, lie: str) -> None:
    head = link.encode(told)
    assert link.reply(head) == told
    assert head.count(b"17") == 1
    with pytest.raises(MessageError):
        link.reply(head.replace(b"17.0", lie.encode()).replace(b"17", lie.encode()))


def test_numbers_of_numpy_are_numbers() -> None:
    said = messages.Noticed(Evidence("crowd", 1, Origin.SOUND, 1, np.int64(2), np.float32(0.5)))  # type: ignore[arg-type]
    heard = messages.PERCEPTION.reply(messages.PERCEPTION.encode(said))
    assert heard == messages.Noticed(Evidence("crowd", 1, Origin.SOUND, 1, 2, 0.5))


def test_what_is_no_number_is_not_sent_as_null() -> None:
    head = messages.PERCEPTION.encode(messages.perceived(Speech(1, True, float("nan"))))
    with pytest.raises(MessageError):
        messages.PERCEPTION.reply(head)


def test_evidence_that_is_none_is_refused_at_the_door() -> None:
    evidence = Evidence("crowd", 1, Origin.SOUND, 1, 2, 0.5, state=EvidenceState.SPOTTED)
    head = messages.SCREEN.encode(messages.Noticed(evidence)).replace(b'"crowd"', b'"Crowd!"')
    with pytest.raises(MessageError, match="names no signal"):
        messages.SCREEN.reply(head)


def test_a_unit_and_its_track_come_back_with_their_stamps_and_payload() -> None:
    track = TrackInfo(MediaKind.VIDEO, "h264", b"\x01\x64", 1920, 1080)
    packet = Packet(MediaKind.VIDEO, b"picture", 3003, 0, Fraction(1, 90_000), keyframe=True)
    unit = Unit(packet, 1601, 0, 7)
    assert messages.VideoTrack.of(track).info(track.extradata) == track
    assert messages.VideoUnit.of(unit).unit(packet.data) == unit


def test_a_sound_comes_back_with_its_samples() -> None:
    samples = np.linspace(-1, 1, 20, dtype=np.float32).reshape(2, 10)
    sound = Sound(samples, 3, "library", "Door Slam", ("DOORWood",), 7)
    back = sounds.SoundMade.of(1, sound).sound(sounds.stereo_bytes(samples))
    assert np.array_equal(back.samples, samples)
    assert (back.onset, back.source, back.name, back.tags, back.seed) == (3, "library", "Door Slam", ("DOORWood",), 7)


def test_a_movement_is_read_with_its_kind() -> None:
    onset = MotionOnset(48_000, MotionKind.SWEEP, 0.5)
    assert messages.PERCEPTION.reply(messages.PERCEPTION.encode(messages.Moved(onset))) == messages.Moved(onset)


def test_a_movement_that_lasts_is_read_with_its_points_by_the_room_and_with_a_clip() -> None:
    points = (CoursePoint(48_000, 0.1, 0.2, 0.03, 0.4), CoursePoint(51_000, 0.2, 0.2, 0.03, 0.4))
    course = MotionCourse(7, CourseState.BEGINS, points, 0.9, 1.5, Sight(48_000, ((Family.VEHICLE, 0.7),)))
    told = messages.perceived(course)
    assert messages.PERCEPTION.reply(messages.PERCEPTION.encode(told)) == told
    assert event_from_json(json.loads(json.dumps(event_to_json(course)))) == course


@given(made(ToolSettings))
def test_settings_of_tools_go_through_a_broker(settings: ToolSettings) -> None:
    assert ToolSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_settings_of_tools_that_lack_something_are_one_clear_error() -> None:
    with pytest.raises(ConfigError, match=r"no settings of the tools for clips: .*publish"):
        ToolSettings.from_json({"libraries": []})
