"""A stream in which every second a white frame and a beep begin together; and clips measured by it."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from livefoley.clips.buffer.rolling import BufferLimits, RollingBuffer
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_stamp
from livefoley.engine.timeline import ORIGIN
from livefoley.media.files.file_source import read_items
from tests.clips.sounds import Samples
from tests.support.made import made_once
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

FPS = 30
PERIOD_S = 1.0  # from flash to flash, and from beep to beep
FLASH_FRAMES = 2
BLOCK = 2048
_PICTURE = f"color=black:s=320x240:r={FPS},drawbox=color=white:t=fill:enable='lt(mod(n,{FPS}),{FLASH_FRAMES})'"
_DETAIL = "noise=alls=8:allf=t"  # else a decoder would have nothing to do
_BEEP = "aevalsrc='0.2*sin(2*PI*1000*t)*lt(mod(t,1),0.05)':s=48000"


def make(path: Path, seconds: int = 12, *options: str) -> Path:
    """Encode the stream as OBS would: H.264 with B-frames, a keyframe every 2 s, AAC."""
    command = [require("ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", f"{_PICTURE},{_DETAIL}"]
    command += ["-f", "lavfi", "-i", f"{_BEEP},aformat=channel_layouts=stereo", "-t", str(seconds)]
    picture = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", str(2 * FPS), "-pix_fmt", "yuv420p"]
    picture += ["-x264-params", "scenecut=0:b-adapt=0"]
    command += [*(options or picture), "-c:a", "aac", "-b:a", "128k", str(path)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return path


def lasting() -> Path:
    """Return a stream that lasts longer than a test that publishes it."""
    return made_once("clips/flashes.mp4", lambda path: make(path, 110))


def beeps(seconds: float) -> Samples:
    """Return the sound of the stream as it was before it was encoded."""
    at = np.arange(round(seconds * TICK_RATE)) / TICK_RATE
    tone = 0.2 * np.sin(2 * np.pi * 1000 * at) * (at % 1 < 0.05)
    return np.stack([tone, tone]).astype(np.float32)


def kept(path: Path, seconds: float, limits: BufferLimits | None = None) -> RollingBuffer:
    """Return a buffer that the stream has left into, from ``ORIGIN`` on."""
    buffer = RollingBuffer(limits or BufferLimits())
    pour(buffer, path, ORIGIN)
    sound = beeps(seconds)
    for at in range(0, sound.shape[1], BLOCK):
        buffer.sound(ORIGIN + at, sound[:, at : at + BLOCK], None)
    return buffer


def pour(buffer: RollingBuffer, path: Path, origin: Tick, epoch: int = 0) -> None:
    """Let the pictures of ``path`` leave from ``origin`` on."""
    for item in read_items(path):
        if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO:
            buffer.picture(item)
        elif isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
            pts, dts = (origin + ticks_from_stamp(stamp, item.time_base) for stamp in (item.pts, item.dts))
            buffer.picture(Unit(item, pts, dts, epoch))


def flashes_s(path: Path) -> list[float]:
    """Return when the white frames begin, as a player shows them."""
    found, white = [], False
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            bright = float(frame.to_ndarray(format="gray").mean()) > 128
            if bright and not white:
                found.append(float(frame.pts * Fraction(frame.time_base.numerator, frame.time_base.denominator)))
            white = bright
    return found


def frames_s(path: Path) -> list[float]:
    """Return when each frame is shown."""
    with av.open(str(path)) as container:
        base = container.streams.video[0].time_base
        return [float(frame.pts * Fraction(base.numerator, base.denominator)) for frame in container.decode(video=0)]


def beeps_s(samples: Samples) -> list[float]:
    """Return when the beeps begin, to a millisecond, by the share of 1 kHz in each."""
    mono = samples.mean(axis=0)
    hop = TICK_RATE // 1000
    count = len(mono) // hop
    tone = np.exp(-2j * np.pi * 1000 * np.arange(count * hop) / TICK_RATE)
    level = np.abs((mono[: count * hop] * tone).reshape(count, hop).sum(axis=1))
    loud = np.convolve(level, np.ones(5) / 5, "same") > 0.4 * np.quantile(level, 0.99)
    starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    firsts = [0, *starts] if loud[0] else list(starts)
    kept_ms: list[int] = []
    for start in firsts:
        if not kept_ms or start - kept_ms[-1] > 200:
            kept_ms.append(int(start))
    return [ms / 1000 for ms in kept_ms]
