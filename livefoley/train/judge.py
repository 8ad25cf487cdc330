"""The judge of generated sound: YAMNet's embeddings, nearest neighbours, the Frechet distance. Evaluation only.

YAMNet (Hershey et al. 2017) comes as a quantised graph; its quantisation nodes are taken out, so it runs in float.
Nothing in training, and no choice of a prompt, ever looks at it.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import linalg

from livefoley.foley.student.features import RATE, Floats
from livefoley.models import resolver
from livefoley.models.catalogue import JUDGE

JUDGE_RATE = 16_000
PATCH, PATCH_HOP = 96, 48
_FFT, _WINDOW, _HOP, _BANDS = 512, 400, 160, 64
_EMBEDDING = "/model/Reshape_output_0"


class Judge:
    """Embeds sound at 48 kHz: one vector of 1024 for every 0.96 s."""

    def __init__(self) -> None:
        """Load the network. Raises ``ModelError`` where it is missing or damaged."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # the dropped nodes leave constants behind, and a warning for each
        options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(_float_graph(), options, providers=["CPUExecutionProvider"])

    def patches(self, sound: Floats) -> Floats:
        """Return the embeddings ``[n, 1024]`` of every patch of mono sound; patches overlap by half."""
        found = [
            self._session.run(None, {"audio": patch[None, None]})[0].reshape(-1) for patch in log_mel_patches(sound)
        ]
        return np.asarray(found, np.float32)

    def embed(self, sound: Floats) -> Floats:
        """Return one embedding ``[1024]`` of a whole sound."""
        return np.asarray(self.patches(sound).mean(axis=0), np.float32)


def log_mel_patches(sound: Floats) -> list[Floats]:
    """Return YAMNet's input for mono sound at 48 kHz: patches ``[96, 64]``, a last part filled with silence."""
    heard = np.asarray(soxr.resample(sound, RATE, JUDGE_RATE), np.float32)
    heard = np.pad(heard, (0, max(0, (PATCH - 1) * _HOP + _FFT - len(heard))))
    cut = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    log = np.log(np.abs(np.fft.rfft(cut * window, _FFT, axis=1)) @ _filters().T + 1e-3).astype(np.float32)
    return [log[at : at + PATCH] for at in range(0, len(log) - PATCH + 1, PATCH_HOP)]


def _filters() -> NDArray[np.float64]:
    """Return YAMNet's 64 mel filters between 125 and 7500 Hz, triangles in mel."""
    mel = 1127.0 * np.log1p(np.arange(_FFT // 2 + 1) * (JUDGE_RATE / _FFT) / 700.0)
    edges = np.linspace(1127.0 * np.log1p(125 / 700), 1127.0 * np.log1p(7500 / 700), _BANDS + 2)
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters = np.maximum(0.0, np.minimum((mel - low) / (mid - low), (high - mel) / (high - mid)))
    filters[:, 0] = 0.0
    return np.asarray(filters)


def _float_graph() -> bytes:
    import onnx

    archive = zipfile.ZipFile(resolver.find(JUDGE.name).path("YamNet_w8a8.onnx.zip"))
    with tempfile.TemporaryDirectory() as folder:
        archive.extractall(folder)
        model = onnx.load(str(next(Path(folder).rglob("*.onnx"))))
    _drop_quantisation(model.graph)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(_EMBEDDING, onnx.TensorProto.FLOAT, None))
    written = io.BytesIO()
    onnx.save(model, written)
    return written.getvalue()


def _drop_quantisation(graph: Any) -> None:
    """Let every reader of a quantised value read the value itself."""
    source: dict[str, str] = {}
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            source[node.output[0]] = node.input[0]

    def origin(name: str) -> str:
        while name in source:
            name = source[name]
        return name

    kept = [node for node in graph.node if node.op_type not in ("QuantizeLinear", "DequantizeLinear")]
    for node in kept:
        node.input[:] = [origin(name) for name in node.input]
    del graph.node[:]
    graph.node.extend(kept)


def nearest(known: Floats, labels: Sequence[str], asked: Floats, neighbours: int = 5) -> list[str]:
    """Return for each of ``asked`` ``[m, d]`` the label most common among its neighbours (cosine) in ``known``.

    A tie goes to the label whose members are nearer.
    """
    likeness = unit(asked) @ unit(known).T
    answers = []
    for row in likeness:
        votes: dict[str, float] = {}
        for i in np.argsort(row)[::-1][:neighbours]:
            votes[labels[i]] = votes.get(labels[i], 0.0) + 1.0 + 1e-3 * float(row[i])
        answers.append(max(votes, key=votes.__getitem__))
    return answers


def unit(vectors: Floats) -> Floats:
    """Return vectors at length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)


def frechet(a: Floats, b: Floats) -> float:
    """Return the Frechet distance between two sets of embeddings, each taken as one Gaussian (Heusel et al. 2017)."""
    mean_a, mean_b = a.mean(axis=0, dtype=np.float64), b.mean(axis=0, dtype=np.float64)
    spread_a, spread_b = np.cov(a.T.astype(np.float64)), np.cov(b.T.astype(np.float64))
    small = np.eye(len(mean_a)) * 1e-6
    root = linalg.sqrtm((spread_a + small) @ (spread_b + small))
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(spread_a + spread_b - 2 * np.real(root)))
