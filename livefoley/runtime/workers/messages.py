"""What is said between rooms and the workers that watch, listen, read and encode; see `link` for how it travels."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from livefoley.core.events import (
    Keyword,
    KeywordHit,
    Mention,
    MotionCourse,
    MotionOnset,
    PerceptionEvent,
    SceneCut,
    Sight,
    Speech,
    Transcript,
)
from livefoley.core.highlights import Evidence
from livefoley.core.media import AS_STORED, Display, MediaKind, Packet, TrackInfo, Unit
from livefoley.core.snapshots import Count, ScreenSnapshot, Seconds
from livefoley.core.ticks import Tick
from livefoley.runtime.workers.link import Link, Message

# ---- media, in both directions ----


class VideoTrack(Message, frozen=True):
    """A track's parameters; the payload is its extradata."""

    codec: str
    width: int
    height: int
    matrix: tuple[int, ...] = AS_STORED
    boxes: bytes = b""

    @classmethod
    def of(cls, info: TrackInfo) -> VideoTrack:
        """Return what tells of ``info``."""
        return cls(info.codec, info.width, info.height, info.display.matrix, info.display.boxes)

    def info(self, payload: bytes) -> TrackInfo:
        """Return what was told."""
        display = Display(self.matrix, self.boxes)
        return TrackInfo(MediaKind.VIDEO, self.codec, payload, self.width, self.height, display=display)


class VideoUnit(Message, frozen=True):
    """A unit of video: its place on the timeline and its packet's own stamps; the payload is the packet's data."""

    pts: Tick
    dts: Tick
    epoch: int
    packet_pts: int
    packet_dts: int
    time_base: tuple[int, int]
    keyframe: bool

    @classmethod
    def of(cls, unit: Unit) -> VideoUnit:
        """Return what tells of ``unit``."""
        packet = unit.packet
        base = packet.time_base.numerator, packet.time_base.denominator
        return cls(unit.pts, unit.dts, unit.epoch, packet.pts, packet.dts, base, packet.keyframe)

    def unit(self, payload: bytes) -> Unit:
        """Return what was told."""
        base = _fraction(*self.time_base)
        packet = Packet(MediaKind.VIDEO, payload, self.packet_pts, self.packet_dts, base, self.keyframe)
        return Unit(packet, self.pts, self.dts, self.epoch)


@lru_cache(64)
def _fraction(numerator: int, denominator: int) -> Fraction:
    return Fraction(numerator, denominator)


class Audio(Message, frozen=True):
    """The room's sound from ``start`` on; the payload is 16-bit mono at 48 kHz."""

    start: Tick


# ---- perception ----


class Eyes(Message, frozen=True):
    """Say what it is that moves, or no longer: the worker is behind, or the room does not want it."""

    open: bool


class Moved(Message, frozen=True):
    """A movement begins or lands."""

    onset: MotionOnset


class Goes(Message, frozen=True):
    """A movement lasts."""

    course: MotionCourse


class Saw(Message, frozen=True):
    """What the whole picture shows."""

    sight: Sight


class Blind(Message, frozen=True):
    """Why nobody says what moves (``problem``), or who does (``people_problem``); empty where somebody may."""

    problem: str = ""
    people_problem: str = ""


class Cut(Message, frozen=True):
    """The picture changes to another scene."""

    cut: SceneCut


class Voice(Message, frozen=True):
    """Speech begins or ends."""

    speech: Speech


class Noticed(Message, frozen=True):
    """A signal noticed what may be a highlight, whichever signal and from whichever worker."""

    evidence: Evidence


def perceived(event: PerceptionEvent) -> Moved | Goes | Saw | Cut | Voice:
    """Return what tells of ``event``."""
    match event:
        case MotionOnset():
            return Moved(event)
        case MotionCourse():
            return Goes(event)
        case Sight():
            return Saw(event)
        case SceneCut():
            return Cut(event)
        case Speech():
            return Voice(event)


ToPerception: TypeAlias = Eyes | VideoTrack | VideoUnit | Audio
FromPerception: TypeAlias = Moved | Goes | Saw | Blind | Cut | Voice | Noticed
PERCEPTION = Link[ToPerception, FromPerception](ToPerception, FromPerception)

# ---- screen ----


class Keywords(Message, frozen=True):
    """What is looked for; it comes first. With ``steer`` things and places are told, too."""

    keywords: tuple[Keyword, ...]
    steer: bool = False


class Named(Message, frozen=True):
    """A thing or a place is named, in a room's speech or on its screen; a worker of one room need not say which."""

    mention: Mention
    room: str = ""


class PictureRead(Message, frozen=True):
    """A picture was read, and the next may come; what became of all by now."""

    figures: ScreenSnapshot


ToScreen: TypeAlias = Keywords | VideoTrack | VideoUnit
FromScreen: TypeAlias = Noticed | Named | PictureRead
SCREEN = Link[ToScreen, FromScreen](ToScreen, FromScreen)

# ---- ears ----


class OpenModel(Message, frozen=True):
    """Load a model by name or directory."""

    model: str


class Opened(Message, frozen=True):
    """The model is there and runs on ``device``."""

    device: str


class Unavailable(Message, frozen=True):
    """There is no such model, or none can be used; ``reason`` says why."""

    reason: str


class Listen(Message, frozen=True):
    """Listen to a room; ids count up from ``first_id``. With ``steer`` things and places that are named are told."""

    room: str
    languages: tuple[str, ...]
    keywords: tuple[Keyword, ...]
    first_id: int
    steer: bool = False


class RoomAudio(Message, frozen=True):
    """A room's sound from ``start`` on, sent at ``sent_s`` (seconds, monotonic); the payload as that of ``Audio``."""

    room: str
    start: Tick
    sent_s: float


class Flush(Message, frozen=True):
    """A room's sound is over for now."""

    room: str


class Said(Message, frozen=True):
    """What was said in a room."""

    room: str
    transcript: Transcript


class Heard(Message, frozen=True):
    """A keyword was heard in a room, or settles."""

    room: str
    hit: KeywordHit


class EarsFigures(Message, frozen=True):
    """A room's counts since its worker began; see ``EarsSnapshot``."""

    room: str
    utterances: Count
    foreign: Count
    made_up: Count
    shed: Count
    passes: Count
    cost_s: Seconds


ToEars: TypeAlias = OpenModel | Listen | RoomAudio | Flush
FromEars: TypeAlias = Opened | Unavailable | Said | Heard | Named | EarsFigures
EARS = Link[ToEars, FromEars](ToEars, FromEars)

# ---- video for viewers, and slates ----


class Keyframe(Message, frozen=True):
    """Make the next picture a keyframe."""


class DrawSlate(Message, frozen=True):
    """Draw a still picture in a track like this one: ``text``, over the file ``picture`` if given."""

    codec: str
    width: int
    height: int
    text: str
    picture: str | None = None


class NoSlate(Message, frozen=True):
    """Why none can be drawn."""

    reason: str


ToTranscode: TypeAlias = VideoTrack | VideoUnit | Keyframe
FromTranscode: TypeAlias = VideoTrack | VideoUnit
TRANSCODE = Link[ToTranscode, FromTranscode](ToTranscode, FromTranscode)
FromSlate: TypeAlias = VideoTrack | VideoUnit | NoSlate
SLATE = Link[DrawSlate, FromSlate](DrawSlate, FromSlate)
