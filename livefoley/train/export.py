"""Writes a network as ONNX with the contract beside it, and checks that ONNX Runtime answers as torch does.

Batch and tokens are dynamic axes, the ports are fp32. ``fp16`` computes in half precision inside, for TensorRT;
``stored-fp16`` halves the file and computes in float, for ONNX Runtime on a CPU.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from livefoley.core.errors import ConfigError, InputError
from livefoley.foley.student.features import CONTROLS
from livefoley.foley.student.spec import INPUTS, OUTPUTS, StudentSpec, save_spec
from livefoley.train.corpus.latents import Basis
from livefoley.train.network import SIZES, TEXT, Shipped, Student, parameters

OPSET = 18
PRECISIONS = ("fp32", "fp16", "stored-fp16")
HALF_SUFFIX = {"fp32": "", "fp16": "-fp16", "stored-fp16": ""}
RANDOM_LATENT = 128


def example(batch: int, tokens: int, latent: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Return inputs of the right shapes, in the order of ``spec.INPUTS``."""
    g = torch.Generator().manual_seed(seed)
    known = torch.zeros(batch, tokens)
    known[:, : tokens // 4] = 1.0
    past = torch.randn(batch, tokens, latent, generator=g) * known.unsqueeze(-1)
    text = unit(torch.randn(batch, TEXT, generator=g))
    noise = torch.randn(batch, tokens, latent, generator=g)
    controls = torch.rand(batch, tokens, CONTROLS, generator=g)
    return noise, torch.rand(batch, generator=g), torch.rand(batch, generator=g), text, controls, past, known


def unit(vectors: Tensor) -> Tensor:
    """Return vectors at length 1."""
    return vectors / vectors.norm(dim=-1, keepdim=True)


def random_student(size: str, latent: int, seed: int = 0) -> Student:
    """Return a network with random weights that behave like trained ones in time and memory."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Student(SIZES[size], Basis.fit(rng.normal(-30, 12, (2000, 800)).astype(np.float32), latent))
    nn.init.normal_(network.leave.weight, std=0.02)
    return network.eval()


def export(network: Student, directory: Path, spec: StudentSpec, shipped: Shipped | None = None) -> Path:
    """Write ``network`` into ``directory`` as ``spec.file`` and return the path of the contract beside it.

    ``spec`` says name, size, precision and training; hash, latent and parameters are filled in here.
    """
    directory.mkdir(parents=True, exist_ok=True)
    graph = directory / spec.file
    write_graph((shipped or Shipped(network)).eval(), network.leave.out_features, graph)
    if spec.precision != "fp32":
        halve(graph, inside=spec.precision == "fp16")
    return describe(graph, replace(spec, latent=network.leave.out_features, parameters=parameters(network)))


def describe(graph: Path, spec: StudentSpec) -> Path:
    """Write the contract of a graph that is in its place; returns its path."""
    digest = hashlib.sha256(graph.read_bytes()).hexdigest()
    path = graph.with_suffix(".json")
    save_spec(replace(spec, file=graph.name, sha256=digest), path)
    return path


def write_graph(network: nn.Module, latent: int, path: Path) -> None:
    """Export by torch's exporter, weights inside the file."""
    batch, tokens = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("tokens", min=2, max=4096)
    axes = {name: {0: batch} if name in ("time", "span", "text") else {0: batch, 1: tokens} for name in INPUTS}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            example(2, 12, latent),
            dynamo=True,
            dynamic_shapes=tuple(axes[name] for name in INPUTS),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch gave no program to export")
    program.save(str(path), external_data=False)


def halve(path: Path, inside: bool) -> None:
    """Store the weights of a graph in half precision; ``inside`` also computes in it (norms and ports stay float)."""
    model = onnx.load(str(path))
    if inside:
        from onnxruntime.transformers.float16 import convert_float_to_float16

        halved: Any = convert_float_to_float16(model, keep_io_types=True, disable_shape_infer=True)
        onnx.save(halved, str(path))
        return
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 256:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(path))


def difference(network: Student, graph: Path, batch: int = 3, tokens: int = 31, jumps: bool = False) -> float:
    """Return the largest difference between torch's and ONNX Runtime's estimates, relative to their power."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    inputs = example(batch, tokens, network.leave.out_features, seed=1)
    with torch.no_grad():
        wanted = Shipped(network, jumps).eval()(*inputs)[0].numpy()
    found = session.run(["estimate"], {n: v.numpy() for n, v in zip(INPUTS, inputs, strict=True)})[0]
    return float(np.abs(found - wanted).max() / np.sqrt((wanted**2).mean()))


def export_checked(
    checkpoint: Path | None,
    corpus: Path | None,
    size: str,
    out: Path,
    name: str,
    precision: str,
    steps: int,
    guidance: float,
    texture: float,
    seed: int,
    report: Callable[[str], None],
) -> Path:
    """Export as the command line asks, compare ONNX Runtime with torch, and return the contract's path.

    Without a checkpoint the weights are random, and have no texture to give back. Raises ``InputError`` for a
    checkpoint or corpus that is none.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"no precision {precision!r}; there are {', '.join(PRECISIONS)}")
    info: dict[str, Any] = {}
    if checkpoint is None:
        network, texture = random_student(size, RANDOM_LATENT, seed), 0.0
    else:
        network, info = _trained(checkpoint, corpus)
        size = str(info["size"])
    name = name or f"student-{size}{HALF_SUFFIX[precision]}"
    training: dict[str, float | str] = {key: info[key] for key in ("step", "spent_s", "seed") if key in info}
    spec = StudentSpec(
        name, size, f"{name}.onnx", "", precision, 0, 0, steps, guidance, texture, trained=bool(info), training=training
    )
    jumps = bool(info.get("distilled", False))
    path = export(network, out, spec, Shipped(network, jumps))
    apart = difference(network, path.with_suffix(".onnx"), jumps=jumps)
    report(f"ONNX Runtime differs from torch by {apart:.1e}")
    return path


def _trained(checkpoint: Path, corpus: Path | None) -> tuple[Student, dict[str, Any]]:
    from livefoley.train.fit import load_student, opened

    if corpus is None:
        raise ConfigError("say which corpus the checkpoint was fitted to: --corpus")
    try:
        return load_student(checkpoint, opened(corpus).basis)
    except (OSError, KeyError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{checkpoint}: is no checkpoint of `livefoley train` for this corpus ({reason})") from error
