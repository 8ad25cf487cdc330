"""Small clips for the media tests, encoded once by ffmpeg: a flash and a tick together every half second."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.made import made_once
from tests.support.peers import require

FLASHES_S = (0.5, 1.0, 1.5, 2.0, 2.5)
"""When the picture turns white for one frame and the sound ticks."""

_FLASH = "color=c=black:s=320x180:r=25:d=3,geq=lum='if(lt(mod(T,0.5),0.04)*gt(T,0.25),235,16)':cb=128:cr=128"
_TICK = "aevalsrc='if(lt(mod(t,0.5),0.0005)*gt(t,0.25),0.8,0)|0':s={rate}:d=3"
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-sc_threshold", "0", "-pix_fmt", "yuv420p")

RECIPES: dict[str, tuple[str, ...]] = {
    "h264.mp4": (*_X264, "-c:a", "aac"),
    "h264.mov": (*_X264, "-c:a", "pcm_s16le"),
    "h264.mkv": (*_X264, "-c:a", "ac3"),
    "h264.flv": (*_X264, "-c:a", "aac"),
    "h264.ts": (*_X264, "-c:a", "aac"),
    "hevc.ts": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25", "-c:a", "aac"),
    "hevc.mp4": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-c:a", "libmp3lame"),
    "h264.avi": (*_X264, "-c:a", "libmp3lame"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "av1.mp4": ("-c:v", "libsvtav1", "-preset", "12", "-c:a", "libopus"),
    "large.mp4": (*_X264, "-s", "640x360", "-c:a", "aac"),
    "sound.m4a": ("-vn", "-c:a", "aac"),
    "picture.mp4": (*_X264, "-an"),
}


def clip(name: str, rate: int = 48000) -> Path:
    """Return the clip ``name`` (see ``RECIPES``), 3 s long, its sound made at ``rate``."""
    ffmpeg = require("ffmpeg")
    inputs = ("-f", "lavfi", "-i", _FLASH, "-f", "lavfi", "-i", _TICK.format(rate=rate))
    command = [ffmpeg, "-v", "error", "-y", *inputs, *RECIPES[name]]
    return made_once(
        f"media/{rate}-{name}", lambda path: subprocess.run([*command, path], check=True, capture_output=True)
    )


def encrypted(path: Path) -> Path:
    """Write the clip as MP4 with Common Encryption, as shops of films give it out."""
    key, number = "76a6c65c5ea762046bd749a2e632ccbb", "a7e61c373e219033c21091fa607bf3b8"
    options = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", number)
    command = [require("ffmpeg"), "-v", "error", "-y", "-i", clip("h264.mp4"), "-c", "copy", *options, path]
    subprocess.run(command, check=True)
    return path
