"""Snapshots of a running room and of the server around it: what metrics, the API and the log read.

Every counter counts since the room (or the server) began and never goes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec

from livefoley.core.mix import MixControls
from livefoley.core.notices import ActionNotice
from livefoley.core.ports import AudienceStatistics, SinkStatistics, SourceStatistics
from livefoley.core.understood import ContextSnapshot, EyesSnapshot, MicrophoneSnapshot, Understood

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
"""Figures that workers tell of themselves: what is none of these is no message."""


class RoomState(StrEnum):
    """Whether a publisher is here."""

    WAITING = "waiting"  # none has come yet
    LIVE = "live"
    HOLDING = "holding"  # it went away; the outputs are kept up
    ENDING = "ending"  # the input is over; what is inside runs out


@dataclass(frozen=True, slots=True)
class CueCount:
    """How many cues of a kind (``core.cues.CueKind``) came to an outcome (``laid``, ``missed``, ...)."""

    kind: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """A supervised worker process; ``restarts`` does not count its first start."""

    name: str
    alive: bool
    restarts: int = 0
    hangs: int = 0
    starvations: int = 0  # times it was silent for want of processor time, and waited for
    dropped: int = 0
    unusable: int = 0  # what it said that was no message, or that nothing could be made of


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from asking for a cue's sound to having it, over the last cues; zeros before the first."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True, slots=True)
class EarsSnapshot:
    """A room's speech recognition. ``state`` is ``off``, ``starting``, ``listening``, ``unavailable`` (``reason``)."""

    state: str = "off"
    reason: str = ""
    device: str = ""
    utterances: int = 0
    foreign: int = 0  # in a language the room does not list
    made_up: int = 0  # passes whose text was not believed
    shed: int = 0  # utterances left out for want of time
    passes: int = 0
    cost_s: float = 0.0  # processor time of the passes
    dropped: int = 0  # pieces of sound the recogniser was not given
    keyword_delay_s: Latency = Latency()  # from a keyword's end in the publisher's sound to its first event


@dataclass(frozen=True, slots=True)
class ScreenSnapshot:
    """A room's key pictures: read for text, like the one before and so not read, not to be decoded."""

    read: Count = 0
    unchanged: Count = 0
    errors: Count = 0


@dataclass(frozen=True, slots=True)
class EmbeddingCacheSnapshot:
    """Where the embeddings of texts came from."""

    memory_hits: Count = 0
    disk_hits: Count = 0
    computed: Count = 0


@dataclass(frozen=True, slots=True)
class RenderCacheSnapshot:
    """What became of the asks for rendered sounds; ``bytes`` is what is kept of them in memory."""

    memory_hits: Count = 0
    disk_hits: Count = 0
    rendered: Count = 0
    corrupt: Count = 0  # files on disk that could not be read
    write_errors: Count = 0
    bytes: Count = 0


@dataclass(frozen=True, slots=True)
class StudentSnapshot:
    """The network that makes sounds. ``state`` is ``off``, ``starting``, ``working``, ``resting`` (it failed or was too
    slow, and is left alone for a while) or ``unavailable``; ``reason`` says why."""

    state: str = "off"
    reason: str = ""
    model: str = ""
    device: str = ""
    made: int = 0
    refused: int = 0
    shed: int = 0  # not asked for in the end: too late, or not wanted any more
    late: int = 0  # made too late to be heard
    batches: int = 0
    cost_s: float = 0.0  # time of the batches
    openings: int = 0  # times it was left alone
    latency_s: Latency = Latency()  # from asking to having, over the last thousand
    embeddings: EmbeddingCacheSnapshot = EmbeddingCacheSnapshot()


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many sounds of a kind (``bed`` counts pieces of half a second) came from a source (``core.cues.SoundSource``,
    or the name of a maker that was added)."""

    kind: str
    source: str
    count: int


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How many sounds of a kind a source was asked for in vain, and why it gave none the last time."""

    kind: str
    source: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many times something was told in a state (``spotted``, ``confirmed``, ``withdrawn``, ``final``)."""

    state: str
    count: int


@dataclass(frozen=True, slots=True)
class SignalCount:
    """How often a signal (``keyword``, ``chat``, ``crowd``, ...) brought evidence of a highlight."""

    signal: str
    count: int


@dataclass(frozen=True, slots=True)
class SignalsSnapshot:
    """What the room's audience and its host let it notice, and who was told."""

    chat_messages: int = 0
    chat_dropped: int = 0  # came too fast, were not looked at for words, or were no chat
    chat_rate: float = 0.0  # writers a second
    chat_bursts: int = 0
    keywords: tuple[StateCount, ...] = ()
    highlights: tuple[StateCount, ...] = ()
    evidence: tuple[SignalCount, ...] = ()
    events: int = 0
    event_listeners: int = 0
    events_dropped: int = 0  # for listeners that did not read
    events_refused: int = 0  # listeners beyond the places there are


@dataclass(frozen=True, slots=True)
class ClipMakingSnapshot:
    """The making of clips, for all rooms. ``latency_s`` is from a clip's end leaving its room to its publication."""

    worker: WorkerSnapshot
    waiting: int = 0
    outcomes: tuple[StateCount, ...] = ()
    latency_s: Latency = Latency()
    ahead: int = 0  # wanted, but their end has not left yet
    refused: tuple[StateCount, ...] = ()  # requests, by why


