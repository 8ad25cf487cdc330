"""Networks of the size people use offline, as ONNX graphs with random weights: what the student is timed against.

- A transformer of MMAudio-S-16k's shape: width 448, 7 heads, 4 blocks that join three streams (250 latent tokens of 8 s
  of sound, 64 picture tokens, 77 words) and 8 that go on with the sound's alone; gated convolutional MLPs of kernel 3.
  The conditions' encoders are left out, and so is what costs little: 116 M parameters of the original's 157 M.
- A vocoder of BigVGAN's shape (80 bands, 16 kHz, hop 256, 1536 channels down to 24, kernels 3, 7, 11, dilations 1, 3,
  5) with plain snakes: without the anti-aliasing filters around them, which makes it cheaper than the real one.

Time does not depend on what the weights are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLIP_S = 8.0
WIDTH, HEADS, JOINT, FUSED = 448, 7, 4, 8
STREAMS = {"sound": 250, "picture": 64, "words": 77}
INNER = 2 * 4 * WIDTH // 3
BANDS, HOP, RATE = 80, 256, 16_000
CHANNELS = 1536
UPSAMPLING = ((4, 8), (4, 8), (2, 4), (2, 4), (2, 4), (2, 4))
KERNELS, DILATIONS = (3, 7, 11), (1, 3, 5)


@dataclass(slots=True)
class Builder:
    """A graph under construction."""

    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)
    parameters: int = 0

    def node(self, op: str, *inputs: str, **attributes: object) -> str:
        """Add a node; return its output's name."""
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        """Add a constant; return its name."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, *shape: int) -> str:
        """Add a random weight; return its name."""
        self.parameters += int(np.prod(shape))
        fan = int(np.prod(shape[1:])) if len(shape) > 2 else shape[0]
        return self.constant(self.rng.standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(fan)))

    def linear(self, x: str, inside: int, outside: int) -> str:
        """Multiply the last axis."""
        return self.node("MatMul", x, self.weight(inside, outside))

    def model(self, inputs: dict[str, list[int | str]], output: str, shape: list[int | str]) -> bytes:
        """Return the whole as ONNX."""
        self.nodes.append(helper.make_node("Identity", [output], ["out"]))
        graph = helper.make_graph(
            self.nodes,
            "peer",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in inputs.items()],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
            self.weights,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        return bytes(made.SerializeToString())


def transformer() -> tuple[bytes, int]:
    """Return the generator's graph and its number of parameters; inputs ``[batch, tokens, WIDTH]`` and ``told``."""
    b = Builder()
    told = "told"
    streams = {name: name for name in STREAMS}
    for _ in range(JOINT):
        streams = _block(b, streams, told)
    for _ in range(FUSED):
        streams |= _block(b, {"sound": streams["sound"]}, told)
    inputs: dict[str, list[int | str]] = {name: ["batch", n, WIDTH] for name, n in STREAMS.items()}
    graph = b.model({**inputs, told: ["batch", 1, WIDTH]}, streams["sound"], ["batch", STREAMS["sound"], WIDTH])
    return graph, b.parameters


def _block(b: Builder, streams: dict[str, str], told: str) -> dict[str, str]:
    """Attention over all streams together, then each stream's own MLP."""
    shifted = {name: _told(b, x, told) for name, x in streams.items()}
    heads = {name: [_heads(b, b.linear(x, WIDTH, WIDTH)) for _ in "qkv"] for name, x in shifted.items()}
    q, k, v = (
        part[0] if len(part) == 1 else b.node("Concat", *part, axis=2)
        for part in ([each[place] for each in heads.values()] for place in range(3))
    )
    scores = b.node("MatMul", q, b.node("Transpose", k, perm=[0, 1, 3, 2]))
    scaled = b.node("Mul", scores, b.constant(np.array((WIDTH / HEADS) ** -0.5, np.float32)))
    mixed = b.node("MatMul", b.node("Softmax", scaled, axis=-1), v)
    joined = b.node("Reshape", b.node("Transpose", mixed, perm=[0, 2, 1, 3]), b.constant(np.array([0, -1, WIDTH])))
    out, at = {}, 0
    for name, x in streams.items():
        ends = (b.constant(np.array([edge])) for edge in (at, at + STREAMS[name]))
        own = b.node("Slice", joined, *ends, b.constant(np.array([1])))
        at += STREAMS[name]
        attended = b.node("Add", x, b.linear(own, WIDTH, WIDTH))
        out[name] = b.node("Add", attended, _mlp(b, _told(b, attended, told), 1 if name == "words" else 3))
    return out


