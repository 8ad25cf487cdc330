"""Rendered takes are kept, checked, and made again when they do not check out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.foley.render_cache import RenderCache, decode, encode, stored
from livefoley.foley.synth.blocks.toolbox import Take


class Renderer:
    """Renders a fixed take and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Take:
        self.calls += 1
        return Take(np.random.default_rng(5).uniform(-1, 1, (2, 1000)).astype(np.float32), 17)


def test_a_take_is_rendered_once_and_then_found(tmp_path: Path) -> None:
    render = Renderer()
    cache = RenderCache(tmp_path)
    first = cache.get("a", render)
    assert cache.get("a", render) is first
    found = RenderCache(tmp_path).get("a", render)
    assert render.calls == 1
    assert np.array_equal(found.samples, first.samples)
    assert found.onset == 17


def test_what_is_not_to_persist_is_not_on_disk(tmp_path: Path) -> None:
    RenderCache(tmp_path).get("a", Renderer(), persist=False)
    assert not list(tmp_path.rglob("*.take"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:-3] + b"\0\0\0",
        lambda data: b"junk" + data,
        lambda data: data.replace(b'"onset": 17', b'"onset": -1'),
        lambda data: data.replace(b'"format": 1', b'"format": 9'),
        lambda data: b"[]\n" + data,
    ],
)
def test_a_damaged_file_is_rendered_again_and_replaced(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    RenderCache(tmp_path).get("a", Renderer())
    (path,) = tmp_path.rglob("*.take")
    good = path.read_bytes()
    path.write_bytes(damage(good))
    cache, render = RenderCache(tmp_path), Renderer()
    cache.get("a", render)
    assert render.calls == 1
    assert cache.statistics().corrupt == 1
    assert path.read_bytes() == good


def test_a_directory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    cache = RenderCache(blocked)
    assert cache.get("a", Renderer()).onset == 17
    assert cache.statistics().write_errors == 1


def test_memory_is_bounded() -> None:
    cache = RenderCache(memory_bytes=10_000)
    for k in range(50):
        cache.get(str(k), Renderer())
    assert cache.statistics().bytes <= 10_000


@given(st.binary(max_size=200))
def test_junk_never_decodes_to_a_take(data: bytes) -> None:
    assert decode(data) is None


def test_encoding_is_undone_by_decoding() -> None:
    take = stored(np.linspace(-1, 1, 50, dtype=np.float32).reshape(2, 25), 3)
    again = decode(encode(take))
    assert again is not None
    assert np.array_equal(again.samples, take.samples)
