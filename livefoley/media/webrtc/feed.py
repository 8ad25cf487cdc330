"""What a room's viewers are fed: pictures packetised once, sound encoded once, the same bytes to everyone.

Implements ``Audience``. Nothing is encoded or packetised while nobody watches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from livefoley.core.cues import Stereo
from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ports import AudienceStatistics
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.codecs import OpusEncoder
from livefoley.media.webrtc.payloads import RtpFrame, VideoPayloads, sound_frame, video_timestamp

log = structlog.get_logger("livefoley.webrtc")

ASK_INTERVAL_S = 1.0  # a keyframe asked for is underway for a look-ahead; asking again at once gives two
B_FRAMES = (
    "the room's H.264 has B-frames, which WebRTC cannot carry; set B-frames to 0 in the encoder "
    "(OBS, x264: Tune zerolatency or option bf=0; NVENC: Max B-frames 0), or set whep: {transcode: true} for the room"
)


class Viewer(Protocol):
    """Who is fed."""

    original: bool  # wants the sound without foley

    def put_nowait(self, frame: RtpFrame) -> None:
        """Take a frame; never blocks nor raises."""
        ...

    def carries(self, codec: str) -> bool:
        """Say whether the viewer can be sent a codec."""
        ...

    def end(self, reason: str) -> None:
        """Send the viewer home."""
        ...


@dataclass(slots=True)
class Counters:
    """What viewers count, those that left included."""

    admitted: int = 0
    frames: int = 0
    bytes: int = 0
    dropped: int = 0
    retransmitted: int = 0
    keyframe_requests: int = 0


class WhepFeed:
    """One room's audience. ``ask_keyframe`` passes a request on to the publisher, where that is possible."""

    def __init__(self, room: str, *, ask_keyframe: Callable[[], None] | None = None) -> None:
        self.room = room
        self.counters = Counters()
        self.has_foley_apart = False
        self._ask_keyframe = ask_keyframe
        self._asked_s = float("-inf")
        self._viewers: set[Viewer] = set()
        self._closed = False
        self._picture = _Picture()
        self._program, self._original = _Sound(), _Sound()
        self._heard_at: tuple[Tick, float] | None = None

    # ---- what the room gives ----

    def write_nowait(self, item: OutputItem) -> None:
        """Take a picture or its parameters; see ``Audience``."""
        if item.kind is not MediaKind.VIDEO:
            return
        frame = self._picture.take(item, wanted=bool(self._viewers))
        if isinstance(item, TrackInfo) or self._picture.problem:
            self._dismiss()
        if frame is not None:
            for viewer in self._viewers:
                viewer.put_nowait(frame)

    def hear_nowait(self, start: Tick, program: Stereo, stem: Stereo | None) -> None:
        """Take a block of sound; see ``Audience``."""
        self._heard_at = start, time.time()
        self.has_foley_apart = stem is not None
        of_original = {viewer for viewer in self._viewers if viewer.original and stem is not None}
        self._program.give(self._viewers - of_original, program, start)
        self._original.give(of_original, program - stem if stem is not None else program, start)

    def close(self) -> None:
        """Send everyone home; see ``Audience``."""
        self._closed = True
        for viewer in tuple(self._viewers):
            viewer.end("the room has ended")

    def statistics(self) -> AudienceStatistics:
        """Return a snapshot."""
        count = self.counters
        return AudienceStatistics(
            viewers=len(self._viewers),
            admitted=count.admitted,
            frames=count.frames,
            bytes=count.bytes,
            dropped_frames=count.dropped,
            retransmitted=count.retransmitted,
            keyframe_requests=count.keyframe_requests,
        )

    # ---- what viewers ask ----

    @property
    def live(self) -> bool:
        """Whether there is something to watch or hear."""
        return self._heard_at is not None and not self._closed

    @property
    def problem(self) -> str:
        """Why the room cannot be watched by WebRTC, in words for its operator; empty when it can."""
        return self._picture.problem

    @property
    def profile(self) -> int | None:
        """The profile_idc of the room's H.264, when it has any."""
        return self._picture.profile

    def origin_s(self) -> float:
        """Return when (Unix time) the room's tick 0 left, by the block of sound that left last."""
        start, left_s = self._heard_at or (0, time.time())
        return left_s - start / TICK_RATE

    def join(self, viewer: Viewer) -> RtpFrame | None:
        """Feed a viewer from now on; return the last keyframe, a still to look at until the next one comes."""
        self._viewers.add(viewer)
        self._ask()
        return self._picture.still()

    def leave(self, viewer: Viewer) -> None:
        """Feed a viewer no more."""
        self._viewers.discard(viewer)

    def keyframe_wanted(self) -> None:
        """Note that a viewer cannot go on without a keyframe."""
        self.counters.keyframe_requests += 1
        self._ask()

    def _ask(self) -> None:
        now_s = time.monotonic()
        if self._ask_keyframe is not None and now_s - self._asked_s >= ASK_INTERVAL_S:
            self._asked_s = now_s
            self._ask_keyframe()

    def _dismiss(self) -> None:
        """Send home who cannot be shown what comes now."""
        for viewer in tuple(self._viewers):
            if self.problem or not viewer.carries(self._picture.codec):
                viewer.end(self.problem or f"the room's video is {self._picture.codec} now")


