"""Writes the graph of EfficientNet-Lite0 without its weights: ``python -m livefoley.train.picture_graph FILE``.

The package that carries the trained weights holds a checkpoint, and no graph. Source of the network: Tan and Le,
"EfficientNet" (2019), and Liu's Lite variants (2020), which have no squeeze-and-excitation and ReLU6 for swish.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

SIDE = 224
FEATURES, CLASSES = 1280, 1000
OPSET = 17


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one kind: the first has the ``stride`` and changes the channels to ``out``."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    out: int


STEM = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


@dataclass
class _Graph:
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[TensorProto] = field(default_factory=list)

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def external(self, name: str, shape: tuple[int, ...]) -> str:
        """Name a tensor that whoever loads the graph hands in."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="handed-in")
        self.weights.append(tensor)
        return name

    def number(self, name: str, value: float) -> str:
        self.weights.append(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        return name

    def convolution(
        self, data: str, name: str, shape: tuple[int, int, int, int], size: int, stride: int = 1, groups: int = 1
    ) -> str:
        """Add a convolution that keeps the size, or halves it, as TensorFlow's "same" padding does."""
        kernel = shape[2]
        total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
        before, after = total // 2, total - total // 2
        inputs = [data, self.external(f"{name}.weight", shape), self.external(f"{name}.bias", shape[:1])]
        return self.add(
            "Conv",
            inputs,
            name,
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            group=groups,
            pads=[before] * 2 + [after] * 2,
        )

    def clipped(self, data: str) -> str:
        return self.add("Clip", [data, "zero", "six"], f"{data}.relu6")


def build() -> onnx.ModelProto:
    """Return the graph: ``pictures`` ``[n, 224, 224, 3]`` uint8, RGB, in; ``features`` ``[n, 1280]`` and
    ``probabilities`` ``[n, 1000]`` float32 out."""
    graph = _Graph()
    graph.number("zero", 0.0)
    graph.number("six", 6.0)
    graph.number("mean", 127.0)
    graph.number("scale", 1.0 / 128.0)
    data = graph.add("Cast", ["pictures"], "float", to=TensorProto.FLOAT)
    data = graph.add("Mul", [graph.add("Sub", [data, "mean"], "centred"), "scale"], "scaled")
    data = graph.add("Transpose", [data], "channels-first", perm=[0, 3, 1, 2])
    data = graph.clipped(graph.convolution(data, "stem", (STEM, 3, 3, 3), SIDE, 2))
    size, channels, number = SIDE // 2, STEM, 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            data = _block(graph, data, f"block{number}", stage, channels, size, stride)
            size, channels, number = -(-size // stride), stage.out, number + 1
    data = graph.clipped(graph.convolution(data, "head", (FEATURES, channels, 1, 1), size))
    pooled = graph.add("GlobalAveragePool", [data], "pooled")
    features = graph.add("Flatten", [pooled], "features", axis=1)
    inputs = [
        features,
        graph.external("classes.weight", (CLASSES, FEATURES)),
        graph.external("classes.bias", (CLASSES,)),
    ]
    logits = graph.add("Gemm", inputs, "logits", transB=1)
    graph.add("Softmax", [logits], "probabilities", axis=1)
    return _model(graph)


def _block(graph: _Graph, data: str, name: str, stage: Stage, channels: int, size: int, stride: int) -> str:
    wide, found = channels * stage.expand, data
    if stage.expand > 1:
        found = graph.clipped(graph.convolution(found, f"{name}.expand", (wide, channels, 1, 1), size))
    kernels = (wide, 1, stage.kernel, stage.kernel)
    found = graph.clipped(graph.convolution(found, f"{name}.depthwise", kernels, size, stride, wide))
    found = graph.convolution(found, f"{name}.project", (stage.out, wide, 1, 1), -(-size // stride))
    return graph.add("Add", [found, data], f"{name}.sum") if stride == 1 and channels == stage.out else found


def _model(graph: _Graph) -> onnx.ModelProto:
    pictures = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", SIDE, SIDE, 3])
    outputs = [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", FEATURES]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", CLASSES]),
    ]
    made = helper.make_graph(graph.nodes, "efficientnet-lite0", [pictures], outputs, graph.weights)
    return helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="livefoley"
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(build().SerializeToString(deterministic=True))
