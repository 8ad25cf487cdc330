"""The before-and-after picture: what was sent and what came out, as spectrograms over one time axis.

Drawn with OpenCV, so that the demo needs no plotting library.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import OutputError, reason
from livefoley.core.ticks import TICK_RATE
from livefoley.demo.sprite import Colour, Picture
from livefoley.dsp.spectrogram import HIGH_HZ, LOW_HZ, as_grey, spectrogram_db

WIDTH, PANEL, LEFT, TOP, GAP, BOTTOM = 1500, 250, 78, 64, 44, 56
FLOOR_DB, CEILING_DB = -95.0, -25.0
TICKS_HZ = (100, 300, 1000, 3000, 10_000)
_INK, _GREY, _BACK = (236, 232, 226), (150, 144, 138), (34, 28, 24)
_CONTACT, _SPEECH = (92, 214, 255), (196, 170, 90)
LEGEND = ("something lands in the picture", "the host speaks")


def draw(
    path: Path,
    panels: Sequence[tuple[str, Stereo]],
    seconds: float,
    contacts_s: Sequence[float],
    speech_s: Sequence[tuple[float, float]],
    legend: tuple[str, str] = LEGEND,
) -> None:
    """Write a PNG with one panel for each ``(title, sound)``; all begin at the same moment.

    Contacts are marked by triangles above each panel, speech by bars below; ``legend`` says what these are, if not
    that. Raises ``OutputError``.
    """
    height = TOP + len(panels) * (PANEL + GAP) + BOTTOM
    picture: Picture = np.full((height, WIDTH, 3), _BACK, np.uint8)
    axis_width = WIDTH - LEFT - 24
    _legend(picture, legend)
    for number, (title, sound) in enumerate(panels):
        top = TOP + number * (PANEL + GAP)
        picture[top : top + PANEL, LEFT : LEFT + axis_width] = _panel(sound, seconds, axis_width)
        _frequencies(picture, top)
        _text(picture, title, LEFT, top - 12, 0.6, _INK)
        _marks(picture, top, axis_width, seconds, contacts_s, speech_s)
    _seconds(picture, height - BOTTOM - GAP + 20, axis_width, seconds)
    _write(path, picture)


def _panel(sound: Stereo, seconds: float, columns: int) -> Picture:
    wanted = round(seconds * TICK_RATE)
    mono = np.zeros(wanted, np.float32)
    mono[: min(wanted, sound.shape[1])] = sound.mean(0)[:wanted]
    grey = as_grey(spectrogram_db(mono, PANEL, columns), FLOOR_DB, CEILING_DB)
    return np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), np.uint8)


def _frequencies(picture: Picture, top: int) -> None:
    span = np.log(HIGH_HZ / LOW_HZ)
    for hertz in TICKS_HZ:
        y = top + round(PANEL * float(np.log(HIGH_HZ / hertz) / span))
        cv2.line(picture, (LEFT - 6, y), (LEFT, y), _GREY, 1)
        name = f"{hertz // 1000} kHz" if hertz >= 1000 else f"{hertz} Hz"
        _text(picture, name, 12, y + 5, 0.42, _GREY)


def _marks(
    picture: Picture,
    top: int,
    width: int,
    seconds: float,
    contacts_s: Sequence[float],
    speech_s: Sequence[tuple[float, float]],
) -> None:
    def x_of(at_s: float) -> int:
        return LEFT + round(width * at_s / seconds)

    for contact in contacts_s:
        x = x_of(contact)
        cv2.fillPoly(picture, [np.array([(x - 4, top - 8), (x + 4, top - 8), (x, top - 1)], np.int32)], _CONTACT)
    for begin, end in speech_s:
        cv2.rectangle(picture, (x_of(begin), top + PANEL + 2), (x_of(end), top + PANEL + 6), _SPEECH, -1)


def _legend(picture: Picture, legend: tuple[str, str]) -> None:
    x = WIDTH - 470
    cv2.fillPoly(picture, [np.array([(x, 20), (x + 8, 20), (x + 4, 28)], np.int32)], _CONTACT)
    _text(picture, legend[0], x + 16, 29, 0.45, _GREY)
    cv2.rectangle(picture, (x + 290, 22), (x + 318, 27), _SPEECH, -1)
    _text(picture, legend[1], x + 326, 29, 0.45, _GREY)


def _seconds(picture: Picture, y: int, width: int, seconds: float) -> None:
    for second in range(0, int(seconds) + 1, 2):
        x = LEFT + round(width * second / seconds)
        cv2.line(picture, (x, y - 12), (x, y - 6), _GREY, 1)
        _text(picture, f"{second}", x - 6, y + 10, 0.42, _GREY)
    _text(picture, "seconds of the clip", LEFT + width - 150, y + 34, 0.45, _GREY)


def _text(picture: Picture, text: str, x: int, y: int, size: float, colour: Colour) -> None:
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, size, colour, 1, cv2.LINE_AA)


def _write(path: Path, picture: Picture) -> None:
    done, encoded = cv2.imencode(".png", picture)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if done:
            path.write_bytes(encoded.tobytes())  # not imwrite: it fails on names beyond the system's code page
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({reason(error)})") from None
