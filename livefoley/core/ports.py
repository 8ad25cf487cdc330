"""The ports the engine and the runtime speak to; adapters in media, perception and foley answer them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Sound, SoundRequest, Stereo
from livefoley.core.events import PerceptionEvent
from livefoley.core.highlights import Evidence
from livefoley.core.media import OutputItem, Packet, SourceItem, TrackInfo, Unit
from livefoley.core.ticks import Tick

Feed: TypeAlias = Callable[[SourceItem], None]
"""Takes what a source gives. Never blocks, never raises; called from the event loop's thread only."""


@dataclass(frozen=True, slots=True)
class SourceStatistics:
    """A source's figures since it was made; counters never go back.

    ``problem`` says in a line why what comes, or a part of it, cannot be used, or why nothing comes; empty when all is
    well.
    """

    kind: str = ""  # "rtmp", "whip", "pull", "srt", "file"
    connected: bool = False
    connects: int = 0  # publishers that were let in, or connections that brought something
    takeovers: int = 0
    packets: int = 0
    bytes: int = 0  # of payload
    skipped_units: int = 0  # could not be read
    reordered_units: int = 0  # left out: B-frames where none can be carried
    lost_packets: int = 0
    keyframe_requests: int = 0
    problem: str = ""


class Source(Protocol):
    """Where a room's stream comes from."""

    async def run(self, feed: Feed) -> None:
        """Give ``feed`` every item until the input ends for good or the task is cancelled.

        A network source reconnects by itself (jittered backoff) and gives ``Disconnected`` at every loss. A finite file
        gives ``Disconnected`` at its end and returns. Raises ``InputError`` only for what will never work.
        """
        ...

    def statistics(self) -> SourceStatistics:
        """Return a snapshot."""
        ...


@dataclass(frozen=True, slots=True)
class SinkStatistics:
    """A sink's figures since it was made; counters never go back."""

    name: str
    kind: str  # "rtmp", "hls", "file", "srt", ...
    connected: bool = False
    units: int = 0
    bytes: int = 0
    dropped_units: int = 0
    reconnects: int = 0
    errors: int = 0
    queue_units: int = 0
    problem: str = ""  # why it is not connected, or what of the programme it has no place for, in a line


class Sink(Protocol):
    """One of a room's outputs."""

    name: str

    def write_nowait(self, item: OutputItem) -> None:
        """Take one item. Never blocks and never raises: a full queue drops video up to the next keyframe, counted."""
        ...

    async def run(self) -> None:
        """Send what is taken until cancelled or closed; reconnect by itself.

        On cancellation finish the output within 5 s.
        """
        ...

    def close(self) -> None:
        """Say that no more items come; ``run`` then sends what is queued, finishes the output and returns."""
        ...

    def statistics(self) -> SinkStatistics:
        """Return a snapshot."""
        ...


@dataclass(frozen=True, slots=True)
class AudienceStatistics:
    """Figures of the viewers of a room; all but ``viewers`` only ever grow."""

    viewers: int = 0  # connected or connecting now
    admitted: int = 0
    frames: int = 0  # sent, summed over viewers
    bytes: int = 0
    dropped_frames: int = 0  # pictures and sounds a slow viewer did not get
    retransmitted: int = 0  # packets sent again
    keyframe_requests: int = 0  # by viewers; the publisher is asked less often
    transcoding: bool = False
    transcode_errors: int = 0


class Audience(Protocol):
    """Those who watch a room directly, over connections of their own. Nothing here blocks or raises."""

    def write_nowait(self, item: OutputItem) -> None:
        """Take the next item of the programme; of its tracks only the picture is used."""
        ...

    def hear_nowait(self, start: Tick, program: Stereo, stem: Stereo | None) -> None:
        """Take a block of sound that begins at ``start``, contiguous: the programme, and the foley alone if known."""
        ...

    async def run(self) -> None:
        """Do what must be done beside; until cancelled, or until there is nothing to do."""
        ...

    def close(self) -> None:
        """Say that no more comes: everyone is sent home."""
        ...

    def statistics(self) -> AudienceStatistics:
        """Return a snapshot."""
        ...


class AudioDecoder(Protocol):
    """Decodes one audio track to 48 kHz stereo."""

    def decode(self, packet: Packet) -> list[tuple[int, Stereo]]:
        """Return the decoded blocks as ``(offset, samples)``: the block starts ``offset`` ticks after ``packet.pts``.

        A packet that cannot be decoded gives an empty list and counts in ``errors``.
        """
        ...

    def reset(self) -> None:
        """Forget the stream so far (seek, gap); parameters stay."""
        ...

    errors: int


class AudioEncoder(Protocol):
    """One encoder for the whole life of an output. It keeps its own priming in the stamps."""

    info: TrackInfo

    def encode(self, samples: Stereo, start: Tick) -> list[Packet]:
        """Encode ``samples`` that begin at ``start``; calls are contiguous. Packets are stamped in 1/48000 s."""
        ...

    def flush(self) -> list[Packet]:
        """Return what is still inside."""
        ...


class MixMark(Protocol):
    """Makes the mark of one sound, to be added to it piece by piece."""

    delay: int
    """How many samples the mark comes behind the sound."""

    failures: int
    """Pieces without a mark because making it failed, so far."""

    def feed(self, sound: Stereo, generated: Stereo | None) -> Stereo | None:
        """Take the next ``[2, n]`` of the sound, and of what is generated in it (None: nothing).

        Returns the mark of the ``n`` samples that end ``delay`` before the last of these, None where there is none.
        The first piece, of any length from ``delay`` on, has ``delay`` fewer; the others are whole hops. Never raises.
        """
        ...

    def reset(self) -> None:
        """Begin anew: the next piece is the first."""
        ...


MarkFactory: TypeAlias = Callable[[], MixMark]

DecoderFactory: TypeAlias = Callable[[TrackInfo], AudioDecoder]
"""Makes a decoder, or raises ``UnsupportedCodec``."""


class EffectSource(Protocol):
    """Makes the sounds of actions and accents."""

    def make(self, request: SoundRequest) -> Sound | None:
        """Return the sound that is asked for, or None when nothing fits. The same request gives the same samples."""
        ...


class BedSource(Protocol):
    """Makes the endless ambience of one place."""

    @property
    def source(self) -> str:
        """Who makes what is read next (a ``SoundSource``, or the name of a maker that was added)."""
        ...

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``; chunked equals whole."""
        ...


class VideoAnalyser(Protocol):
    """Finds movements and cuts in a track of encoded video. Sync; runs in a worker or in an offline render."""

    def configure(self, info: TrackInfo) -> None:
        """Take a track's parameters (at the start and at every change)."""
        ...

    def feed(self, unit: Unit) -> list[PerceptionEvent]:
        """Take the next unit in decode order; return the ``PerceptionEvent`` found by now."""
        ...

    def flush(self) -> list[PerceptionEvent]:
        """Return what is still pending at the end of a track."""
        ...


class SpeechAnalyser(Protocol):
    """Finds speech in 48 kHz mono sound."""

    def feed(self, samples: NDArray[np.float32], start: Tick) -> list[PerceptionEvent]:
        """Take ``[n]`` samples that begin at ``start``; return the ``Speech`` events found by now."""
        ...


class Detector(Protocol):
    """Finds signals of a highlight in 48 kHz mono sound."""

    def feed(self, samples: NDArray[np.float32], start: Tick) -> list[Evidence]:
        """Take ``[n]`` samples that begin at ``start``; return what was noticed by now, or is known anew of it."""
        ...
