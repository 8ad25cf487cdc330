"""The demo's clip: the painted play with the host's voice, encoded like OBS would, made once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import OutputError, reason
from livefoley.core.ticks import TICK_RATE
from livefoley.demo.scene import FPS, HEIGHT, LINES, SECONDS, WIDTH, Contact, contacts
from livefoley.demo.voice import host
from livefoley.system.files import SHARED, WholeFile

_X264 = {
    "preset": "superfast",
    "crf": "23",
    "bf": "2",
    "g": str(2 * FPS),  # a keyframe every 2 s, as the platforms want it
    "x264-params": "scenecut=0:b-adapt=0:colormatrix=smpte170m",
}
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class DemoClip:
    """A clip and what is true of it. Times are seconds from its first frame."""

    path: Path
    seconds: float
    fps: int
    contacts: tuple[Contact, ...]
    speech_s: tuple[tuple[float, float], ...]


def make_clip(path: Path, seconds: int = SECONDS, on_progress: Progress = lambda part: None) -> DemoClip:
    """Return the clip at ``path``; renders it when it is not there or was made by another version of the play.

    ``seconds`` is how much of the play it holds, ``on_progress`` is told how much is done, 0..1. Raises ``OutputError``
    when it cannot be written.
    """
    mark = f"{fingerprint()} {seconds} s"
    if _mark_of(path) != mark:
        with WholeFile(path, mode=SHARED, parents=True) as rendered:
            try:
                _render(rendered, mark, seconds * FPS, on_progress)
            except (av.FFmpegError, OSError) as error:
                raise OutputError(f"{path}: cannot be written ({reason(error)})") from None
    on_progress(1.0)
    return described(path, seconds)


def described(path: Path, seconds: int = SECONDS) -> DemoClip:
    """Return what is true of a clip of the first ``seconds`` of the play."""
    speech = tuple(span for line in LINES for span in line.spans_s if span[1] <= seconds)
    return DemoClip(path, float(seconds), FPS, tuple(c for c in contacts() if c.s < seconds), speech)


def fingerprint() -> str:
    """Return what tells clips of different versions apart: a hash of everything that is painted or said."""
    sum_of_all = hashlib.sha256()
    for folder in (files("livefoley.demo"), files("livefoley.demo") / "assets"):
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            drawn = file.name in ("scene.py", "sprite.py", "decor.py", "props.py", "paint.py", "voice.py", "clip.py")
            if drawn or file.name.endswith(".flac"):
                sum_of_all.update(file.read_bytes())
    return f"livefoley demo {sum_of_all.hexdigest()[:16]}"


def _mark_of(path: Path) -> str:
    try:
        with av.open(f"file:{path}") as container:
            return str(container.metadata.get("comment", ""))
    except (av.FFmpegError, OSError, ValueError):
        return ""


def _render(path: Path, mark: str, frames: int, on_progress: Progress) -> None:
    from livefoley.demo.paint import Painter

    painter, voice = Painter(), host()
    with av.open(f"file:{path}", "w", format="mp4", container_options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = mark
        video, audio = _picture_track(container), _sound_track(container)
        for frame in range(frames):
            container.mux(video.encode(_video_frame(painter.paint(frame), frame)))
            container.mux(_sound_until(audio, voice, frame, frame + 1))
            if frame % FPS == 0:
                on_progress(frame / frames)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _picture_track(container: Any) -> Any:
    stream = container.add_stream("libx264", rate=FPS, options=dict(_X264))
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    return stream


def _sound_track(container: Any) -> Any:
    stream = container.add_stream("aac", rate=TICK_RATE, layout="stereo")
    stream.bit_rate = 160_000
    return stream


def _video_frame(picture: Any, number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def _sound_until(audio: Any, voice: Stereo, begin: int, end: int) -> list[Any]:
    """Encode the voice from frame ``begin`` to frame ``end``."""
    first, last = begin * TICK_RATE // FPS, end * TICK_RATE // FPS
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(voice[:, first:last]), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = TICK_RATE, first, Fraction(1, TICK_RATE)
    return list(audio.encode(frame))
