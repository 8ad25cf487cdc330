"""The still picture that stands in for a publisher who is away, drawn in a process that ends with it.

What a slate costs is the publisher's to say, by the size of its picture. So one is drawn at a time in the whole
process, within a bound of time; and of what a room asks for meanwhile, it gets the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import structlog

from livefoley.core.errors import InputError, LivefoleyError
from livefoley.core.media import Packet, TrackInfo
from livefoley.core.throttle import LogThrottle
from livefoley.runtime.child_log import forward
from livefoley.runtime.workers.ipc import BrokenPipe, Frame, pack, read_frame
from livefoley.runtime.workers.link import Failed, MessageError, op_of
from livefoley.runtime.workers.messages import SLATE, DrawSlate, FromSlate, NoSlate, VideoTrack, VideoUnit
from livefoley.system import children

log = structlog.get_logger("livefoley.room")

MODULE = "livefoley.runtime.workers.slate_worker"
TIMEOUT_S = 20.0
PRINTED_S = 0.3  # for the last that the process printed
PAUSE_S = 1.0
"""Between two slates of a room: a publisher that changes its picture with every keyframe costs no more than this."""
_MOST_PIXELS = {"OPENCV_IO_MAX_IMAGE_PIXELS": str(1 << 26)}  # of the operator's picture; OpenCV would take 2^30

Slate: TypeAlias = tuple[TrackInfo, Packet]


class SlateArtist:
    """Draws the slates of all rooms, one after the other."""

    def __init__(self, text: str, timeout_s: float = TIMEOUT_S, module: str = MODULE) -> None:
        self._text = text
        self._timeout_s = timeout_s
        self._module = module
        self._turn = asyncio.Lock()

    async def draw(self, info: TrackInfo, picture: Path | None = None) -> Slate:
        """Return parameters and one keyframe in the codec and size of ``info``; see `livefoley.media.slate.slate`.

        Takes a second, and longer when others come first. Raises ``InputError``, which says why there is no slate.
        """
        size = info.display.size(info.width, info.height)
        wanted = DrawSlate(info.codec, *size, self._text, str(picture) if picture else None)
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._drawn(wanted)
            except TimeoutError:
                raise InputError(f"the slate was not drawn within {self._timeout_s:g} s") from None
            except (OSError, BrokenPipe, MessageError) as error:
                raise InputError(f"the slate's process gave none ({type(error).__name__})") from None

    async def _drawn(self, wanted: DrawSlate) -> Slate:
        process = await asyncio.create_subprocess_exec(
            *children.command(self._module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**_MOST_PIXELS, **children.environment()},
            **children.OWN_GROUP,
        )
        printed = asyncio.create_task(forward(process.stderr, log, worker="slate"))
        try:
            if process.stdin is None or process.stdout is None:
                raise BrokenPipe("the slate's process has no pipes")
            process.stdin.write(pack(SLATE.encode(wanted)))
            await read_frame(process.stdout)  # that it is ready
            return await _read(process.stdout)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            try:
                await asyncio.shield(process.wait())
                await asyncio.wait([printed], timeout=PRINTED_S)
            finally:
                printed.cancel()


async def _read(said: asyncio.StreamReader) -> Slate:
    match _reply(first := await read_frame(said)):
        case VideoTrack() as track:
            unit, data = _reply(second := await read_frame(said)), second.payload
        case NoSlate(reason) | Failed(_, reason):
            raise InputError(reason)
        case other:
            raise MessageError(f"a slate begins with its track, not with {op_of(other)}")
    if not isinstance(unit, VideoUnit):
        raise MessageError(f"a slate is a picture, not a {op_of(unit)}")
    return track.info(first.payload), unit.unit(data).packet


def _reply(frame: Frame) -> FromSlate | Failed:
    return SLATE.reply(frame.head)


class RoomSlate:
    """Keeps a room's slate in the shape of its video: ``draw`` makes one, ``show`` is given it.

    ``problem`` says why there is none, and the last picture stands in.
    """

    def __init__(
        self,
        room: str,
        draw: Callable[[TrackInfo], Awaitable[Slate]],
        show: Callable[[TrackInfo, Packet], None],
        pause_s: float = PAUSE_S,
    ) -> None:
        self.problem = ""
        self._room = room
        self._draw = draw
        self._show = show
        self._pause_s = pause_s
        self._wanted: TrackInfo | None = None
        self._news = asyncio.Event()
        self._throttled = LogThrottle(log, time.monotonic)

    def want(self, info: TrackInfo) -> None:
        """The room's video is like ``info`` from now on."""
        if self._wanted is None or _shape(info) != _shape(self._wanted):
            self._wanted = info
            self._news.set()

    async def run(self) -> None:
        """Draw what is wanted, the last of it, until cancelled."""
        shown: TrackInfo | None = None
        while True:
            await self._news.wait()
            self._news.clear()
            wanted = self._wanted
            if wanted is None or (shown is not None and _shape(wanted) == _shape(shown)):
                continue
            try:
                self._show(*await self._draw(wanted))
                shown, self.problem = wanted, ""
            except LivefoleyError as error:
                self.problem = f"no slate, the last picture stands in: {error}"
                self._throttled.warning("no slate, the last picture stands in", room=self._room, reason=str(error))
            await asyncio.sleep(self._pause_s)


def _shape(info: TrackInfo) -> tuple[str, int, int]:
    return info.codec, *info.display.size(info.width, info.height)
