"""What a room's viewers are fed: pictures packetised once, sound encoded once, the same bytes to everyone.

Implements ``Audience``. Nothing is encoded or packetised while nobody watches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from livefoley.core.cues import Stereo
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ports import AudienceStatistics
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.audio_codecs import OpusEncoder
from livefoley.media.pictures.untold import Untold
from livefoley.media.webrtc.rtp.payloads import RtpFrame, sound_frame
from livefoley.media.webrtc.video_track import Picture

log = structlog.get_logger("livefoley.whep")

ASK_INTERVAL_S = 1.0  # a keyframe asked for is underway for a look-ahead; asking again at once gives two
BASELINE = 66  # profile_idc of what a transcoder makes


class Viewer(Protocol):
    """One who watches: takes the frames of a room's audience as they leave."""

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


class Transcoder(Protocol):
    """Encodes the room's video anew, in a process of its own, and gives it to ``on_item``."""

    on_item: Callable[[OutputItem], None]

    @property
    def errors(self) -> int:
        """How often it failed."""
        ...

    @property
    def dropped(self) -> int:
        """How many units it could not keep up with."""
        ...

    def want(self, wanted: bool) -> None:
        """Begin or stop."""
        ...

    def put_nowait(self, item: OutputItem) -> None:
        """Take the room's video."""
        ...

    def request_keyframe(self) -> None:
        """Make the next picture a keyframe."""
        ...

    async def run(self) -> None:
        """Serve until cancelled."""
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


class WhepAudience:
    """One room's audience.

    ``ask_keyframe`` passes a request on to the publisher, where that is possible. ``transcoder`` makes of video that
    WebRTC cannot carry some that it can; without it such a room has no viewers.
    """

    def __init__(
        self,
        room: str,
        *,
        ask_keyframe: Callable[[], None] | None = None,
        transcoder: Transcoder | None = None,
    ) -> None:
        self.room = room
        self.counters = Counters()
        self.has_foley_apart = False
        self._ask_keyframe = ask_keyframe
        self._asked_s = float("-inf")
        self._viewers: set[Viewer] = set()
        self._closed = False
        self._direct, self._made = Picture(), Picture()
        self._untold = Untold("WebRTC", room, log)
        self._transcoder = transcoder
        if transcoder is not None:
            transcoder.on_item = self._show_made
        self._program, self._original = _Sound(), _Sound()
        self._heard_at: tuple[Tick, float] | None = None

    # ---- what the room gives ----

    def write_nowait(self, item: OutputItem) -> None:
        """Take a picture or its parameters; see ``Audience``."""
        if item.kind is not MediaKind.VIDEO:
            return
        frame = self._direct.take(item, wanted=bool(self._viewers))
        if self._transcoder is not None:
            self._transcoder.put_nowait(item)
            self._transcoder.want(bool(self._viewers and self._transcodes))
        if self._transcoder is None:
            self._untold.look(item)
        if isinstance(item, TrackInfo) or self.problem:
            self._dismiss()
        if frame is not None and not self._transcodes:
            self._give(frame)

    def hear_nowait(self, start: Tick, program: Stereo, stem: Stereo | None) -> None:
        """Take a block of sound; see ``Audience``."""
        self._heard_at = start, time.time()
        self.has_foley_apart = stem is not None
        of_original = {viewer for viewer in self._viewers if viewer.original and stem is not None}
        self._program.give(self._viewers - of_original, program, start)
        self._original.give(of_original, program - stem if stem is not None else program, start)

    async def run(self) -> None:
        """Serve until cancelled; see ``Audience``."""
        if self._transcoder is not None:
            await self._transcoder.run()

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
            dropped_frames=count.dropped + (self._transcoder.dropped if self._transcoder else 0),
            retransmitted=count.retransmitted,
            keyframe_requests=count.keyframe_requests,
            transcoding=bool(self._viewers) and self._transcodes,
            transcode_errors=self._transcoder.errors if self._transcoder else 0,
        )

    # ---- what viewers ask ----

    @property
    def live(self) -> bool:
        """Whether there is something to watch or hear."""
        return self._heard_at is not None and not self._closed

    @property
    def problem(self) -> str:
        """Why the room cannot be watched by WebRTC, in words for its operator; empty when it can."""
        return "" if self._transcodes else self._direct.problem

    @property
    def codec(self) -> str:
        """The codec viewers are sent now (FFmpeg's name); empty while there is no picture."""
        return "h264" if self._transcodes else self._direct.codec

    @property
    def profile(self) -> int | None:
        """The profile_idc of the H.264 viewers get, when they get any."""
        return BASELINE if self._transcodes else self._direct.profile

    def origin_s(self) -> float:
        """Return when (Unix time) the room's tick 0 left, by the block of sound that left last."""
        start, left_s = self._heard_at or (0, time.time())
        return left_s - start / TICK_RATE

    def join(self, viewer: Viewer) -> None:
        """Feed a viewer from now on."""
        self._viewers.add(viewer)
        self._ask()

    def still(self) -> RtpFrame | None:
        """Return the last keyframe, as something to look at until the next one comes."""
        return (self._made if self._transcodes else self._direct).still()

    def leave(self, viewer: Viewer) -> None:
        """Feed a viewer no more."""
        self._viewers.discard(viewer)

    def keyframe_wanted(self) -> None:
        """Note that a viewer cannot go on without a keyframe."""
        self.counters.keyframe_requests += 1
        self._ask()

    # ---- inside ----

    @property
    def _transcodes(self) -> bool:
        """Whether viewers get what is encoded anew."""
        return self._transcoder is not None and bool(self._direct.problem or self._direct.is_turned)

    def _show_made(self, item: OutputItem) -> None:
        """Take what the transcoder made."""
        if item.kind is MediaKind.VIDEO and self._transcodes:
            frame = self._made.take(item, wanted=bool(self._viewers))
            if frame is not None:
                self._give(frame)

    def _give(self, frame: RtpFrame) -> None:
        for viewer in self._viewers:
            viewer.put_nowait(frame)

    def _ask(self) -> None:
        now_s = time.monotonic()
        if now_s - self._asked_s < ASK_INTERVAL_S:
            return
        self._asked_s = now_s
        if self._transcoder is not None and self._transcodes:
            self._transcoder.request_keyframe()
        elif self._ask_keyframe is not None:
            self._ask_keyframe()

    def _dismiss(self) -> None:
        """Send home who cannot be shown what comes now."""
        for viewer in tuple(self._viewers):
            if self.problem or not viewer.carries(self.codec):
                viewer.end(self.problem or f"the room's video is {self.codec} now")


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
