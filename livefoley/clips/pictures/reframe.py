"""A clip framed upright, 9:16, around the action. The picture is encoded anew.

Where the action is, is seen twice: by the movements that the room noticed, and by how the picture changes from frame to
frame. The frame follows it like a camera on a tripod would: late, slowly, and never past the picture's edge; a cut lets
it jump.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefoley.clips.jobs.files import Pictures
from livefoley.clips.pictures.decode import frames
from livefoley.clips.pictures.encode import PictureEncoder, plain, planes_of
from livefoley.clips.pictures.visible_notice import SHOWN, with_visible_notice
from livefoley.core.errors import InputError
from livefoley.core.events import MotionOnset
from livefoley.core.media import Display
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.pictures.upright import redrawn, upright

ASPECT = Fraction(9, 16)
MAX_HEIGHT = 1280
LOOK = (64, 36)
MIN_CHANGE = 6.0  # of luma: less is noise
CUT_CHANGE = 40.0  # on average over the picture: another scene
ONSET_REACH: Tick = TICK_RATE // 2
ONSET_WEIGHT = 3.0
STILL = 0.02  # how much of everything that could move must move to turn the camera at all
SMOOTH_S = 0.7
DEADBAND = 0.04  # of the picture's width: smaller moves are not followed


def reframed(pictures: Pictures, seen: Sequence[MotionOnset]) -> Pictures:
    """Return the pictures framed upright, all encoded anew. Raises ``InputError`` when none can be decoded."""
    looks = list(_looks(pictures))
    path = dict(zip((at for at, _ in looks), camera(looks, seen), strict=True))
    encoder = PictureEncoder()
    framed = _framed(_shown(pictures), path)
    if pictures.noticed:
        framed = with_visible_notice(framed, pictures.start + SHOWN)
    units = tuple(encoder.encode(framed, pictures.units[0].epoch if pictures.units else 0))
    if encoder.info is None:
        raise InputError("no picture of the clip can be decoded")
    colours = Display(boxes=pictures.info.display.only(b"colr", b"mdcv", b"clli").boxes)
    return replace(pictures, info=replace(encoder.info, display=colours), units=units)


def camera(looks: Sequence[tuple[Tick, NDArray[np.uint8]]], seen: Sequence[MotionOnset]) -> list[float]:
    """Return for each small grey picture where the frame's middle lies, 0..1 from left to right.

    ``looks`` are ``(tick, picture)``; without any movement the middle stays.
    """
    places = [_place(looks, index, seen) for index in range(len(looks))]
    path: list[float] = []
    for begin, end in _scenes(looks):
        path += _smooth(places[begin:end], [at for at, _ in looks[begin:end]])
    return path


def window(width: int, height: int, middle: float) -> tuple[int, int, int, int]:
    """Return left, top, width and height (all even) of the upright frame about ``middle``, inside the picture."""
    if Fraction(width, height) <= ASPECT:
        tall = int(width / ASPECT) & ~1
        return 0, (height - tall) // 2 & ~1, width & ~1, tall
    wide = int(height * ASPECT) & ~1
    left = round(middle * width - wide / 2)
    return min(max(0, left), width - wide) & ~1, 0, wide, height & ~1


def _shown(pictures: Pictures, **options: str) -> Iterator[Any]:
    """Yield the frames as they are seen: upright, in square pixels."""
    for frame in frames(pictures.info, pictures.units, pictures.start, pictures.end, **options):
        yield upright(frame, pictures.info.display)


def _looks(pictures: Pictures) -> Iterator[tuple[Tick, NDArray[np.uint8]]]:
    for frame in _shown(pictures, skip_loop_filter="all"):
        yield frame.pts, frame.reformat(*LOOK, "gray").to_ndarray()


def _place(
    looks: Sequence[tuple[Tick, NDArray[np.uint8]]], index: int, seen: Sequence[MotionOnset]
) -> tuple[float, float]:
    """Return where the action is in a picture, 0..1, and how much of it there is."""
    at, picture = looks[index]
    change = np.abs(picture.astype(np.int16) - looks[max(0, index - 1)][1])
    moving = np.where(change > MIN_CHANGE, change, 0).sum(axis=0) / 255 / picture.shape[0]
    if change.mean() > CUT_CHANGE:
        moving = np.zeros_like(moving)
    columns = (np.arange(len(moving)) + 0.5) / len(moving)
    weights, places = [float(moving.sum())], [float((moving * columns).sum() / max(moving.sum(), 1e-9))]
    for onset in seen:
        if abs(onset.at - at) < ONSET_REACH:
            weights.append(ONSET_WEIGHT * onset.strength * (1 - abs(onset.at - at) / ONSET_REACH))
            places.append(onset.x)
    whole = sum(weights)
    return (sum(w * x for w, x in zip(weights, places, strict=True)) / whole if whole else 0.5), whole


def _scenes(looks: Sequence[tuple[Tick, NDArray[np.uint8]]]) -> Iterator[tuple[int, int]]:
    """Yield from where to where each scene goes."""
    begin = 0
    for index in range(1, len(looks)):
        change = np.abs(looks[index][1].astype(np.int16) - looks[index - 1][1]).mean()
        if change > CUT_CHANGE:
            yield begin, index
            begin = index
    if looks:
        yield begin, len(looks)


def _smooth(places: Sequence[tuple[float, float]], ticks: Sequence[Tick]) -> list[float]:
    """Return the camera's way over one scene: weighted means about each moment, small moves left out."""
    where, weight = (np.array(values) for values in zip(*places, strict=True))
    if weight.sum() < STILL:
        return [0.5] * len(places)
    at = np.array(ticks) / TICK_RATE
    spread = np.exp(-0.5 * ((at[:, None] - at[None, :]) / SMOOTH_S) ** 2) * (weight + 1e-6)
    path = (spread @ where) / spread.sum(axis=1)
    return _held(path)


def _held(path: NDArray[np.float64]) -> list[float]:
    """Return the path with its small moves left out: the camera is drawn along at the end of a slack rope."""
    held, out = float(path[0]), []
    for wanted in path.tolist():
        held = min(max(held, wanted - DEADBAND), wanted + DEADBAND)
        out.append(held)
    return out


def _framed(shown: Iterable[Any], path: dict[Tick, float]) -> Iterator[Any]:
    """Yield each frame as the camera sees it."""
    middle = 0.5
    for frame in map(plain, shown):
        middle = path.get(frame.pts, middle)
        left, top, wide, tall = window(frame.width, frame.height, middle)
        made = redrawn(frame, _crop(planes_of(frame), frame.width, frame.height, (left, top, wide, tall)))
        yield made if tall <= MAX_HEIGHT else made.reformat(int(MAX_HEIGHT * ASPECT) & ~1, MAX_HEIGHT)


def _crop(planes: NDArray[np.uint8], width: int, height: int, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Return the part ``box`` of an I420 picture, as one."""
    left, top, wide, tall = box
    luma = planes[:height, :width][top : top + tall, left : left + wide]
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    part = chroma[:, top // 2 : (top + tall) // 2, left // 2 : (left + wide) // 2]
    return np.ascontiguousarray(np.concatenate((luma, part.reshape(2 * (tall // 2) * (wide // 2) // wide, wide))))
