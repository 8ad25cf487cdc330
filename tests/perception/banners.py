"""Pictures with text in them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def picture(*lines: str) -> NDArray[np.uint8]:
    """A grey picture with lines of text."""
    made = np.full((360, 640, 3), 60, np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(made, line, (60, 120 + 110 * number), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (255, 255, 255), 6)
    return made
