"""One small corpus for all tests of training."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train import material


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return material.recordings(tmp_path_factory.mktemp("sounds"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, manifest: Path) -> Path:
    """Return the folder of a corpus of eight sounds."""
    from livefoley.train.prepare import prepare
    from livefoley.train.recordings import read

    folder = tmp_path_factory.mktemp("corpus")
    prepare(read(manifest), folder, material.embedded, material.LATENT)
    return folder
