"""Reads the text in a picture, Chinese and English: PaddleOCR's models, as ``rapidocr-onnxruntime`` carries them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr_onnxruntime import RapidOCR

MIN_SURE = 0.7


class TextReader:
    """One thread, about 0.6 s of it a picture of 640x360."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._ocr = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def read(self, picture: NDArray[np.uint8]) -> list[str]:
        """Return the lines of text in ``picture`` (``[height, width, 3]``, blue first)."""
        found, _ = self._ocr(picture, use_cls=False)  # no line stands on its head
        return [str(text) for _, text, sure in found or () if float(sure) >= MIN_SURE]
