"""The judge of generated sound: embeddings and tags of YAMNet, nearest neighbours, the Frechet distance.

YAMNet (Hershey et al. 2017) comes as a quantised graph; its quantisation nodes are taken out, so it runs in float.
For evaluation only: nothing in training, and no choice of a prompt, ever looks at it.

It hears what sounds: patches 20 dB below a clip's loudest are left out, since all silence lies in one place of the
embedding and a class of short sounds lies next to it. A clip without any sound is heard as nothing.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import linalg, special

from livefoley.foley.student.features import RATE, Floats
from livefoley.models import resolver
from livefoley.models.catalogue import JUDGE

JUDGE_RATE = 16_000
PATCH, PATCH_HOP = 96, 48
QUIET_DB = 20.0
"""How far below a clip's loudest patch one may lie and still be heard."""
SILENT_RMS = 1e-3
"""A clip whose loudest patch lies below this (-60 dBFS) is silence."""
AXES = 64
"""Principal axes of the Frechet distance: more than a few hundred patches cannot fill."""
_FFT, _WINDOW, _HOP, _BANDS = 512, 400, 160, 64
_EMBEDDING, _SCORES = "/model/Reshape_output_0", "class_scores_updated"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the judge hears of a clip: the embeddings ``[n, 1024]`` of the patches that sound, none of silence, and the
    mean score ``[521]`` of every tag over them, in 0..1."""

    patches: Floats
    scores: Floats

    @property
    def silent(self) -> bool:
        """Whether there is nothing to hear."""
        return len(self.patches) == 0

    def mean(self) -> Floats:
        """Return one embedding ``[1024]`` for all of it."""
        return np.asarray(self.patches.mean(axis=0), np.float32)

    def best(self, count: int = 5) -> list[int]:
        """Return the numbers of the tags with the highest scores, best first; none for silence."""
        return [] if self.silent else [int(number) for number in np.argsort(-self.scores, kind="stable")[:count]]


class Judge:
    """Hears sound at 48 kHz: an embedding of 1024 and 521 scores for every 0.96 s."""

    def __init__(self) -> None:
        """Load the network. Raises ``ModelError`` where it is missing or damaged."""
        import onnxruntime

        found = resolver.find(JUDGE.name)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # the dropped nodes leave constants behind, and a warning for each
        options.intra_op_num_threads = 1
        graph = _float_graph(found.path("YamNet_w8a8.onnx.zip"))
        self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        with found.path("yamnet_class_map.csv").open(encoding="utf-8", newline="") as file:
            self.names = [row["display_name"] for row in csv.DictReader(file)]

    def hear(self, sound: Floats) -> Heard:
        """Return what is heard of mono sound; patches overlap by half."""
        patches, levels = log_mel_patches(sound), patch_levels(sound)
        loudest = float(levels.max())
        sounding = levels >= max(loudest * 10 ** (-QUIET_DB / 20), SILENT_RMS)
        answers = [
            self._session.run([_EMBEDDING, _SCORES], {"audio": patch[None, None]})
            for patch, sounds in zip(patches, sounding, strict=True)
            if sounds
        ]
        if not answers:
            return Heard(np.zeros((0, 1024), np.float32), np.zeros(len(self.names), np.float32))
        embeddings, logits = (np.stack([part.reshape(-1) for part in parts]) for parts in zip(*answers, strict=True))
        return Heard(np.asarray(embeddings, np.float32), np.asarray(special.expit(logits).mean(axis=0), np.float32))

    def tags(self, heard: Heard, count: int = 5) -> list[str]:
        """Return the names of the best tags, best first; none for silence."""
        return [self.names[number] for number in heard.best(count)]


def log_mel_patches(sound: Floats) -> list[Floats]:
    """Return YAMNet's input for mono sound at 48 kHz: patches ``[96, 64]``, a last part filled with silence."""
    heard = _heard(sound)
    cut = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    log = np.log(np.abs(np.fft.rfft(cut * window, _FFT, axis=1)) @ _filters().T + 1e-3).astype(np.float32)
    return [log[at : at + PATCH] for at in range(0, len(log) - PATCH + 1, PATCH_HOP)]


