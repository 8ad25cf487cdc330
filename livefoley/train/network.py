"""The student network: blocks of depthwise convolution and gated products over 80 ms tokens, a little attention.

ConvNeXt blocks (Liu et al. 2022) with the description, the time and the step folded into every block by scale, shift
and gate (AdaLN, Peebles and Xie 2023). It answers with the sound itself, not the velocity: see ``flow``. The weights
that only see the description run once a clip, not once a token, so most of the parameters cost next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from livefoley.foley.student.features import COLUMNS, CONTROLS, FRAMES_PER_TOKEN
from livefoley.train.corpus.latents import Basis

TEXT = 512


@dataclass(frozen=True, slots=True)
class Size:
    """How large the network is. ``attention`` is the distance between blocks that attend."""

    width: int
    blocks: int
    expansion: int
    told: int  # width of what every block is told
    attention: int
    heads: int


SIZES = {
    "tiny": Size(32, 2, 2, 32, 2, 2),  # for tests
    "nano": Size(256, 10, 4, 512, 3, 4),
    "base": Size(960, 16, 4, 1024, 4, 12),
}


class Student(nn.Module):
    """One evaluation; the ports are those of ``livefoley.foley.student.spec``."""

    mean: Tensor
    backward_basis: Tensor

    def __init__(self, size: Size, basis: Basis) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("mean", torch.from_numpy(basis.mean.copy()))
        self.register_buffer("backward_basis", torch.from_numpy(basis.backward.copy()))
        self.enter = nn.Linear(2 * basis.latent + 1 + CONTROLS, size.width)
        self.clock = Clock(size.told)
        self.words = nn.Sequential(nn.Linear(TEXT, size.told), nn.SiLU(), nn.Linear(size.told, size.told))
        self.blocks = nn.ModuleList(
            Block(size, attends=number % size.attention == size.attention - 1, dilation=(1, 2, 1)[number % 3])
            for number in range(size.blocks)
        )
        self.last = nn.Linear(size.told, 2 * size.width)
        self.leave = nn.Linear(size.width, basis.latent)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def estimate(
        self, latents: Tensor, time: Tensor, span: Tensor, text: Tensor, controls: Tensor, past: Tensor, known: Tensor
    ) -> Tensor:
        """Return the sound's latents as far as they can be told from ``latents`` at ``time``."""
        x = self.enter(torch.cat((latents, past, known.unsqueeze(-1), controls), dim=-1))
        told = functional.silu(self.clock(time, span) + self.words(text * TEXT**0.5))
        for block in self.blocks:
            x = block(x, told)
        scale, shift = self.last(told).unsqueeze(1).chunk(2, dim=-1)
        return self.leave(normalised(x) * (1 + scale) + shift)

    def forward(
        self, latents: Tensor, time: Tensor, span: Tensor, text: Tensor, controls: Tensor, past: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the estimate, with the past put in its place, and its frames."""
        found = self.estimate(latents, time, span, text, controls, past, known)
        found = torch.lerp(found, past, known.unsqueeze(-1))
        batch, tokens, _ = found.shape
        mel = (found @ self.backward_basis + self.mean).reshape(batch, tokens * FRAMES_PER_TOKEN, COLUMNS)
        return found, mel


class Shipped(nn.Module):
    """A network as it leaves: told of jumps only if it learnt to jump."""

    def __init__(self, network: Student, jumps: bool = False) -> None:
        super().__init__()
        self.network = network
        self.jumps = jumps

    def forward(
        self, latents: Tensor, time: Tensor, span: Tensor, text: Tensor, controls: Tensor, past: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the estimate and its frames."""
        told_span = span if self.jumps else torch.zeros_like(span)
        answer: tuple[Tensor, Tensor] = self.network(latents, time, told_span, text, controls, past, known)
        return answer


def normalised(x: Tensor) -> Tensor:
    """Return every token with mean 0 and power 1."""
    return functional.layer_norm(x, x.shape[-1:])


class Clock(nn.Module):
    """Embeds the time and the span of a step."""

    frequencies: Tensor

    def __init__(self, told: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.logspace(0, 2.5, 32))
        self.mix = nn.Sequential(nn.Linear(128, told), nn.SiLU(), nn.Linear(told, told))

    def forward(self, time: Tensor, span: Tensor) -> Tensor:
        angles = torch.cat((time.unsqueeze(-1) * self.frequencies, span.unsqueeze(-1) * self.frequencies), dim=-1)
        mixed: Tensor = self.mix(torch.cat((angles.sin(), angles.cos()), dim=-1))
        return mixed


class Block(nn.Module):
    """Neighbours (depthwise convolution), then each token by itself; where ``attends``, all tokens in between."""

    def __init__(self, size: Size, attends: bool, dilation: int) -> None:
        super().__init__()
        width, inner = size.width, size.width * size.expansion
        self.taps = nn.Parameter(torch.randn(7, width) * 0.2)
        self.dilation = dilation
        self.told = nn.Linear(size.told, 3 * width)
        nn.init.zeros_(self.told.bias)
        nn.init.normal_(self.told.weight, std=0.02)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.attention = Attention(width, size.heads) if attends else None

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        scale, shift, gate = self.told(told).unsqueeze(1).chunk(3, dim=-1)
        if self.attention is not None:
            x = x + self.attention(normalised(x))
        inner = normalised(self.neighbours(x)) * (1 + scale) + shift
        return x + (1 + gate) * self.narrow(functional.gelu(self.widen(inner), approximate="tanh"))

    def neighbours(self, x: Tensor) -> Tensor:
        """Return the depthwise convolution over seven tokens ``dilation`` apart, ``[batch, tokens, width]``."""
        kernel = self.taps.t().unsqueeze(1)
        y = functional.conv1d(
            x.transpose(1, 2), kernel, padding=3 * self.dilation, dilation=self.dilation, groups=x.shape[-1]
        )
        return y.transpose(1, 2)


class Attention(nn.Module):
    """Every token attends to every token; where they lie, the convolutions have told."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        asked = self.ask(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = asked[0], asked[1], asked[2]
        found = functional.scaled_dot_product_attention(query, key, value)
        answered: Tensor = self.answer(found.transpose(1, 2).reshape(batch, tokens, width))
        return answered


def parameters(network: nn.Module) -> int:
    """Return how many numbers were or will be trained."""
    return sum(p.numel() for p in network.parameters())
