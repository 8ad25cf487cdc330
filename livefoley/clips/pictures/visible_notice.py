"""A notice one can see: "AI 生成音效 / AI-generated sound" in a corner, at a clip's beginning.

As GB 45438-2025 asks, letters are at least 5 % as high as the picture's shorter side; they stand for four seconds. The
characters are strokes of our own, so that no font has to come along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.clips.pictures.encode import plain, planes_of
from livefoley.core.media import PLAIN, Display
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.pictures.upright import joined, redrawn, split

SHOWN: Tick = 4 * TICK_RATE
CHINESE, LATIN = 0.064, 0.055  # the height of a character, the height of a capital; of the picture's shorter side
MARGIN, PADDING = 0.04, 0.028
STROKE = 0.112  # how thick, of a character's height
BOX_ALPHA = 0.62
DARK, BRIGHT, GREY = 20, 235, 128  # of luma, and the middle of chroma

_Strokes: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
_Ink: TypeAlias = NDArray[np.uint8]
_Mask: TypeAlias = NDArray[np.float32]
_Layer: TypeAlias = tuple[slice, slice, _Mask, _Mask]  # rows and columns of a plane, what is kept, what is added

# Each character's strokes, in the order they are written, in a square of 100 by 100.
_GLYPHS: dict[str, _Strokes] = {
    "生": (
        ((29, 8), (22, 27), (9, 45)),
        ((23, 27), (88, 27)),
        ((19, 58), (83, 58)),
        ((53, 6), (53, 92)),
        ((6, 92), (95, 92)),
    ),
    "成": (
        ((17, 26), (93, 26)),
        ((17, 26), (17, 55), (13, 76), (4, 95)),
        ((17, 50), (45, 50), (43, 74), (39, 82), (29, 81)),
        ((54, 5), (57, 36), (65, 62), (77, 83), (88, 92), (94, 74)),
        ((85, 41), (73, 64), (56, 82), (41, 94)),
        ((70, 7), (83, 18)),
    ),
    "音": (
        ((47, 3), (53, 14)),
        ((13, 19), (87, 19)),
        ((31, 24), (37, 38)),
        ((68, 24), (61, 38)),
        ((4, 43), (96, 43)),
        ((24, 97), (24, 57), (76, 57), (76, 97)),
        ((24, 75), (76, 75)),
        ((24, 94), (76, 94)),
    ),
    "效": (
        ((25, 4), (31, 15)),
        ((4, 22), (53, 22)),
        ((19, 31), (14, 41), (4, 51)),
        ((37, 31), (50, 46)),
        ((43, 47), (34, 68), (20, 84), (4, 95)),
        ((14, 54), (28, 72), (51, 93)),
        ((67, 4), (62, 23), (52, 42)),
        ((62, 26), (97, 26)),
        ((86, 27), (80, 51), (67, 76), (47, 96)),
        ((59, 41), (69, 65), (83, 84), (98, 95)),
    ),
}
_FIRST, _SECOND = ("AI", "生成音效"), "AI-generated sound"
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FINER = 4  # drawn so much larger, then made small: soft edges at any size


def with_visible_notice(frames: Iterable[Any], until: Tick, display: Display = PLAIN) -> Iterator[Any]:
    """Yield the frames, those before ``until`` with the notice drawn into a copy of them; ``pts`` are ticks.

    The notice stands upright where ``display`` says how the frames are shown.
    """
    for frame in map(plain, frames):
        yield redrawn(frame, _drawn(frame, display)) if frame.pts < until else frame


def _drawn(frame: Any, display: Display) -> NDArray[np.uint8]:
    """Return a frame's planes (yuv420p) with the notice."""
    planes = [display.upright(plane) for plane in split(planes_of(frame), frame.width, frame.height)]
    high, wide = planes[0].shape
    for plane, (rows, columns, kept, added) in zip(planes, _overlay(wide, high), strict=True):
        plane[rows, columns] = plane[rows, columns] * kept + added
    return joined([display.as_stored(plane) for plane in planes])


