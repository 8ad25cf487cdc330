"""The still picture that stands in for a publisher who is away, drawn in a process that ends with it."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from livefoley.core.errors import InputError
from livefoley.core.media import Packet, TrackInfo
from livefoley.runtime.workers.ipc import BrokenPipe, pack, read_frame_blocking
from livefoley.runtime.workers.link import Failed, MessageError, op_of
from livefoley.runtime.workers.messages import SLATE, DrawSlate, FromSlate, NoSlate, VideoTrack, VideoUnit
from livefoley.system import children

MODULE = "livefoley.runtime.workers.slate_worker"
TIMEOUT_S = 30.0


def draw_slate(info: TrackInfo, text: str, picture: Path | None) -> tuple[TrackInfo, Packet]:
    """Return parameters and one keyframe in the codec and size of ``info``; see `livefoley.media.slate.slate`.

    Takes a second: call it in a thread. Raises ``InputError``, which says why there is no slate.
    """
    wanted = DrawSlate(info.codec, info.width, info.height, text, str(picture) if picture else None)
    try:
        done = subprocess.run(
            children.command(MODULE),
            input=pack(SLATE.encode(wanted)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=children.environment(),
            timeout=TIMEOUT_S,
            check=False,
        )
        return _read(io.BytesIO(done.stdout))
    except (OSError, subprocess.TimeoutExpired, BrokenPipe, MessageError) as error:
        raise InputError(f"the slate's process gave none ({type(error).__name__})") from None


def _read(said: io.BytesIO) -> tuple[TrackInfo, Packet]:
    read_frame_blocking(said)  # that it is ready
    match _next(said):
        case VideoTrack() as track, extradata:
            pass
        case ((NoSlate(reason) | Failed(_, reason)), _):
            raise InputError(reason)
        case other, _:
            raise MessageError(f"a slate begins with its track, not with {op_of(other)}")
    unit, data = _next(said)
    if not isinstance(unit, VideoUnit):
        raise MessageError(f"a slate is a picture, not a {op_of(unit)}")
    return track.info(extradata), unit.unit(data).packet


def _next(said: io.BytesIO) -> tuple[FromSlate | Failed, bytes]:
    frame = read_frame_blocking(said)
    return SLATE.reply(frame.head), frame.payload
