"""A student that fits in a test: the contract's ports around a few random matrices, written with the onnx package."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from livefoley.foley.student.features import COLUMNS, CONTROLS, FRAMES_PER_TOKEN
from livefoley.foley.student.spec import StudentSpec, save_spec

LATENT, TEXT, WIDTH = 8, 512, 16


def write_model(directory: Path, name: str = "student-tiny", *, half: bool = False, fault: str = "") -> Path:
    """Write a model and return the path of its JSON. ``fault``: ``nan``, ``silent``, ``loud``, ``hang``, or none."""
    directory.mkdir(parents=True, exist_ok=True)
    graph = onnx_bytes(half=half, fault=fault)
    (directory / f"{name}.onnx").write_bytes(graph)
    spec = StudentSpec(
        name=name,
        size="nano",
        file=f"{name}.onnx",
        sha256=hashlib.sha256(graph).hexdigest(),
        precision="fp16" if half else "fp32",
        latent=LATENT,
        parameters=20_000,
        steps=1,
        trained=False,
    )
    save_spec(spec, directory / f"{name}.json")
    return directory / f"{name}.json"


def onnx_bytes(*, half: bool = False, fault: str = "") -> bytes:
    """Return the graph; with ``half`` its inside is fp16, its ports stay float32."""
    rng = np.random.default_rng(7)
    inside = np.float16 if half else np.float32
    nodes, weights = [], []

    def constant(key: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(value, key))
        return key

    def random(key: str, *shape: int) -> str:
        return constant(key, (rng.standard_normal(shape) / np.sqrt(shape[-2])).astype(inside))

    def node(op: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def port(name: str) -> str:
        return node("Cast", [name], f"{name}_in", to=TensorProto.FLOAT16) if half else name

    axes = constant("axes_1", np.array([1], np.int64))
    when = node("Add", [port("time"), port("span")], "when")
    when = node("Unsqueeze", [when, constant("axes_12", np.array([1, 2], np.int64))], "when_")
    text = node("Unsqueeze", [node("MatMul", [port("text"), random("w_text", TEXT, WIDTH)], "text_w"), axes], "text_u")
    mask = node("Unsqueeze", [port("known"), constant("axes_2", np.array([2], np.int64))], "mask")
    seen = node("Add", [port("latents"), node("Mul", [port("past"), mask], "held")], "seen")
    parts = [
        node("MatMul", [seen, random("w_seen", LATENT, WIDTH)], "seen_w"),
        node("MatMul", [port("controls"), random("w_controls", CONTROLS, WIDTH)], "controls_w"),
        text,
        when,
    ]
    total = parts[0]
    for index, part in enumerate(parts[1:]):
        total = node("Add", [total, part], f"sum_{index}")
    channels = node("Transpose", [node("Tanh", [total], "hidden")], "channels", perm=[0, 2, 1])
    mixed = node("Conv", [channels, random("w_conv", WIDTH, WIDTH, 3)], "mixed", pads=[1, 1], kernel_shape=[3])
    back = node("Transpose", [mixed], "back", perm=[0, 2, 1])
    free = node("MatMul", [back, random("w_out", WIDTH, LATENT)], "free")
    loose = node("Sub", [constant("one", np.array(1, inside)), mask], "loose")
    out = node("Add", [node("Mul", [free, loose], "loosened"), "held"], "out")
    bands = node("MatMul", [out, random("w_mel", LATENT, COLUMNS * FRAMES_PER_TOKEN)], "bands")
    shape = constant("shape", np.array([0, -1, COLUMNS], np.int64))
    framed = node("Reshape", [bands, shape], "framed")
    scaled = node("Mul", [framed, constant("scale", np.array(6, inside))], "scaled")
    offset = {"silent": -80.0, "loud": 60.0}.get(fault, -12.0)
    level = node("Add", [scaled, constant("offset", np.array(offset, inside))], "level")
    if fault == "nan":
        level = node("Sqrt", [node("Sub", [level, constant("far", np.array(1000, inside))], "negative")], "rooted")
    if fault == "hang":
        level = _hang(level, nodes, constant)
    nodes.append(helper.make_node("Cast", ["out"], ["estimate"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("Cast", [level], ["mel"], to=TensorProto.FLOAT))
    return _model(nodes, weights)


def _hang(level: str, nodes: list[onnx.NodeProto], constant) -> str:
    """Add a loop that goes on for hours."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["on_"]), helper.make_node("Sin", ["value"], ["value_"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on_", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value_", TensorProto.FLOAT, None),
        ],
    )
    turns, go_on = constant("turns", np.array(10**12, np.int64)), constant("go_on", np.array(True))
    nodes.append(helper.make_node("Loop", [turns, go_on, level], ["looped"], body=body))
    return "looped"


def _model(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto]) -> bytes:
    ports = {
        "latents": ["batch", "tokens", LATENT],
        "time": ["batch"],
        "span": ["batch"],
        "text": ["batch", TEXT],
        "controls": ["batch", "tokens", CONTROLS],
        "past": ["batch", "tokens", LATENT],
        "known": ["batch", "tokens"],
    }
    outputs = {"estimate": ["batch", "tokens", LATENT], "mel": ["batch", "frames", COLUMNS]}
    graph = helper.make_graph(
        nodes,
        "student",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ports.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
