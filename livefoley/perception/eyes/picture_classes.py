"""EfficientNet-Lite0: of a picture, the probabilities of ImageNet's 1,000 classes, and 1,280 numbers that describe it.

The graph is ours and holds no weights (``livefoley.train.picture_graph``); these come out of the package that carries
the trained network, as a checkpoint that is read as numbers, and are handed to ONNX Runtime as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import ModelError
from livefoley.models import resolver
from livefoley.models.catalogue import PICTURE_CLASSES
from livefoley.models.checkpoint import read_checkpoint

Picture: TypeAlias = NDArray[np.uint8]
"""RGB, shape ``[224, 224, 3]``."""

SIDE = 224
EPSILON = 1e-3
"""Of the batch normalisations, as the network was trained."""


class PictureClasses:
    """The network; loaded when it is first needed, 50 MB, and one for all rooms of a process. One thread."""

    def __init__(self) -> None:
        self._session: Any = None

    def look(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ``features`` ``[n, 1280]`` and ``probabilities`` ``[n, 1000]``.

        Raises ``ModelError`` where the weights are missing or not these.
        """
        if self._session is None:
            self._session = _session(_weights())
        features, probabilities = self._session.run(["features", "probabilities"], {"pictures": np.stack(pictures)})
        return np.asarray(features, np.float32), np.asarray(probabilities, np.float32)

    def release(self) -> None:
        """Let go of it; it is loaded again when it is needed."""
        self._session = None


def _weights() -> dict[str, NDArray[np.float32]]:
    """Return the graph's tensors by its names: every normalisation is a part of the convolution before it."""
    content = resolver.find(PICTURE_CLASSES.name).read(PICTURE_CLASSES.files[0].name)
    tensors = read_checkpoint(content)
    try:
        found = dict(_folded(tensors, "_conv_stem", "_bn0", "stem"))
        number = 0
        while f"_blocks.{number}._project_conv.weight" in tensors:
            found |= _block(tensors, number)
            number += 1
        found |= _folded(tensors, "_conv_head", "_bn1", "head")
        return found | {"classes.weight": tensors["_fc.weight"], "classes.bias": tensors["_fc.bias"]}
    except KeyError as error:
        raise ModelError(f"the checkpoint is of another network ({error} is not there)") from None


def _block(tensors: Mapping[str, NDArray[Any]], number: int) -> dict[str, NDArray[np.float32]]:
    source, target = f"_blocks.{number}.", f"block{number}."
    found = _folded(tensors, f"{source}_depthwise_conv", f"{source}_bn1", f"{target}depthwise")
    found |= _folded(tensors, f"{source}_project_conv", f"{source}_bn2", f"{target}project")
    if f"{source}_expand_conv.weight" in tensors:
        found |= _folded(tensors, f"{source}_expand_conv", f"{source}_bn0", f"{target}expand")
    return found


def _folded(
    tensors: Mapping[str, NDArray[Any]], convolution: str, normalisation: str, name: str
) -> dict[str, NDArray[np.float32]]:
    kernel = tensors[f"{convolution}.weight"]
    scale, shift, mean, variance = (
        tensors[f"{normalisation}.{each}"] for each in ("weight", "bias", "running_mean", "running_var")
    )
    factor = scale / np.sqrt(variance + EPSILON)
    weight = kernel * factor[:, None, None, None]
    return {f"{name}.weight": weight.astype(np.float32), f"{name}.bias": (shift - mean * factor).astype(np.float32)}


def _session(weights: Mapping[str, NDArray[np.float32]]) -> Any:
    import onnxruntime as ort  # 30 MB, of a worker that has nothing to look at

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    values = [ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(each)) for each in weights.values()]
    options.add_external_initializers(list(weights), values)
    graph = resources.files("livefoley.perception.eyes").joinpath("efficientnet_lite0.onnx").read_bytes()
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no base of their own
        raise ModelError(f"the network of pictures cannot be loaded ({str(error).splitlines()[0][:200]})") from None
