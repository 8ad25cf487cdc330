"""Who is best at what: the shares of strengths.yaml, and the order they give for a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import yaml

from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.errors import ConfigError
from livefoley.foley.description.reader import Description, read

NEAR = 0.05
"""So near to the best one the student is asked first."""

USUAL: Mapping[str, float] = {
    SoundSource.RECORDINGS: 0.81,
    SoundSource.BANK: 0.75,
    SoundSource.PROCEDURAL: 0.75,
    SoundSource.STUDENT: 0.69,
}
"""What a maker is taken for in a class that was not measured: recordings and the student by their share of all words,
what is synthesised for the words themselves between them."""

UNMEASURED_EXACT = 1.0
UNMEASURED_MADE = USUAL[SoundSource.STUDENT]
"""What a maker is taken for that was never measured: one that has just the sound for the best, one that makes something
of any words for the student's equal."""

ASKS: Mapping[str, str] = {
    "a dog barks": "dog",
    "a cat meows": "cat",
    "a baby cries": "baby",
    "a person coughs": "cough",
    "a rooster crows": "rooster",
    "a helicopter flying": "helicopter",
    "a chainsaw": "chainsaw",
    "fireworks exploding in the sky": "fireworks",
    "horse hooves": "horse",
}
"""The classes of what the lexicon asks for in words."""


def class_of(text: str, kind: CueKind) -> str:
    """Return the class of what a sound of this kind is made of by ``text``; empty for one that has none."""
    reading = read(text)
    found = (_place(reading), _action(reading)) if kind is CueKind.BED else (_action(reading), _place(reading))
    return found[0] or found[1]


def _place(reading: Description) -> str:
    layers = [layer for place in reading.places if not place.implied for layer in place.layers]
    return max(layers, key=lambda layer: layer.weight).kind if layers else ""


def _action(reading: Description) -> str:
    if not reading.actions:
        return ""
    first = reading.actions[0]
    return ASKS.get(first.ask, "") or (first.family.value if first.family is not None else "")


@lru_cache(maxsize=1024)
def shares(text: str, kind: CueKind) -> Mapping[str, float]:
    """Return the share of each maker for a sound of this kind of these words.

    In a class that was measured the student has the share it showed there, and none where it was not among those asked.
    """
    measured = table().get(class_of(text, kind))
    return USUAL if measured is None else {**USUAL, SoundSource.STUDENT: 0.0, **measured}


def rank(request: SoundRequest, source: str, among: Mapping[str, float]) -> float:
    """Return how early ``source`` is asked among others, the least first: by its share, the student's pulled ahead
    where it is near to the best of those. ``among`` says for what each of them is taken where it was not measured."""
    known = {**among, **shares(request.prompt, request.kind)}
    best = max(known[each] for each in among)
    share = known[source]
    return -1.0 - best if source == SoundSource.STUDENT and share >= best - NEAR else -share


def first(request: SoundRequest, sources: Sequence[str]) -> str:
    """Return who of ``sources``, all among ``USUAL``, is asked first; of equal ones the earlier."""
    among = {source: USUAL[source] for source in sources}
    return min(sources, key=lambda source: rank(request, source, among))


@cache
def table() -> Mapping[str, Mapping[str, float]]:
    """Return the shares of each class by maker. Raises ``ConfigError`` for a file that holds anything else."""
    text = resources.files("livefoley.foley").joinpath("strengths.yaml").read_text("utf-8")
    return parsed(yaml.safe_load(text))


def parsed(content: Any) -> dict[str, dict[str, float]]:
    """Return the shares of a file's content: a number a maker, or ``{share, n}``. Raises ``ConfigError``."""
    try:
        classes = {str(name): dict(given) for name, given in content["classes"].items()}
        return {
            name: {str(source): _share(value) for source, value in given.items() if source != "n"}
            for name, given in classes.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"strengths.yaml: want a share from 0 to 1 for each maker of each class ({error})") from None


def _share(value: Any) -> float:
    share = float(value["share"] if isinstance(value, dict) else value)
    if not 0 <= share <= 1:
        raise ValueError(f"{share:g} is no share")
    return share