@lru_cache(maxsize=4)
def _overlay(width: int, height: int) -> tuple[_Layer, _Layer, _Layer]:
    """Return what is drawn into the planes of a picture of that size."""
    box, text = _masks(min(width, height))
    at = round(MARGIN * min(width, height)) & ~1
    box, text = box[: height - at, : width - at], text[: height - at, : width - at]
    luma = _plane(box, text, at, DARK, BRIGHT)
    small = _plane(_halved(box), _halved(text), at // 2, GREY, GREY)
    return luma, small, small


def _plane(box: _Mask, text: _Mask, at: int, dark: int, bright: int) -> _Layer:
    under = BOX_ALPHA * box
    kept = (1 - under) * (1 - text)
    added = under * dark * (1 - text) + bright * text + 0.5  # cut off when it becomes a whole number
    return slice(at, at + box.shape[0]), slice(at, at + box.shape[1]), kept, added


def _halved(mask: _Mask) -> _Mask:
    return np.asarray(cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.float32)


def _masks(side: int) -> tuple[_Mask, _Mask]:
    """Return where the box is and where the text is, 0..1, for a picture whose shorter side is ``side``; even sizes."""
    em, capital, pad = (share * side * _FINER for share in (CHINESE, LATIN, PADDING))
    text = np.pad(_stacked(_first_line(em), _latin(_SECOND, capital), round(0.38 * em)), round(pad))
    text = np.pad(text, [(0, -length % (2 * _FINER)) for length in text.shape])
    return _small(_rounded(text.shape, round(pad))), _small(text)


def _stacked(above: _Ink, below: _Ink, space: int) -> _Ink:
    """Return two lines below each other, their left sides aligned."""
    wide = max(above.shape[1], below.shape[1])
    above = np.pad(above, ((0, space), (0, wide - above.shape[1])))
    return np.vstack([above, np.pad(below, ((0, 0), (0, wide - below.shape[1])))])


def _rounded(shape: tuple[int, ...], radius: int) -> _Ink:
    """Return a filled box with round corners."""
    box = np.zeros(shape, np.uint8)
    corners = (radius, radius), (shape[1] - radius - 1, shape[0] - radius - 1)
    cv2.rectangle(box, *corners, 255, cv2.FILLED)
    cv2.rectangle(box, *corners, 255, 2 * radius)  # whose corners are round
    return box


def _first_line(em: float) -> _Ink:
    """Return the notice in Chinese; ``em`` is the height of a character."""
    height = round(em)
    capitals = _latin(_FIRST[0], 0.86 * em)
    below = round(0.06 * em)
    capitals = np.pad(capitals, ((height - below - capitals.shape[0], below), (0, round(0.3 * em))))
    return np.hstack([capitals, *(_glyph(character, height) for character in _FIRST[1])])


def _glyph(character: str, height: int) -> _Ink:
    """Return a character with a little space at its right."""
    ink = np.zeros((height, round(1.1 * height)), np.uint8)
    strokes = [np.round(np.array(stroke) * (height / 100)).astype(np.int32) for stroke in _GLYPHS[character]]
    cv2.polylines(ink, strokes, False, 255, max(1, round(STROKE * height)))
    return ink


def _latin(text: str, capital: float) -> _Ink:
    """Return text whose capitals are ``capital`` pixels high, cropped to its ink."""
    scale = capital / _written("A", 8.0).shape[0] * 8.0
    return _written(text, scale)


def _written(text: str, scale: float) -> _Ink:
    thickness = max(1, round(2.8 * scale))
    (wide, tall), below = cv2.getTextSize(text, _FONT, scale, thickness)
    ink = np.zeros((2 * tall + 2 * below, wide + 2 * tall), np.uint8)
    cv2.putText(ink, text, (tall // 2, tall + below), _FONT, scale, 255, thickness)
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _small(mask: NDArray[np.uint8]) -> _Mask:
    small = cv2.resize(mask.astype(np.float32) / 255, None, fx=1 / _FINER, fy=1 / _FINER, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
