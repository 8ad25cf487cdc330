"""One small corpus for all tests of training."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.train import material


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Keep torch to one thread: its networks are small here, and a team of threads spins beside other tests."""
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return material.recordings(tmp_path_factory.mktemp("sounds"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, manifest: Path) -> Path:
    """Return the folder of a corpus of eight sounds."""
    from livefoley.train.corpus.prepare import prepare
    from livefoley.train.corpus.recordings import read

    folder = tmp_path_factory.mktemp("corpus")
    prepare(read(manifest), folder, material.embedded, material.LATENT)
    return folder
