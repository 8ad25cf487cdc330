"""From noise to latents in a few steps: Euler over the network's estimates, with guidance. Numpy, any runtime below.

Rectified flow: ``x_t = (1 - t) * noise + t * sound``. The network answers with an estimate of the sound; a step from
``t`` to ``u`` goes ``(u - t) / (1 - t)`` of the way towards it, so the last step lands on the estimate itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from livefoley.foley.student.features import Floats


class Evaluate(Protocol):
    """One evaluation of the graph (see ``spec``): named inputs in, ``(estimate, mel)`` out."""

    def __call__(self, inputs: Mapping[str, Floats], /) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class Condition:
    """What a batch of sounds shall be; shapes as in ``spec``. ``past`` None: nothing came before."""

    text: Floats
    controls: Floats
    past: Floats | None = None
    known: Floats | None = None


def schedule(steps: int) -> list[float]:
    """Return the times of ``steps`` evaluations and the end, closer together where the noise is heavy."""
    even = np.linspace(0.0, 1.0, steps + 1)
    return [float(t) for t in even * even * (0.5) + even * 0.5]


def noise(seed: int, index: int, tokens: int, latent: int) -> Floats:
    """Return the noise of window ``index`` of the sound with ``seed``: the same on every machine."""
    rng = np.random.Generator(np.random.Philox(key=seed & (2**64 - 1), counter=[0, 0, 0, index]))
    return rng.standard_normal((tokens, latent), dtype=np.float32)


def texture(seed: int, index: int, tokens: int, latent: int, strength: float) -> Floats:
    """Return what window ``index`` of the sound with ``seed`` is given back of its fine texture.

    A mean of what might be has less texture than any of it: of the fine components, a few steps leave about half the
    power. Coarse components and the grain (the last) stay as they are.
    """
    found = noise(~seed, index, tokens, latent) * np.float32(strength)
    found[:, : latent // 8] = found[:, -1] = 0.0
    return found


def sample(
    evaluate: Evaluate,
    start: Floats,
    condition: Condition,
    steps: int,
    guidance: float = 1.0,
    given_back: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Return the latents ``[batch, tokens, latent]`` and mel frames grown from the noise ``start``.

    ``guidance`` above 1 also asks what the network would do with no description, and moves away from that.
    ``given_back`` (``texture``) is added where the flow arrives: after guidance, which would magnify or cancel it.
    """
    latents = start
    times = schedule(steps)
    estimate, mel = start, start
    for now, then in pairwise(times):
        estimate, mel = _guided(evaluate, latents, now, then - now, condition, guidance)
        latents = latents + np.float32((then - now) / (1.0 - now)) * (estimate - latents)
    return (estimate, mel) if given_back is None else _with_texture(evaluate, estimate, condition, given_back)


def _with_texture(
    evaluate: Evaluate, estimate: Floats, condition: Condition, given_back: Floats
) -> tuple[Floats, Floats]:
    """Return the sound with its texture: the graph holds on to what it is told is known, and shows its frames."""
    free = 1.0 - (condition.known if condition.known is not None else np.zeros(estimate.shape[:2], np.float32))
    whole = estimate + given_back * free[:, :, None]
    held = replace(condition, past=whole, known=np.ones(estimate.shape[:2], np.float32))
    return evaluate(_inputs(whole, 1.0, 0.0, held))


def _guided(
    evaluate: Evaluate, latents: Floats, time: float, span: float, condition: Condition, guidance: float
) -> tuple[Floats, Floats]:
    inputs = _inputs(latents, time, span, condition)
    if guidance == 1.0:
        return evaluate(inputs)
    both = {name: np.concatenate((value, value)) for name, value in inputs.items()}
    both["text"][len(latents) :] = 0.0
    estimate, mel = evaluate(both)
    n = len(latents)
    scale = np.float32(guidance)
    return estimate[n:] + scale * (estimate[:n] - estimate[n:]), mel[n:] + scale * (mel[:n] - mel[n:])


def _inputs(latents: Floats, time: float, span: float, condition: Condition) -> dict[str, Floats]:
    batch, tokens, _ = latents.shape
    past = condition.past if condition.past is not None else np.zeros_like(latents)
    known = condition.known if condition.known is not None else np.zeros((batch, tokens), np.float32)
    return {
        "latents": latents.astype(np.float32),
        "time": np.full(batch, time, np.float32),
        "span": np.full(batch, span, np.float32),
        "text": condition.text.astype(np.float32),
        "controls": condition.controls.astype(np.float32),
        "past": past.astype(np.float32),
        "known": known.astype(np.float32),
    }
