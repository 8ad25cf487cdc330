"""A room's video encoded anew for its viewers, in a supervised worker that runs as long as there are any."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from livefoley.core.media import OutputItem, TrackInfo, Unit
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.messages import (
    TRANSCODE,
    FromTranscode,
    Keyframe,
    ToTranscode,
    VideoTrack,
    VideoUnit,
)
from livefoley.runtime.workers.process import WorkerProcess

MODULE = "livefoley.runtime.workers.transcode_worker"
MAX_BEHIND_S = 0.8  # a worker further behind than this gets no more pictures up to a keyframe


class Transcoder:
    """Takes a room's video, gives it back as H.264 without B-frames to ``on_item``, which the event loop calls."""

    def __init__(self, room: str) -> None:
        self.on_item: Callable[[OutputItem], None] = lambda item: None
        self.dropped = 0
        self._failures = 0
        self._worker: WorkerProcess[ToTranscode, FromTranscode] = WorkerProcess(
            f"transcode-{room}", MODULE, TRANSCODE, on_message=self._message, on_ready=self._ready
        )
        self._track: TrackInfo | None = None
        self._waiting = True  # for a keyframe
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Whether anybody watches what is made here."""
        return self._wanted.is_set()

    @property
    def errors(self) -> int:
        """How often the worker died or could not make anything of what it got."""
        return self._failures + self._worker.statistics().hangs

    def want(self, wanted: bool) -> None:
        """Begin or stop."""
        (self._wanted if wanted else self._unwanted).set()
        (self._unwanted if wanted else self._wanted).clear()

    def put_nowait(self, item: OutputItem) -> None:
        """Take the room's video. What the worker cannot keep up with is dropped up to the next keyframe, counted."""
        if isinstance(item, TrackInfo):
            self._track = item
            self._ready()
        elif self.wanted and self._worker.ready:
            self._pass_on(item)

    def request_keyframe(self) -> None:
        """Make the next picture a keyframe."""
        self._worker.send_nowait(Keyframe())

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await self._wanted.wait()
            working = asyncio.create_task(self._worker.run())
            try:
                await self._unwanted.wait()
            finally:
                working.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await working

    def _pass_on(self, unit: Unit) -> None:
        self._waiting = self._waiting or self._worker.behind_s > MAX_BEHIND_S
        if unit.packet.keyframe and self._worker.behind_s <= MAX_BEHIND_S:
            self._waiting = False
        if self._waiting:
            self.dropped += 1
        else:
            self._waiting = not self._worker.send_nowait(VideoUnit.of(unit), unit.packet.data)

    def _ready(self) -> None:
        self._waiting = True
        if self._track is not None and self._worker.ready:
            self._worker.send_nowait(VideoTrack.of(self._track), self._track.extradata)

    def _message(self, message: FromTranscode | Failed, payload: bytes) -> None:
        match message:
            case VideoTrack():
                self.on_item(message.info(payload))
            case VideoUnit():
                self.on_item(message.unit(payload))
            case Failed():
                self._failures += 1
