"""Rectified flow with the sound itself as the answer: the loss, and a sampler in torch for training's own use.

``x_t = (1 - t) * noise + t * sound``. The network estimates the sound; weighing its error by ``1 / (1 - t)^2`` would be
the velocity's error, which near ``t = 1`` is all about inaudible detail, so the weight is bounded.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from livefoley.foley.student import sampler
from livefoley.train.corpus.batches import Batch

MOST_WEIGHT = 6.0
_STARTS = 0.1  # share of clips taken at pure noise, where every generation begins


def times(batch: int, generator: torch.Generator) -> Tensor:
    """Return random times ``[batch]``, more of them where the noise is heavy (logit-normal)."""
    drawn = torch.sigmoid(torch.randn(batch, generator=generator) - 0.4)
    return torch.where(torch.rand(batch, generator=generator) < _STARTS, 0.0, drawn)


def loss(network: nn.Module, batch: Batch, power: Tensor, generator: torch.Generator) -> Tensor:
    """Return the weighted squared error of the network's estimates at random times; known tokens do not count."""
    time = times(len(batch.latents), generator).to(batch.latents.device)
    noise = torch.randn(batch.latents.shape, generator=generator).to(batch.latents.device)
    noisy = torch.lerp(noise, batch.latents, time[:, None, None])
    estimate, _ = network(noisy, time, torch.zeros_like(time), *batch.told())
    error = ((estimate - batch.latents) ** 2 * power).mean(dim=-1)
    weight = torch.clamp(1.0 / (1.0 - time).clamp(min=1e-3) ** 2, max=MOST_WEIGHT)[:, None] * batch.counts
    return (error * weight).sum() / batch.counts.sum().clamp(min=1.0)


@torch.no_grad()
def sample(network: nn.Module, batch: Batch, steps: int, guidance: float, generator: torch.Generator) -> Tensor:
    """Return latents grown from noise as ``sampler.sample`` does, for the conditions of ``batch``."""
    noise = torch.randn(batch.latents.shape, generator=generator).to(batch.latents.device)
    return follow(network, noise, batch, sampler.schedule(steps), guidance)


@torch.no_grad()
def follow(network: nn.Module, latents: Tensor, batch: Batch, moments: list[float], guidance: float) -> Tensor:
    """Return where the flow takes ``latents`` along ``moments``, under guidance."""
    text, *rest = batch.told()
    for now, then in pairwise(moments):
        time = torch.full((len(latents),), now, device=latents.device)
        span = torch.zeros_like(time)
        estimate, _ = network(latents, time, span, text, *rest)
        if guidance != 1.0:
            free, _ = network(latents, time, span, torch.zeros_like(text), *rest)
            estimate = free + guidance * (estimate - free)
        latents = latents + (then - now) / (1.0 - now) * (estimate - latents)
    return latents
