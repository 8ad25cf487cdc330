"""The effect bank: answers a request in milliseconds from rendered variants and the operator's own sounds.

Which sound: the request's ``effect`` by name, CatID or category, else what the lexicon reads in its ``prompt``. Which
variant: its seed, so that neighbours differ. How hard: the nearest rendered strength, then level and brightness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from livefoley.core.cues import CueKind, Sound, SoundRequest, SoundSource, Stereo
from livefoley.core.errors import BankError
from livefoley.foley.bank import ucs
from livefoley.foley.bank.catalogue import EFFECTS, Effect
from livefoley.foley.bank.library import Entry, Library
from livefoley.foley.bank.shaping import Choice, shape
from livefoley.foley.chain import Offer, Refusal
from livefoley.foley.description import lexicon
from livefoley.foley.offers import bank_offer
from livefoley.foley.render_cache import stored
from livefoley.foley.rendered import RenderedSounds

_MOST_OWN = 64
_LONGEST_S = 31.0


@dataclass(frozen=True, slots=True)
class EffectInfo:
    """What is known of one effect. ``source`` is ``built-in`` or ``library``; ``variants`` how many takes there are."""

    name: str
    category: str
    summary: str
    source: str
    variants: int


class EffectBank:
    """Built-in effects and libraries. Implements ``core.ports.EffectSource``; pure in the request."""

    def __init__(self, rendered: RenderedSounds | None = None, libraries: Iterable[Library] = ()) -> None:
        """Answer from ``rendered`` (rendered effects) and, before it, from the operator's ``libraries``."""
        self._rendered = rendered if rendered is not None else RenderedSounds()
        self._own: dict[str, list[tuple[Library, Entry]]] = {}
        self._entries: dict[str, tuple[Library, Entry]] = {}
        for library in libraries:
            for entry in library.entries:
                self._entries.setdefault(entry.name, (library, entry))
                for covered in _covers(entry):
                    self._own.setdefault(covered, []).append((library, entry))
        self._read = lru_cache(maxsize=_MOST_OWN)(self._read_entry)

    def offer(self, request: SoundRequest) -> Offer | Refusal:
        """Say how well the bank's sound would fit."""
        return bank_offer(request, lambda name: bool(self._exactly(name)))

    def make(self, request: SoundRequest) -> Sound | None:
        """Return the sound that is asked for; None when nothing of the bank fits.

        Who names an effect gets that or nothing; a prompt nobody understands gets a neutral hit if it is an action. A
        library sound that has become unreadable is passed over.
        """
        names = self._resolve(request)
        if not names:
            return None
        choice = self._choose(names[request.seed % len(names)] if request.effect else names[0], request)
        return shape(choice, request)

    def names(self) -> tuple[str, ...]:
        """Return the names of all effects, built-in and own, sorted."""
        return tuple(sorted({*EFFECTS, *self._entries}))

    def describe(self, name: str) -> EffectInfo:
        """Return what is known of ``name``. Raises ``BankError`` for an effect that does not exist."""
        if name in self._entries:
            _, entry = self._entries[name]
            return EffectInfo(name, entry.category, " ".join(entry.words), SoundSource.LIBRARY, 1)
        if name not in EFFECTS:
            near = self.find(name.replace("_", " "))[:1]
            raise BankError(f"no effect {name!r}" + (f"; the nearest is {near[0]!r}" if near else ""))
        effect = EFFECTS[name]
        variants = effect.variants * len(effect.layers)
        return EffectInfo(name, effect.ucs.category, effect.summary, "built-in", variants)

    def find(self, text: str) -> tuple[str, ...]:
        """Return the names that fit ``text`` (any language, or parts of names), the best first."""
        meant = {name: 3.0 - 0.1 * k for k, name in enumerate(lexicon.effects(text))}
        wanted = {word for word in ucs.words_of(text) if len(word) > 1}
        scores = {}
        for name in self.names():
            info = self.describe(name)
            have = {*ucs.words_of(name), *ucs.words_of(info.summary), info.category.lower(), name.lower()}
            score = meant.get(name, 0.0) + sum(1.0 if word in have else 0.4 * _inside(word, have) for word in wanted)
            if text.strip().lower() == name.lower():
                score += 10
            if score > 0:
                scores[name] = score
        return tuple(sorted(scores, key=lambda name: (-scores[name], name)))

    def warm(self, names: Iterable[str], variants: int = 8) -> None:
        """Render the first ``variants`` of these effects at every strength, so that ``make`` finds them done."""
        for name in names:
            effect = EFFECTS.get(name)
            if effect is not None:
                for variant in range(min(variants, effect.variants)):
                    for layer in range(len(effect.layers)):
                        self._rendered.effect(effect, variant, layer)

    def _resolve(self, request: SoundRequest) -> tuple[str, ...]:
        if request.effect:
            return self._named(request.effect)
        found = self._exactly(request.prompt) or lexicon.effects(request.prompt)
        if not found and request.kind is CueKind.ACTION:
            return (lexicon.NEUTRAL_IMPACT,)
        return found

    def _named(self, wanted: str) -> tuple[str, ...]:
        """Return the effects called ``wanted``: a name, a variant of it, a CatID, or a category, in any case."""
        key = wanted.strip().lower()
        for names in (
            self._exactly(wanted),
            [name for name in EFFECTS if EFFECTS[name].ucs.cat_id.lower() == key],
            [name for name in EFFECTS if EFFECTS[name].ucs.category.lower() == key],
            [
                entry.name
                for _, entry in self._entries.values()
                if key in (entry.cat_id.lower(), entry.category.lower())
            ],
        ):
            if names:
                return tuple(names)
        return ()

    def _exactly(self, wanted: str) -> tuple[str, ...]:
        """Return the effect with this name, or whose variant it is."""
        key = wanted.strip().lower()
        return tuple(name for name in self.names() if name.lower() in (key, key.rpartition("_")[0]))

    def _choose(self, name: str, request: SoundRequest) -> Choice:
        own = [self._entries[name]] if name in self._entries else self._own.get(name, [])
        for turn in range(len(own)):
            library, entry = own[(request.seed + turn) % len(own)]
            samples = self._read(library, entry)
            if samples is not None:
                tags = (entry.category, *entry.words)
                return Choice(samples, entry.onset, 0.7, 0.3, entry.name, SoundSource.LIBRARY, tags, False)
        return self._built_in(EFFECTS.get(name) or EFFECTS[lexicon.NEUTRAL_IMPACT], request)

    def _built_in(self, effect: Effect, request: SoundRequest) -> Choice:
        layer = int(np.argmin([abs(strength - request.intensity) for strength in effect.layers]))
        variant = _variant_named(request.effect, effect)
        if variant is None:
            variant = request.seed % effect.variants
        take = self._rendered.effect(effect, variant, layer).take()
        name = f"{effect.name}_{variant + 1}"
        tags = (effect.ucs.category, *effect.ucs.words)
        strength = effect.layers[layer]
        return Choice(take.samples, take.onset, strength, effect.vary, name, SoundSource.BANK, tags, effect.texture)

    def _read_entry(self, library: Library, entry: Entry) -> Stereo | None:
        try:
            return stored(library.read(entry, _LONGEST_S), entry.onset).take().samples
        except BankError:
            return None


def _inside(word: str, have: Iterable[str]) -> float:
    return float(len(word) > 2 and any(word in other for other in have))


def _covers(entry: Entry) -> tuple[str, ...]:
    """Return the built-in effects an own sound stands in for: those of its CatID that share most words with it, or
    all of the CatID where none shares any (a sound of gravel must not replace the step on wood)."""
    same = [effect for effect in EFFECTS.values() if effect.ucs.cat_id == entry.cat_id]
    shared = {effect.name: len(set(effect.ucs.words) & set(entry.words)) for effect in same}
    most = max(shared.values(), default=0)
    if entry.told and not most:
        return ()  # a recording of a pack is found by its captions
    return tuple(name for name, words in shared.items() if words == most)


def _variant_named(wanted: str | None, effect: Effect) -> int | None:
    """Return the variant that is asked for by number (``RAIN_Steady_2``), if it does."""
    number = (wanted or "").rpartition("_")[2]
    if wanted and wanted.lower() != effect.name.lower() and number.isdigit() and int(number) > 0:
        return (int(number) - 1) % effect.variants
    return None
