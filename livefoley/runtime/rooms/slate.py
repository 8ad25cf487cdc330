"""The still picture that stands in for a publisher who is away, drawn in a process that ends with it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

from livefoley.core.errors import InputError
from livefoley.core.media import Packet, TrackInfo
from livefoley.runtime.workers.ipc import BrokenPipe, pack, read_message_blocking
from livefoley.runtime.workers.messages import track_from, track_header, unit_from

MODULE = "livefoley.runtime.workers.slate_worker"
TIMEOUT_S = 30.0


def draw_slate(info: TrackInfo, text: str, picture: Path | None) -> tuple[TrackInfo, Packet]:
    """Return parameters and one keyframe in the codec and size of ``info``; see `livefoley.media.slate.slate`.

    Takes a second: call it in a thread. Raises ``InputError``, which says why there is no slate.
    """
    header = {**track_header(info), "text": text, "picture": str(picture) if picture else None}
    try:
        done = subprocess.run(
            [sys.executable, "-m", MODULE], input=pack(header), stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=False
        )
        return _read(io.BytesIO(done.stdout))
    except (OSError, subprocess.TimeoutExpired, BrokenPipe) as error:
        raise InputError(f"the slate's process gave none ({type(error).__name__})") from None


def _read(said: io.BytesIO) -> tuple[TrackInfo, Packet]:
    read_message_blocking(said)  # that it is ready
    header, payload = read_message_blocking(said)
    if header["op"] != "track":
        raise InputError(header.get("reason") or header["error"])
    return track_from(header, payload), unit_from(*read_message_blocking(said)).packet
