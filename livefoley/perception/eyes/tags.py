"""From ImageNet's classes to what matters for sound: families, places, and whether somebody is there (tags.yaml)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray

from livefoley.core.events import Sight
from livefoley.core.families import Family
from livefoley.core.ticks import Tick

T = TypeVar("T")

LEAST = 0.04
"""What is less likely than this is not told."""

CLASSES = 1000


class Tags:
    """Sums of classes' probabilities."""

    def __init__(self) -> None:
        content = yaml.safe_load(resources.files("livefoley.perception.eyes").joinpath("tags.yaml").read_text("utf-8"))
        self.families = [Family(name) for name in content["families"]]
        self.places: list[str] = list(content["places"])
        groups = [*content["families"].values(), *content["places"].values(), content["person"]]
        self._sums = np.zeros((CLASSES, len(groups)), np.float32)
        for column, group in enumerate(groups):
            self._sums[list(_numbers(group)), column] = 1.0

    def sight(self, probabilities: NDArray[np.float32], at: Tick) -> Sight:
        """Return what the probabilities of a picture ``[1000]`` say."""
        found = [min(1.0, float(value)) for value in probabilities @ self._sums]
        split = len(self.families)
        families = _likeliest(zip(self.families, found[:split], strict=True))
        places = _likeliest(zip(self.places, found[split:-1], strict=True))
        return Sight(at, families, places, found[-1])


@cache
def tags() -> Tags:
    """Return the tables, read once."""
    return Tags()


def _likeliest(found: Iterable[tuple[T, float]]) -> tuple[tuple[T, float], ...]:
    told = [(what, round(value, 3)) for what, value in found if value >= LEAST]
    return tuple(sorted(told, key=lambda pair: -pair[1]))


def _numbers(group: Iterable[int | str]) -> Iterable[int]:
    for each in group:
        first, _, last = str(each).partition("-")
        yield from range(int(first), int(last or first) + 1)