class _Picture:
    """The room's video track as viewers get it."""

    def __init__(self) -> None:
        self.codec = ""
        self.problem = ""
        self.profile: int | None = None
        self._payloads: VideoPayloads | None = None
        self._keyframe: Unit | None = None
        self._newest: Tick = 0
        self._epoch = -1

    def take(self, item: TrackInfo | Unit, *, wanted: bool) -> RtpFrame | None:
        """Take an item; return the frame it makes if one is wanted and can be made."""
        if isinstance(item, TrackInfo):
            self._track(item)
            return None
        self._follow(item)
        if self._payloads is None or self.problem or not wanted:
            return None
        try:
            return self._payloads.frame(item)
        except ValueError:  # a damaged unit: what a viewer's decoder could not use either
            return None

    def still(self) -> RtpFrame | None:
        """Return the last keyframe, to be shown now."""
        if self._payloads is None or self._keyframe is None or self.problem:
            return None
        try:
            return replace(self._payloads.frame(self._keyframe), timestamp=video_timestamp(self._newest))
        except ValueError:
            return None

    def _track(self, info: TrackInfo) -> None:
        self.codec, self.problem, self._keyframe = info.codec, "", None
        self.profile = info.extradata[1] if info.codec == "h264" and len(info.extradata) > 1 else None
        try:
            self._payloads = VideoPayloads(info)
        except UnsupportedCodec as error:
            self._payloads, self.problem = None, str(error)
        except ValueError:
            self._payloads, self.problem = None, "the room's video parameters are damaged"

    def _follow(self, unit: Unit) -> None:
        if unit.epoch != self._epoch:
            self._epoch = unit.epoch
            self.problem = "" if self._payloads is not None else self.problem
        elif unit.pts < self._newest and self._payloads is not None:
            self.problem = B_FRAMES  # shown before what was sent before it
        self._newest = unit.pts
        if unit.packet.keyframe:
            self._keyframe = unit


class _Sound:
    """One mix as Opus, encoded as long as somebody hears it."""

    def __init__(self) -> None:
        self._encoder: OpusEncoder | None = None

    def give(self, viewers: set[Viewer], samples: Stereo, start: Tick) -> None:
        """Encode a block for ``viewers``; without any, forget the encoder: a later one begins anew."""
        if not viewers:
            self._encoder = None
            return
        if self._encoder is None:
            self._encoder = OpusEncoder()
        for packet in self._encoder.encode(samples, start):
            frame = sound_frame(Unit(packet, packet.pts, packet.dts, epoch=0))
            for viewer in viewers:
                viewer.put_nowait(frame)
