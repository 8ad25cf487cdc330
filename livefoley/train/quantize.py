"""INT8: static quantisation with calibration (QDQ), and an honest comparison with the original.

Matrix products take eight-bit weights (per channel) and activations; the first and last layers and everything that sees
the description once a clip stay in float: they cost nothing, and errors there are heard everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from livefoley.foley.student.features import Floats
from livefoley.foley.student.spec import INPUTS, load_spec
from livefoley.train.corpus.batches import Batch, Batches
from livefoley.train.export import describe
from livefoley.train.fit import opened

_REPEATS = 10


class Windows(CalibrationDataReader):
    """Windows of the corpus at random times of the flow, as the graph's inputs."""

    def __init__(self, batches: Batches, clips: int, seed: int = 0) -> None:
        self._feeds = self._all(batches, clips, seed)

    def get_next(self) -> dict[str, Floats] | None:
        """Return the next feed, None at the end."""
        return next(self._feeds, None)

    @staticmethod
    def _all(batches: Batches, clips: int, seed: int) -> Iterator[dict[str, Floats]]:
        made = 0
        while made < clips:
            feed = feeds(batches.batch(900_000 + seed + made, 1.0), seed + made)
            made += len(feed["time"])
            yield feed


def feeds(batch: Batch, seed: int) -> dict[str, Floats]:
    """Return a batch as inputs of the graph at random times."""
    g = torch.Generator().manual_seed(seed)
    moment = torch.rand(len(batch.latents), generator=g) ** 1.5
    noisy = torch.lerp(torch.randn(batch.latents.shape, generator=g), batch.latents, moment[:, None, None])
    values = (noisy, moment, (1.0 - moment) / 2, *batch.told())
    return {name: value.numpy().astype(np.float32) for name, value in zip(INPUTS, values, strict=True)}


def quantise(model: Path, corpus: Path, out: Path, clips: int = 48, seed: int = 0) -> dict[str, Any]:
    """Quantise the model whose contract is ``model`` into ``out``; returns size, speed and error of both."""
    spec = load_spec(model)
    batches = Batches(opened(corpus), 4 * spec.window_tokens, seed)
    out.mkdir(parents=True, exist_ok=True)
    graph, prepared = out / f"{spec.name}-int8.onnx", out / f"{spec.name}-prepared.onnx"
    original = model.with_name(spec.file)
    quant_pre_process(str(original), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared),
        str(graph),
        Windows(batches, clips, seed),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul", "Gemm"],
        nodes_to_exclude=_kept_in_float(prepared),
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        extra_options={"ActivationSymmetric": True},
    )
    prepared.unlink()
    described = describe(graph, replace(spec, precision="int8"))
    return {"model": str(described), **compare(original, graph, batches)}


def _kept_in_float(path: Path) -> list[str]:
    """Return the products that are not inside a block over tokens: by their weight, which only blocks have large."""
    graph = onnx.load(str(path)).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    products = [node for node in graph.node if node.op_type in ("MatMul", "Gemm")]
    blocks = {"widen", "narrow", "ask", "answer"}

    def inside(node: onnx.NodeProto) -> bool:
        named = f"{node.name} {' '.join(node.input)}"
        return any(shapes.get(name) for name in node.input) and any(word in named for word in blocks)

    named = [node.name for node in products if not inside(node)]
    return named if len(named) < len(products) else []


def compare(original: Path, quantised: Path, batches: Batches) -> dict[str, Any]:
    """Return file sizes, milliseconds for one second of sound, and the error of the quantised estimates (dB)."""
    ours, theirs = _session(original), _session(quantised)
    feed = feeds(batches.batch(950_000, 1.0), 1)
    error = theirs.run(["estimate"], feed)[0] - (wanted := ours.run(["estimate"], feed)[0])
    return {
        "size_mb": [round(path.stat().st_size / 1e6, 2) for path in (original, quantised)],
        "ms_per_s": [round(_ms_per_s(session), 2) for session in (ours, theirs)],
        "error_db": round(float(10 * np.log10((error**2).mean() / (wanted**2).mean())), 1),
    }


def _session(path: Path) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _ms_per_s(session: Any, tokens: int = 50) -> float:
    from livefoley.foley.student.features import TOKENS_PER_S
    from livefoley.train.export import example

    latent = next(port.shape[-1] for port in session.get_inputs() if port.name == "latents")
    feed = {name: value.numpy() for name, value in zip(INPUTS, example(1, tokens, latent), strict=True)}
    session.run(None, feed)
    spent = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        session.run(None, feed)
        spent.append(time.perf_counter() - start)
    return 1000 * float(np.median(spent)) * TOKENS_PER_S / tokens
