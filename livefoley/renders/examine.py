"""Looks at media that came from a stranger before anything decodes it: in a process of its own, with limits.

``examine`` is what callers use. The process it starts has so much memory, so much processor time and so many seconds;
opens the file as one of a few containers, follows no reference in it to another file or host; and refuses by what the
headers say: too large pictures, too many streams, too long, codecs we do not decode. ``open_options`` are for everybody
who opens such a file afterwards.
"""

from __future__ import annotations

import contextlib
import errno
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livefoley.core.errors import InputError, reason
from livefoley.renders.child import answer, tell
from livefoley.system import children

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,wav,mp3,flac,ogg"
CODECS = frozenset(
    (
        *("h264", "hevc", "av1", "dav1d", "vp9", "vp8", "mpeg4", "mjpeg", "prores"),
        *("aac", "mp3", "mp3float", "opus", "vorbis", "flac", "ac3", "eac3"),
        *("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw", "pcm_u8"),
    )
)
_WRONG = 3  # exit status: the file was refused, standard output says why


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What a file may be, and what looking at it may take."""

    max_width: int = 1920
    max_height: int = 1920  # upright pictures, too
    max_pixels: int = 1920 * 1088
    max_streams: int = 8
    max_duration_s: float = 600.0
    max_fps: float = 61.0
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
        raise InputError(f"cannot be read ({reason(error)})") from None


def _judged(container: Any, limits: IntakeLimits) -> MediaInfo:
    if len(container.streams) > limits.max_streams:
        raise InputError(f"has {len(container.streams)} streams, at most {limits.max_streams} are taken")
    videos, audios = container.streams.video, container.streams.audio
    if not videos and not audios:
        raise InputError("has neither pictures nor sound")
    for stream in (*videos, *audios):
        if stream.codec_context is None or stream.codec_context.name.removeprefix("lib") not in CODECS:
            raise InputError("is in a codec that is not taken")
    seconds = _duration_s(container)
    if not 0 < seconds <= limits.max_duration_s:
        raise InputError(
            f"lasts {seconds:.0f} s, at most {limits.max_duration_s:.0f} s are taken, and a length is needed"
        )
    sound = audios[0].codec_context.name if audios else ""
    if not videos:
        return MediaInfo(container.format.name, seconds, audio_codec=sound)
    return _with_pictures(container, videos, seconds, sound, limits)


def _with_pictures(
    container: Any, videos: Sequence[Any], seconds: float, sound: str, limits: IntakeLimits
) -> MediaInfo:
    for stream in videos:
        context = stream.codec_context
        if (
            not 0 < context.width <= limits.max_width
            or not 0 < context.height <= limits.max_height
            or context.width * context.height > limits.max_pixels
        ):
            raise InputError(f"has pictures of {context.width}x{context.height}, up to 1920x1080 are taken")
    first = videos[0]
    fps = float(first.average_rate or first.guessed_rate or 0)
    if fps > limits.max_fps:
        raise InputError(f"has {fps:.0f} pictures a second, up to {limits.max_fps:.0f} are taken")
    size = first.codec_context.width, first.codec_context.height
    return MediaInfo(container.format.name, seconds, *size, fps, first.codec_context.name, sound)


def _duration_s(container: Any) -> float:
    """Return the longest duration that the file tells."""
    told = [container.duration / 1_000_000] if container.duration else []
    told += [float(s.duration * s.time_base) for s in container.streams if s.duration and s.time_base]
    return max(told, default=0.0)


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
