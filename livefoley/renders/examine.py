"""Looks at media that came from a stranger before anything decodes it: in a process of its own, with limits.

``examine`` is what callers use. The process it starts has so much memory, so much processor time and so many seconds;
opens the file as one of a few containers, follows no reference in it to another file or host; and refuses by what the
headers say: too large pictures, too many streams, too long, codecs that FFmpeg does not decode. What is not used of a
file (covers, second tracks) is not judged. ``open_options`` are for everybody
who opens such a file afterwards.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livefoley.core.errors import InputError, reason
from livefoley.renders.child import answer, tell
from livefoley.system import children

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,asf,mpeg,mpegts,mxf,dv,wav,w64,aiff,caf,au,amr,mp3,flac,ogg"
)
CONTAINERS = "MP4, MOV, MKV, WebM, AVI, FLV, WMV, TS, MPEG, MXF, DV and files of sound"
_WRONG = 3  # exit status: the file was refused, standard output says why


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What a file may be, and what looking at it may take."""

    max_side: int = 4096  # either way up
    max_pixels: int = 4096 * 2304
    max_streams: int = 32  # phones write a dozen, of which two are used
    max_duration_s: float = 600.0
    max_fps: float = 240.0
    memory_mb: int = 2048
    cpu_s: int = 20
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file holds; zero for what it does not have."""

    format: str
    duration_s: float
    width: int = 0
    height: int = 0
    fps: float = 0.0
    video_codec: str = ""
    audio_codec: str = ""
    problem: str = ""  # what of it cannot be used, for people


def open_options(limits: IntakeLimits) -> dict[str, str]:
    """Return the options to open a stranger's file with."""
    return {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "file",
        "max_streams": str(limits.max_streams + 1),  # one more, to know that there are too many
        "max_pixels": str(limits.max_pixels),
        "probesize": "5000000",
        "analyzeduration": "5000000",
    }


def examine(path: Path, limits: IntakeLimits | None = None) -> MediaInfo:
    """Return what a file holds; raises ``InputError`` with why it is refused. Blocks for ``timeout_s`` at most."""
    bounds = limits or IntakeLimits()
    null = subprocess.DEVNULL  # what it prints beside its answer, a stranger's file may have made it print
    try:
        done = subprocess.run(
            children.command(__name__, str(path), json.dumps(asdict(bounds))),
            stdin=null,
            stdout=subprocess.PIPE,
            stderr=null,
            env=children.environment(),
            timeout=bounds.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{path.name}: could not be looked at within {bounds.timeout_s:g} s") from None
    try:
        told = answer(done.stdout)
    except InputError:
        raise InputError(f"{path.name}: takes more than may be spent on looking at it, or is damaged") from None
    if done.returncode == _WRONG:
        raise InputError(f"{path.name}: {told['refused']}")
    return MediaInfo(**told)


# ---- in the process of its own ----


def limit(memory_mb: int, cpu_s: int) -> None:
    """Bound what this process may take, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))


def look(path: str, limits: IntakeLimits) -> MediaInfo:
    """Return what a file holds; raises ``InputError``. For the process with limits: FFmpeg parses here."""
    import av

    try:
        with av.open(f"file:{path}", options=open_options(limits), metadata_errors="replace") as container:
            return _judged(container, limits)
    except (av.FFmpegError, OSError, MemoryError) as error:
        if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:  # FFmpeg's answer to ``max_streams``, too
            raise InputError(f"has more than {limits.max_streams} streams, or takes too much memory") from None
        if error.errno == errno.EINVAL:  # FFmpeg's answer to ``format_whitelist``
            raise InputError(f"cannot be read as a container that is taken; {CONTAINERS} are") from None
        raise InputError(f"cannot be read ({reason(error)})") from None


def _judged(container: Any, limits: IntakeLimits) -> MediaInfo:
    from livefoley.media.files.choice import choose, codec_of

    if len(container.streams) > limits.max_streams:
        raise InputError(f"has {len(container.streams)} streams, at most {limits.max_streams} are taken")
    chosen = choose(container)
    if chosen.video is None and (chosen.audio is None or any("pictures" in line for line in chosen.problems)):
        raise InputError("; ".join(chosen.problems) or "has neither pictures nor sound")
    problem = "; ".join(chosen.problems)
    sound = codec_of(chosen.audio) if chosen.audio is not None else ""
    if chosen.video is None:
        seconds = _length_s(container, chosen.streams, limits)
        return MediaInfo(container.format.name, seconds, audio_codec=sound, problem=problem)
    size, fps = _checked(chosen.video, limits)
    seconds = _length_s(container, chosen.streams, limits)
    return MediaInfo(container.format.name, seconds, *size, fps, codec_of(chosen.video), sound, problem)


def _checked(stream: Any, limits: IntakeLimits) -> tuple[tuple[int, int], float]:
    """Return size and rate of the pictures that are used; raises ``InputError`` for more than is taken."""
    context = stream.codec_context
    width, height = context.width, context.height
    if not (min(width, height) > 0 and max(width, height) <= limits.max_side and width * height <= limits.max_pixels):
        short = limits.max_pixels // limits.max_side
        raise InputError(
            f"has pictures of {width}x{height} (stream {stream.index}), up to {limits.max_side}x{short} are taken; "
            f"scale it down, for example: ffmpeg -i INPUT -vf scale={min(limits.max_side, 1920)}:-2 OUTPUT.mp4"
        )
    fps = float(stream.average_rate or 0)
    if fps > 1.01 * limits.max_fps:
        raise InputError(
            f"has {fps:.4g} pictures a second (stream {stream.index}), up to {limits.max_fps:.4g} are taken; "
            "send fewer, for example: ffmpeg -i INPUT -r 60 OUTPUT.mp4"
        )
    return (width, height), fps


def _length_s(container: Any, streams: Sequence[Any], limits: IntakeLimits) -> float:
    """Return how long a file plays, by its headers or, where they do not say, its packets. Raises ``InputError``."""
    told = [container.duration / 1_000_000] if container.duration else []
    told += [float(s.duration * s.time_base) for s in streams if s.duration and s.time_base]
    seconds = max(told, default=0.0) or _measured_s(container, streams, limits.max_duration_s)
    if seconds > limits.max_duration_s:
        raise InputError(f"lasts {seconds:.0f} s, at most {limits.max_duration_s:.0f} s are taken")
    if seconds <= 0:
        raise InputError("no packet in it can be read; the file may be cut off")
    return seconds


def _measured_s(container: Any, streams: Sequence[Any], most_s: float) -> float:
    """Return how long the packets of a file last, which a browser or a killed recorder did not write down."""
    first, last = math.inf, -math.inf
    for packet in container.demux(list(streams)):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or not packet.size or packet.is_discard:
            continue
        first = min(first, float(stamp * packet.time_base))
        last = max(last, float((stamp + (packet.duration or 0)) * packet.time_base))
        if last - first > most_s + 1:
            break
    return max(0.0, last - first)


def main(arguments: Sequence[str]) -> int:
    """Look at one file; the answer goes to standard output, as JSON."""
    import av  # before the limits: loading it takes address space of its own

    av.logging.set_level(None)
    limits = IntakeLimits(**json.loads(arguments[1]))
    limit(limits.memory_mb, limits.cpu_s)
    try:
        tell(**asdict(look(arguments[0], limits)))
    except InputError as error:
        tell(refused=str(error))
        return _WRONG
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