@dataclass(frozen=True, slots=True)
class DeliverySnapshot:
    """Who is told, or listened to, over the network: a ``webhook``, or the room's ``obs``."""

    kind: str
    connected: bool = True  # a webhook: its last delivery arrived
    delivered: int = 0
    dropped: int = 0
    retries: int = 0
    reason: str = ""  # why it is not connected, where that is known


@dataclass(frozen=True, slots=True)
class ClipsSnapshot:
    """What a room keeps for clips, in seconds and bytes; what could not be kept is counted."""

    enabled: bool = False
    kept_s: float = 0.0
    memory_bytes: int = 0
    disk_bytes: int = 0
    dropped_pictures: int = 0
    dropped_bytes: int = 0
    dropped_events: int = 0
    disk_errors: int = 0
    problem: str = ""  # why the disk does not take more; empty when it does


@dataclass(frozen=True, slots=True)
class RoomControls(MixControls):
    """What can be changed while a room runs; gains in dB, as in the configuration."""

    describe: str = ""


@dataclass(frozen=True, slots=True)
class RoomSnapshot:
    """One room now."""

    name: str
    state: RoomState = RoomState.WAITING
    publisher_connected: bool = False
    epoch: int = 0
    uptime_s: float = 0.0
    position_s: float = 0.0  # seconds of its stream that have left, as its events count them
    lookahead_s: float = 0.0
    controls: RoomControls = RoomControls()
    understood: Understood = field(default_factory=Understood)  # what is made of its description
    foley_bypassed: bool = False  # foley is wanted, and the original goes out without it
    bypass_reason: str = ""
    problem: str = ""  # why a track or the source is not used
    unwritten: tuple[str, ...] = ()  # what cannot be written now, beside the outputs, and why
    source: SourceStatistics = field(default_factory=SourceStatistics)
    units_in: int = 0
    units_out: int = 0
    bytes_in: int = 0
    video_kbps: float = 0.0
    audio_kbps: float = 0.0
    dropped_units: int = 0
    decode_errors: int = 0
    timeline_rebases: int = 0
    timeline_clamped: int = 0
    drift_ppm: float = 0.0
    audio_gaps: int = 0
    audio_resyncs: int = 0
    audio_strays: int = 0  # single stamps of the sound that were not believed
    audio_late_samples: int = 0
    audio_early_samples: int = 0  # came for a time that lies too far ahead
    foley_failures: int = 0
    watermark: str = ""  # the content id that the watermark of its live output carries; empty without one
    mark_failures: int = 0  # blocks that left without their watermark
    late_units: int = 0
    hold_frames: int = 0
    cues: tuple[CueCount, ...] = ()
    bed_underruns: int = 0
    bed_restarts: int = 0
    bed_late_samples: int = 0
    limiter_gain_db: float = 0.0  # now; 0 when nothing is too loud
    original_lufs: float | None = None  # of the last ten seconds with sound
    follow_gain_db: float = 0.0  # what foley is made louder or quieter for its sake
    held_back_s: float = 0.0  # by which the output moved back because the process had stopped, over all
    delay_line_bytes: int = 0
    cue_latency_s: Latency = Latency()
    sounds: tuple[SourceCount, ...] = ()
    refusals: tuple[RefusalCount, ...] = ()
    bed_source: str = ""  # who makes the ambience now
    renders: RenderCacheSnapshot = RenderCacheSnapshot()  # of all rooms together
    student: StudentSnapshot = StudentSnapshot()
    workers: tuple[WorkerSnapshot, ...] = ()
    sinks: tuple[SinkStatistics, ...] = ()
    audience: AudienceStatistics = field(default_factory=AudienceStatistics)
    signals: SignalsSnapshot = SignalsSnapshot()
    ears: EarsSnapshot = EarsSnapshot()
    screen: ScreenSnapshot = ScreenSnapshot()
    eyes: EyesSnapshot = field(default_factory=EyesSnapshot)
    microphone: MicrophoneSnapshot = field(default_factory=MicrophoneSnapshot)
    context: ContextSnapshot = field(default_factory=ContextSnapshot)
    actions: tuple[ActionNotice, ...] = ()  # what was chosen for the last movements, and why, the newest last
    clips: ClipsSnapshot = ClipsSnapshot()
    deliveries: tuple[DeliverySnapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """How many publishers or viewers were turned away for a reason (``key``, ``limit``, ``protocol``, ...)."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class PortSnapshot:
    """What strangers at a port (``rtmp``, ``rtmps``, ``http``) were held to, since it was opened."""

    name: str
    connections: int = 0
    waits: int = 0  # times a stranger waited for its share of the event loop
    gave_way: int = 0  # connections that were closed for want of room for newer ones
    cut: int = 0  # strangers cut for breaking the protocol, after which their address has to wait
    exhausted: int = 0  # times nobody could be taken in for want of descriptors or memory


@dataclass(frozen=True, slots=True)
class ServerSnapshot:
    """The process around the rooms."""

    version: str = ""
    uptime_s: float = 0.0
    rtmp_connections: int = 0
    rtmp_rejected: tuple[Rejection, ...] = ()
    rtmp_publisher_waits: int = 0  # times a publisher had had its share of the event loop
    whip_rejected: tuple[Rejection, ...] = ()
    whep_rejected: tuple[Rejection, ...] = ()
    whep_half_open: int = 0
    hls_rejected: tuple[Rejection, ...] = ()
    ports: tuple[PortSnapshot, ...] = ()
    log_lines_dropped: int = 0