def _told(b: Builder, x: str, told: str) -> str:
    """Norm, scale and shift by what every block is told (AdaLN)."""
    ones = b.constant(np.ones(WIDTH, np.float32))
    normed = b.node("LayerNormalization", x, ones, axis=-1)
    return b.node("Add", b.node("Mul", normed, b.linear(told, WIDTH, WIDTH)), b.linear(told, WIDTH, WIDTH))


def _heads(b: Builder, x: str) -> str:
    split = b.node("Reshape", x, b.constant(np.array([0, -1, HEADS, WIDTH // HEADS])))
    return b.node("Transpose", split, perm=[0, 2, 1, 3])


def _mlp(b: Builder, x: str, kernel: int) -> str:
    """A gated MLP whose three products are convolutions over time."""
    x = b.node("Transpose", x, perm=[0, 2, 1])
    pads, size = [kernel // 2] * 2, [kernel]
    gate, value = (b.node("Conv", x, b.weight(INNER, WIDTH, kernel), pads=pads, kernel_shape=size) for _ in range(2))
    gated = b.node("Mul", b.node("Mul", gate, b.node("Sigmoid", gate)), value)
    out = b.node("Conv", gated, b.weight(WIDTH, INNER, kernel), pads=pads, kernel_shape=size)
    return b.node("Transpose", out, perm=[0, 2, 1])


def vocoder() -> tuple[bytes, int]:
    """Return the vocoder's graph and its number of parameters; input ``mel`` ``[1, BANDS, frames]``."""
    b = Builder()
    x = b.node("Conv", "mel", b.weight(CHANNELS, BANDS, 7), pads=[3, 3], kernel_shape=[7])
    channels = CHANNELS
    for rate, kernel in UPSAMPLING:
        pad = (kernel - rate) // 2
        weight = b.weight(channels, channels // 2, kernel)
        x = b.node("ConvTranspose", x, weight, strides=[rate], pads=[pad, pad], kernel_shape=[kernel])
        channels //= 2
        branches = [_residual(b, x, channels, size) for size in KERNELS]
        x = b.node("Mean", *branches)
    x = b.node("Tanh", b.node("Conv", _snake(b, x, channels), b.weight(1, channels, 7), pads=[3, 3], kernel_shape=[7]))
    return b.model({"mel": [1, BANDS, "frames"]}, x, [1, 1, "samples"]), b.parameters


def _residual(b: Builder, x: str, channels: int, kernel: int) -> str:
    for dilation in DILATIONS:
        y = x
        for spread in (dilation, 1):
            pad = spread * (kernel - 1) // 2
            weight = b.weight(channels, channels, kernel)
            snaked = _snake(b, y, channels)
            y = b.node("Conv", snaked, weight, pads=[pad, pad], dilations=[spread], kernel_shape=[kernel])
        x = b.node("Add", x, y)
    return x


def _snake(b: Builder, x: str, channels: int) -> str:
    """``x + sin(a x)**2 / a``, a learned frequency a channel."""
    a = b.constant(np.ones((1, channels, 1), np.float32))
    wave = b.node("Sin", b.node("Mul", x, a))
    return b.node("Add", x, b.node("Div", b.node("Mul", wave, wave), a))
