"""What a clip looks and sounds like, coarsely: whether it is black, frozen or silent where it should not be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from livefoley.clips.checks.frames import Picture
from livefoley.clips.model import Finding
from livefoley.core.errors import InputError

SIDE = 256
"""Width and height of the pictures that are looked at."""

BLACK_LEVEL = 24  # of 255; black in video is 16
BLACK_SPREAD = 6
FROZEN_DIFFERENCE = 0.6  # mean of 255; noise and re-encoding of a still picture stay below
SILENCE_DBFS = -60.0
KEYFRAMES_APART_S = 2.5
"""Where keyframes are no further apart, they alone are looked at unless more is asked for: a tenth of the cost."""
_BLOCK = 4800


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture of the clip and when it is shown."""

    at_s: float
    picture: Picture


def pictures(path: Path, every_s: float | None) -> list[Seen]:
    """Return pictures of a clip, ``every_s`` apart or a little more; None: as is cheap, up to ``KEYFRAMES_APART_S``.

    Raises ``InputError``.
    """
    try:
        keyframes_do = every_s is None and _most_apart_s(path) <= KEYFRAMES_APART_S
        with av.open(f"file:{path}") as container:
            if not container.streams.video:
                return []
            stream = container.streams.video[0]
            stream.codec_context.skip_frame = "NONKEY" if keyframes_do else "BIDIR"
            stream.codec_context.options = {"skip_loop_filter": "all"}  # smooths what is not looked at
            stream.thread_type = "NONE"
            return list(_spaced(container.decode(stream), 1.0 if every_s is None else every_s))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path.name}: its pictures cannot be decoded ({type(error).__name__})") from None


def _most_apart_s(path: Path) -> float:
    """Return the longest time from one keyframe to the next, or to the end."""
    with av.open(f"file:{path}") as container:
        packets = container.demux(video=0) if container.streams.video else ()
        shown = [(float(p.pts * p.time_base), p.is_keyframe) for p in packets if p.pts is not None]
    if not shown:
        return 0.0
    times = [at_s for at_s, _ in shown]
    edges = sorted([min(times), *(at_s for at_s, keyframe in shown if keyframe), max(times)])
    return max(after - before for before, after in itertools.pairwise(edges))


def _spaced(decoded: Iterator[Any], every_s: float) -> Iterator[Seen]:
    due_s = 0.0
    for frame in decoded:
        if frame.time is not None and frame.time >= due_s:
            due_s = frame.time + every_s - 1e-3
            yield Seen(frame.time, _small(frame))


def _small(frame: Any) -> Picture:
    small = frame.reformat(SIDE, SIDE, "rgb24", interpolation="FAST_BILINEAR")
    return np.ascontiguousarray(np.rot90(small.to_ndarray(), round(frame.rotation / 90)), np.uint8)


def find_black(seen: Sequence[Seen], share: float) -> Finding | None:
    """Return a finding when more than ``share`` of the pictures are black."""
    black = [each for each in seen if _is_black(each.picture)]
    if not seen or len(black) <= share * len(seen):
        return None
    part = len(black) / len(seen)
    return Finding("black", f"{part:.0%} of the pictures are black", at_s=round(black[0].at_s, 3), score=part)


def _is_black(picture: Picture) -> bool:
    luma = picture.mean(axis=2)
    return bool(np.percentile(luma, 99) < BLACK_LEVEL and luma.std() < BLACK_SPREAD)


def find_frozen(seen: Sequence[Seen], share: float) -> Finding | None:
    """Return a finding when the picture stands still for more than ``share`` of the clip in one go."""
    if len(seen) < 3:
        return None
    longest, since = (0.0, 0.0), seen[0].at_s
    for before, after in itertools.pairwise(seen):
        difference = np.abs(after.picture.astype(np.int16) - before.picture).mean()
        if difference >= FROZEN_DIFFERENCE:
            since = after.at_s
        longest = max(longest, (after.at_s - since, since))
    part = longest[0] / (seen[-1].at_s - seen[0].at_s)
    if part <= share:
        return None
    return Finding("frozen", f"the picture stands still for {longest[0]:.1f} s", at_s=round(longest[1], 3), score=part)


def find_silent(path: Path, share: float) -> Finding | None:
    """Return a finding when more than ``share`` of the clip's sound is silence, or there is none."""
    levels = _levels(path)
    silent = np.flatnonzero(levels < 10 ** (SILENCE_DBFS / 20))
    if len(levels) and len(silent) <= share * len(levels):
        return None
    part = len(silent) / max(1, len(levels)) if len(levels) else 1.0
    return Finding("silent", f"{part:.0%} of the sound is silence" if len(levels) else "it has no sound", score=part)


def _levels(path: Path) -> NDArray[np.float64]:
    """Return the RMS of each tenth of a second, ``[n]``."""
    resampler = av.AudioResampler("fltp", "mono", 48_000, frame_size=_BLOCK)
    found: list[float] = []
    try:
        with av.open(f"file:{path}") as container:
            for frame in container.decode(audio=0) if container.streams.audio else ():
                blocks = (made.to_ndarray() for made in resampler.resample(frame))
                found += [float(np.sqrt(np.mean(np.square(block)))) for block in blocks]
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path.name}: its sound cannot be decoded ({type(error).__name__})") from None
    return np.array(found)
