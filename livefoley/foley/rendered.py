"""Where bank and bed get rendered sound from: variants of effects and segments of textures, each made once.

What a key gives depends on the key alone, never on who asked first, so every room may share them.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.random import Generator

from livefoley.foley import levels
from livefoley.foley.bank.catalogue import Effect
from livefoley.foley.bed import KEPT_SEGMENTS
from livefoley.foley.bed.kinds import TextureSpec
from livefoley.foley.render_cache import RenderCache, Stored
from livefoley.foley.synth.blocks.toolbox import Take


def generator(*parts: str | int) -> Generator:
    """Return the generator that belongs to ``parts``: the same for the same parts on every machine."""
    return np.random.default_rng([zlib.crc32(str(part).encode()) for part in parts])


class RenderedSounds:
    """Rendered effects and textures of one ``seed``, by way of a cache."""

    def __init__(self, cache: RenderCache | None = None, seed: int = 0) -> None:
        self.cache = cache if cache is not None else RenderCache()
        self._seed = seed

    def effect(self, effect: Effect, variant: int, layer: int) -> Stored:
        """Return one variant at one of the effect's strengths, normalised. Variants beyond the effect's own count are
        made just as well, but not kept on disk."""

        def render() -> Take:
            made = effect.render(generator(self._seed, effect.name, variant, layer), effect.layers[layer])
            even = levels.normalise_bed if effect.texture else levels.normalise_effect
            return Take(even(levels.without_rumble(made.samples)), made.onset)

        return self.cache.get(f"{effect.name}-{variant}-{layer}-{self._seed}", render, variant < effect.variants)

    def segment(self, texture: TextureSpec, strength: float, index: int) -> Stored:
        """Return segment ``index`` of a texture at about ``strength``, normalised."""
        step = round(strength * 4)

        def render() -> Take:
            rng = generator(self._seed, "texture", texture.name, step, index)
            samples = texture.render(rng, texture.segment_s, step / 4).astype(np.float32)
            return Take(levels.normalise_bed(levels.without_rumble(samples)), 0)

        return self.cache.get(f"bed-{texture.name}-{step}-{index}-{self._seed}", render, index < KEPT_SEGMENTS)
