"""The demo's clip, rendered once for all its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefoley.demo.clip import make_clip
from tests.support.made import made_once

SECONDS = 8


@pytest.fixture(scope="session")
def clip() -> Path:
    """The first ``SECONDS`` of the demo's clip."""
    return made_once("demo/clip.mp4", lambda path: make_clip(path, SECONDS))
