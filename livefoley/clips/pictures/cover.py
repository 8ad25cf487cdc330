"""A clip's cover: of the pictures around its peak the sharpest that is neither black nor burnt out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.clips.pictures.decode import frames
from livefoley.core.errors import OutputError, reason
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.pictures.upright import upright

AROUND: Tick = TICK_RATE  # how far from the peak the cover may lie
TRIED = 16
JPEG_QUALITY = 88
_LOOK = (320, 180)
_SIGHT = {"skip_loop_filter": "all", "skip_frame": "noref"}  # to choose by; the one chosen is decoded whole
_MIDDLE, _WIDTH = 115.0, 70.0  # of luma: a picture of middling brightness is worth most


def write_cover(path: Path, info: TrackInfo, units: Sequence[Unit], peak: Tick, start: Tick, end: Tick) -> Tick | None:
    """Write a JPEG and return the tick of its picture; None when nothing can be decoded.

    ``units`` are the clip's in decode order, from its first keyframe on. Where none is near the peak the nearest one is
    taken. Raises ``OutputError``.
    """
    if not units:
        return None
    nearest = min((unit.pts for unit in units), key=lambda pts: (abs(pts - peak), pts))
    middle = peak if abs(nearest - peak) < AROUND else nearest
    first, last = max(min(start, nearest), middle - AROUND), min(max(end, nearest + 1), middle + AROUND)
    near = _from_keyframe(units, first, last)
    tried = _some(frames(info, near, first, last, **_SIGHT), first, last)
    if not tried:
        return None
    best = int(max(tried, key=lambda frame: worth(_small(frame))).pts)
    chosen = next(iter(frames(info, _from_keyframe(near, best, best), best, best + 1)), None)
    if chosen is None:
        return None
    _write(path, upright(chosen, info.display).to_ndarray(format="bgr24"))
    return best


def worth(luma: NDArray[np.uint8]) -> float:
    """Return how good a cover a picture makes: its sharpness, less the further its brightness is from the middle."""
    mean = float(luma.mean())
    detail = float(cv2.Laplacian(luma, cv2.CV_32F).var()) ** 0.5
    return float((1.0 + detail) * math.exp(-(((mean - _MIDDLE) / _WIDTH) ** 2)))


def _from_keyframe(units: Sequence[Unit], first: Tick, last: Tick) -> list[Unit]:
    """Return the units needed to show what lies from ``first`` to ``last``."""
    keys = [index for index, unit in enumerate(units) if unit.packet.keyframe and unit.pts <= first]
    later = [index for index, unit in enumerate(units) if unit.pts <= last]
    return list(units[max(keys, default=0) : max(later, default=-1) + 1])


def _some(decoded: Any, first: Tick, last: Tick) -> list[Any]:
    """Return at most ``TRIED`` of the frames, evenly spread."""
    step, due, some = max(1, (last - first) // TRIED), first, []
    for frame in decoded:
        if frame.pts >= due:
            some.append(frame)
            due = frame.pts + step
    return some


def _small(frame: Any) -> NDArray[np.uint8]:
    luma: NDArray[np.uint8] = frame.reformat(*_LOOK, "gray").to_ndarray()
    return luma


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    good, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not good:
        raise OutputError(f"{path.name}: the cover cannot be encoded")
    try:
        path.write_bytes(jpeg.tobytes())
    except OSError as error:
        raise OutputError(f"{path.name}: cannot be written ({reason(error)})") from None
