"""The demo's clip, rendered once for all its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefoley.demo.clip import make_clip

SECONDS = 8


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first ``SECONDS`` of the demo's clip."""
    return make_clip(tmp_path_factory.mktemp("demo") / "clip.mp4", SECONDS).path
