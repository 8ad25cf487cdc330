"""Reads the text in a picture, Chinese and English: PaddleOCR's models, as ``rapidocr-onnxruntime`` carries them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr_onnxruntime import RapidOCR

from livefoley.models import resolver
from livefoley.models.catalogue import SCREEN_TEXT

MIN_SURE = 0.7
_MODELS = {
    "det_model_path": "ch_PP-OCRv4_det_infer.onnx",
    "rec_model_path": "ch_PP-OCRv4_rec_infer.onnx",
    "cls_model_path": "ch_ppocr_mobile_v2.0_cls_infer.onnx",
}


class TextReader:
    """One thread, about 0.6 s of it a picture of 640x360."""

    def __init__(self) -> None:
        """Load the models; raises ``ModelError`` where they are missing or damaged."""
        cv2.setNumThreads(1)
        found = resolver.find(SCREEN_TEXT.name)
        models = {key: str(found.path(name)) for key, name in _MODELS.items()}
        self._ocr = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1, **models)

    def read(self, picture: NDArray[np.uint8]) -> list[str]:
        """Return the lines of text in ``picture`` (``[height, width, 3]``, blue first)."""
        found, _ = self._ocr(picture, use_cls=False)  # no line stands on its head
        return [str(text) for _, text, sure in found or () if float(sure) >= MIN_SURE]