def patch_levels(sound: Floats) -> Floats:
    """Return the RMS of what each of ``log_mel_patches`` is made of, full scale at 1."""
    squares = np.lib.stride_tricks.sliding_window_view(np.square(_heard(sound)), _WINDOW)[::_HOP].mean(axis=1)
    found = [squares[at : at + PATCH].mean() for at in range(0, len(squares) - PATCH + 1, PATCH_HOP)]
    return np.asarray(np.sqrt(found), np.float32)


def _heard(sound: Floats) -> Floats:
    """Return sound at the judge's rate, at least one patch long."""
    heard = np.asarray(soxr.resample(sound, RATE, JUDGE_RATE), np.float32)
    return np.pad(heard, (0, max(0, (PATCH - 1) * _HOP + _FFT - len(heard))))


def _filters() -> NDArray[np.float64]:
    """Return YAMNet's 64 mel filters between 125 and 7500 Hz, triangles in mel."""
    mel = 1127.0 * np.log1p(np.arange(_FFT // 2 + 1) * (JUDGE_RATE / _FFT) / 700.0)
    edges = np.linspace(1127.0 * np.log1p(125 / 700), 1127.0 * np.log1p(7500 / 700), _BANDS + 2)
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters = np.maximum(0.0, np.minimum((mel - low) / (mid - low), (high - mel) / (high - mid)))
    filters[:, 0] = 0.0
    return np.asarray(filters)


def _float_graph(packed: Path) -> bytes:
    import onnx

    archive = zipfile.ZipFile(packed)
    with tempfile.TemporaryDirectory() as folder:
        archive.extractall(folder)
        model = onnx.load(str(next(Path(folder).rglob("*.onnx"))))
    _drop_quantisation(model.graph)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    del model.graph.output[:]
    for name in (_EMBEDDING, _SCORES):
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
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


def nearest(known: Floats, labels: Sequence[str], asked: Floats, neighbours: int = 5) -> tuple[str, float]:
    """Return the label most common among the neighbours (cosine) of ``asked`` ``[d]`` in ``known`` ``[n, d]``, and the
    likeness of the nearest one of that label.

    A tie goes to the label whose members are nearer.
    """
    likeness = unit(known) @ unit(asked)
    votes: dict[str, float] = {}
    nearest_of: dict[str, float] = {}
    for i in np.argsort(-likeness, kind="stable")[:neighbours]:
        votes[labels[i]] = votes.get(labels[i], 0.0) + 1.0 + 1e-3 * float(likeness[i])
        nearest_of.setdefault(labels[i], float(likeness[i]))
    best = max(votes, key=votes.__getitem__)
    return best, nearest_of[best]


def unit(vectors: Floats) -> Floats:
    """Return vectors at length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)


def frechet(a: Floats, b: Floats, axes: Floats) -> float:
    """Return the Frechet distance between two sets of embeddings along ``axes`` ``[k, d]``, each set taken as one
    Gaussian (Heusel et al. 2017)."""
    along_a, along_b = (np.asarray(each @ axes.T, np.float64) for each in (a, b))
    spread_a, spread_b = np.cov(along_a.T), np.cov(along_b.T)
    small = np.eye(len(axes)) * 1e-6
    root = linalg.sqrtm((spread_a + small) @ (spread_b + small))
    apart = along_a.mean(axis=0) - along_b.mean(axis=0)
    return float((apart**2).sum() + np.trace(spread_a + spread_b - 2 * np.real(root)))


def principal_axes(patches: Floats, count: int = AXES) -> Floats:
    """Return the directions ``[count, d]`` in which embeddings differ most."""
    centred = np.asarray(patches, np.float64) - patches.mean(axis=0, dtype=np.float64)
    return np.asarray(np.linalg.svd(centred, full_matrices=False)[2][:count], np.float32)
