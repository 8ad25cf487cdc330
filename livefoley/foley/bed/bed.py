"""An endless ambience for a room: segments of texture recombined at random, and single events among them.

Every texture sounds twice at once, in two streams of segments that start anywhere in the newest segments and join by
cross-fades of equal power; a segment may swap its sides. As two independent choices would have to meet again, nothing
repeats. New segments replace old ones every few minutes. Where somebody else makes them, their sound takes the place of
the textures: one stream, for what they make is whole. All of it advances in blocks on a grid that the reader's chunks
do not move, so chunked equals whole; the work of a block is bounded by rendering one segment a texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from livefoley.core.cues import SoundSource, Stereo
from livefoley.dsp.levels import linear_from_db
from livefoley.foley import levels
from livefoley.foley.bed.kinds import KINDS
from livefoley.foley.bed.streams import BLOCK, Events, GivenSegments, Grains, Pool, Stream
from livefoley.foley.description.lexicon import BedRecipe, bed_recipe
from livefoley.foley.description.reader import BedLayer
from livefoley.foley.render_cache import Stored
from livefoley.foley.rendered import RenderedSounds, generator

CROSSFADE_BLOCKS = 20
_MOST_SCENES = 3
_MOST_RAISED = linear_from_db(12.0)
"""How far quiet textures are brought up to the level: the room a clock ticks in is not as loud as rain."""


@dataclass(frozen=True, slots=True)
class BedStatistics:
    """What a bed is doing; counters never go back."""

    samples: int
    scenes: int


@dataclass(frozen=True, slots=True)
class _Given:
    """What somebody else made, and what of."""

    description: str
    source: str
    segments: GivenSegments


class ProceduralBed:
    """One room's ambience. Implements ``core.ports.BedSource``; deterministic by seed and calls."""

    def __init__(self, seed: int = 0, description: str = "", rendered: RenderedSounds | None = None) -> None:
        """Start with ``description`` at full level. ``rendered`` may be shared between rooms."""
        self._seed = seed
        self._rendered = rendered if rendered is not None else RenderedSounds()
        self._recipe = bed_recipe(description)
        self._description = description
        self._given: _Given | None = None
        self._made = 0
        self._scenes = [_Scene(self._furnished(generator(seed, 0)), fresh=False)]
        self._due = False
        self._waiting: list[Stereo] = []
        self._ahead = 0
        self._count = 0

    def describe(self, description: str) -> None:
        """Change what the place sounds like, cross-faded over 2 s; the same recipe again changes nothing.

        Of many changes at once the last one counts: no more than three places ever sound together.
        """
        recipe = bed_recipe(description)
        self._description = description
        if recipe.layers == self._recipe.layers:
            return
        self._recipe = recipe
        self._given = None
        self._due = True

    def add_segment(self, description: str, segment: Stored, source: str = SoundSource.STUDENT) -> bool:
        """Take a segment that ``source`` made of ``description``; False when the place no longer sounds like that.

        The first one takes over, cross-faded; later ones of that source join it.
        """
        if description != self._description:
            return False
        given = self._given
        if given is not None and (given.description, given.source) == (description, source):
            given.segments.add(segment)
        else:
            self._given = _Given(description, source, GivenSegments(segment))
            self._due = True
        return True

    @property
    def source(self) -> str:
        """Who makes what is heard: whoever gave segments, else ``procedural``."""
        return self._given.source if self._given is not None else SoundSource.PROCEDURAL

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``."""
        while self._ahead < samples:
            self._waiting.append(self._block())
            self._ahead += BLOCK
        whole = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting or [_nothing()], axis=1)
        self._waiting = [whole[:, samples:]] if self._ahead > samples else []
        self._ahead -= samples
        self._made += samples
        return np.ascontiguousarray(whole[:, :samples])

    def statistics(self) -> BedStatistics:
        """Return a snapshot."""
        return BedStatistics(self._made, len(self._scenes))

    def _block(self) -> Stereo:
        if self._due and len(self._scenes) < _MOST_SCENES:
            self._change()
        out = np.zeros((2, BLOCK), np.float32)
        for scene in self._scenes:
            scene.add(out)
        self._scenes = [scene for scene in self._scenes if not scene.gone]
        return levels.round_off(out)

    def _change(self) -> None:
        """Let the scenes there are leave, and the wanted one come."""
        self._due = False
        self._count += 1
        for scene in self._scenes:
            scene.leave()
        self._scenes.append(_Scene(self._furnished(generator(self._seed, self._count)), fresh=True))

    def _furnished(self, rng: Generator) -> list[Stream | Events | Grains]:
        if self._given is not None:
            return [Stream(self._given.segments, 1.0, rng, 0)]
        return _streams(self._recipe, self._rendered, rng)


def _nothing() -> Stereo:
    return np.zeros((2, 0), np.float32)


class _Scene:
    """One place in sound, fading in, there, or fading out."""

    def __init__(self, streams: list[Stream | Events | Grains], fresh: bool) -> None:
        """``fresh`` scenes fade in."""
        self._streams = streams
        self._level = 0 if fresh else CROSSFADE_BLOCKS
        self._leaving = False

    @property
    def gone(self) -> bool:
        return self._leaving and self._level <= 0

    def leave(self) -> None:
        """Begin to fade out."""
        self._leaving = True

    def add(self, out: Stereo) -> None:
        """Add the next block to ``out`` (``[2, BLOCK]``)."""
        step = -1 if self._leaving else 1
        before, after = self._level, min(CROSSFADE_BLOCKS, max(0, self._level + step))
        self._level = after
        if before == after == CROSSFADE_BLOCKS:
            for stream in self._streams:
                stream.add(out)
            return
        own = np.zeros_like(out)
        for stream in self._streams:
            stream.add(own)
        place = np.linspace(before, after, BLOCK, endpoint=False, dtype=np.float32) / CROSSFADE_BLOCKS
        out += own * np.sin(place * np.float32(np.pi / 2))


def _streams(recipe: BedRecipe, rendered: RenderedSounds, rng: Generator) -> list[Stream | Events | Grains]:
    """Return what sounds in the place of a recipe."""
    streams: list[Stream | Events | Grains] = []
    power = sum(_power(layer) for layer in recipe.layers)
    even = 1 / np.sqrt(power) if power else 1.0
    for layer in recipe.layers:
        factor = min(even * layer.weight, _MOST_RAISED)
        for texture in KINDS[layer.kind].textures:
            pool = Pool(texture, layer.level, rendered, len(streams) * 3)
            gain = factor * linear_from_db(texture.gain_db) / np.sqrt(2)
            streams += [Stream(pool, gain, child, lead) for lead, child in enumerate(rng.spawn(2))]
        rate = 0.5 + layer.level
        own = min(factor, layer.weight)  # quiet textures are brought up to the level, but their events are not
        for grain in KINDS[layer.kind].grains:
            streams.append(Grains(grain, factor * linear_from_db(grain.gain_db), layer.level, rng.spawn(1)[0]))
        streams += [Events(spec, own, rate, rendered, rng.spawn(1)[0]) for spec in KINDS[layer.kind].events]
    return streams


def _power(layer: BedLayer) -> float:
    kind = KINDS[layer.kind]
    gains_db = [each.gain_db for each in kind.textures] + [each.gain_db for each in kind.grains]
    return float(sum((layer.weight * linear_from_db(gain_db)) ** 2 for gain_db in gains_db))
