"""What the manual says is kept in memory is what the caches are bounded to."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from livefoley.clips.buffer.rolling import MAX_EVENTS
from livefoley.config import Clips
from livefoley.foley import take_cache
from livefoley.foley.bank import bank
from livefoley.foley.render_cache import RenderCache
from livefoley.foley.student import embed

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("manual", ["operations.md", "zh/operations.md"])
def test_the_bounds_of_what_is_kept_are_those_of_the_manual(manual: str) -> None:
    text = (DOCS / manual).read_text(encoding="utf-8").replace(",", "")
    clips, takes, sounds, words = [
        next(row for row in text.splitlines() if row.startswith("|") and mark in row)
        for mark in ("clips.memory_mb", f" {take_cache.MOST_BYTES // 1_000_000} MB |", "96 MB", "2 kB")
    ]
    assert numbers(clips) == [Clips().memory_mb, MAX_EVENTS]
    assert numbers(takes) == [take_cache.MOST_BYTES // 1_000_000]
    rendered = inspect.signature(RenderCache).parameters["memory_bytes"].default
    assert numbers(sounds) == [rendered // 1_000_000, 100, bank._MOST_OWN]
    assert numbers(words) == [embed._KEPT, 2, embed._KEPT_ON_DISK]


def numbers(row: str) -> list[int]:
    """Return the whole numbers of a row, in order."""
    return [int(found) for found in re.findall(r"\d+", row)]
