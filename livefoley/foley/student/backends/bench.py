"""How fast a backend is: windows of noise, timed one after another."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from livefoley.foley.student import decoder, features, sampler
from livefoley.foley.student.backends.onnx import Backend
from livefoley.foley.student.features import CONTROLS, FRAMES_PER_TOKEN
from livefoley.foley.student.spec import StudentSpec
from livefoley.foley.student.windows import Window, make_windows, seconds


@dataclass(frozen=True, slots=True)
class Timing:
    """A batch's time from conditions to sound, in seconds: median and 99th percentile; the network's part of it."""

    batch: int
    seconds: float  # of sound, each
    p50_s: float
    p99_s: float
    network_s: float

    @property
    def per_second(self) -> float:
        """Wall seconds for a second of sound."""
        return self.p50_s / (self.batch * self.seconds)


def window_of(spec: StudentSpec, tokens: int, seed: int = 0) -> Window:
    """Return a window of noise with a random description."""
    rng = np.random.default_rng(seed)
    text = rng.standard_normal(spec.text).astype(np.float32)
    noise = rng.standard_normal((tokens, spec.latent)).astype(np.float32)
    controls, past = np.zeros((tokens, CONTROLS), np.float32), np.zeros((tokens, spec.latent), np.float32)
    texture = sampler.texture(seed, 0, tokens, spec.latent, spec.texture) if spec.texture else None
    return Window(noise, text / np.linalg.norm(text), controls, past, np.zeros(tokens, np.float32), texture)


def measure(
    backend: Backend, spec: StudentSpec, *, batch: int, tokens: int, steps: int, repeats: int, decode: bool = True
) -> Timing:
    """Time ``repeats`` batches after two that are not counted. Raises ``ModelError``."""
    windows = [window_of(spec, tokens, seed) for seed in range(batch)]
    whole, network = [], []
    for _ in range(repeats + 2):
        began_s = time.perf_counter()
        made = make_windows(backend, windows, steps, spec.guidance)
        network.append(time.perf_counter() - began_s)
        if decode:
            for _, mel in made:
                quiet = np.clip(mel, features.FLOOR_DB, 0.0)  # what random weights make may be anything
                decoder.Widener().feed(decoder.invert(quiet[: tokens * FRAMES_PER_TOKEN]))
        whole.append(time.perf_counter() - began_s)
    p50, p99 = np.percentile(whole[2:], [50, 99])
    return Timing(batch, seconds(tokens), float(p50), float(p99), float(np.median(network[2:])))
