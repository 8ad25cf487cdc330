"""A long sound, made window by window on a fixed grid: each is told how the one before ended, so no join is heard.

Which window comes next depends on the sound alone, never on who else is made in the same batch or how the reader cuts
what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from livefoley.foley.student import features, sampler
from livefoley.foley.student.backends.onnx import Backend
from livefoley.foley.student.features import FRAMES_PER_TOKEN, Floats
from livefoley.foley.student.spec import StudentSpec

STEADY_DB = -4.0
"""The envelope of a sound without an end, re the loudest tenth of a second the network was shown: an ambience holds on.

Left to itself the network may let a sound die away, as the recordings it learnt from do.
"""


@dataclass(frozen=True, slots=True)
class Window:
    """One window to be made: the noise it starts from and what it is told, all for one sound (no batch axis)."""

    noise: Floats  # [tokens, latent]
    text: Floats  # [512]
    controls: Floats  # [tokens, CONTROLS]
    past: Floats  # [tokens, latent], zeros after the known ones
    known: Floats  # [tokens]
    texture: Floats | None  # [tokens, latent], given back at the end


class WindowSequence:
    """One sound under way. ``window`` says what to make next, ``take`` is given it; ``reset`` begins anew."""

    def __init__(self, spec: StudentSpec, text: Floats, seed: int, controls: Floats | None = None) -> None:
        """Grow as long as ``controls`` (``[tokens, CONTROLS]``) last; without any, for ever and steady."""
        self._spec = spec
        self._text = text
        self._seed = seed
        self._controls = controls
        self.reset()

    def reset(self) -> None:
        """Begin the same sound anew."""
        self._index = 0
        self._made = 0  # tokens
        self._tail = np.zeros((0, self._spec.latent), np.float32)

    @property
    def done(self) -> bool:
        return self._controls is not None and self._made >= len(self._controls)

    def window(self) -> Window:
        """Return the next window: the whole of the first, then what follows a second of past."""
        past = len(self._tail)
        start, tokens = self._made - past, self._spec.window_tokens
        if self._controls is None:
            frames = tokens * FRAMES_PER_TOKEN
            controls = features.controls(frames, np.full(frames, STEADY_DB, np.float32))
        else:
            controls = self._controls[start : start + tokens]
            tokens = len(controls)
        noise = sampler.noise(self._seed, self._index, tokens, self._spec.latent)
        known = np.zeros(tokens, np.float32)
        known[:past] = 1.0
        strength = self._spec.texture
        texture = sampler.texture(self._seed, self._index, tokens, self._spec.latent, strength) if strength else None
        return Window(noise, self._text, controls, np.pad(self._tail, ((0, tokens - past), (0, 0))), known, texture)

    def take(self, latents: Floats, mel: Floats) -> Floats:
        """Take the window's latents ``[tokens, latent]`` and mel frames; return the frames that are new."""
        past = len(self._tail)
        self._index += 1
        self._made += len(latents) - past
        self._tail = latents[-self._spec.past_tokens :]
        return mel[past * FRAMES_PER_TOKEN :]


def make_windows(
    backend: Backend, windows: Sequence[Window], steps: int, guidance: float
) -> list[tuple[Floats, Floats]]:
    """Return the latents and mel frames of ``windows``; those of equal length are made in one batch.

    Raises ``ModelError`` when the backend fails.
    """

    def evaluate(inputs: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        found = backend.run(inputs)
        return found["estimate"], found["mel"]

    made: dict[int, tuple[Floats, Floats]] = {}
    for places in _alike(windows):
        batch = [windows[place] for place in places]
        condition = sampler.Condition(
            np.stack([window.text for window in batch]),
            np.stack([window.controls for window in batch]),
            np.stack([window.past for window in batch]),
            np.stack([window.known for window in batch]),
        )
        noise = np.stack([window.noise for window in batch])
        textures = [window.texture for window in batch if window.texture is not None]
        texture = np.stack(textures) if textures else None
        latents, mel = sampler.sample(evaluate, noise, condition, steps, guidance, texture)
        made.update((place, (latents[row], mel[row])) for row, place in enumerate(places))
    return [made[place] for place in range(len(windows))]


def _alike(windows: Sequence[Window]) -> Iterator[list[int]]:
    """Yield the places of windows of one length."""
    lengths: dict[int, list[int]] = {}
    for place, window in enumerate(windows):
        lengths.setdefault(len(window.noise), []).append(place)
    yield from lengths.values()


def seconds(tokens: int) -> float:
    """Return how long so many tokens sound."""
    return tokens / features.TOKENS_PER_S
