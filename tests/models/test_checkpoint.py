"""Checkpoints are read as numbers: the real one, and what only looks like one."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from livefoley.core.errors import ModelError
from livefoley.models import resolver
from livefoley.models.catalogue import PICTURE_CLASSES
from livefoley.models.checkpoint import MAGIC, PROTOCOL, read_checkpoint


@pytest.fixture(scope="module")
def content() -> bytes:
    return resolver.find(PICTURE_CLASSES.name).read(PICTURE_CLASSES.files[0].name)


def test_the_tensors_come_out(content: bytes) -> None:
    tensors = read_checkpoint(content)
    assert len(tensors) == 296
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert tensors["_conv_stem.weight"].dtype == np.float32
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


@pytest.mark.parametrize("kept", [0, 10, 137, 20_000, 42_000, 1_000_000, -1])
def test_one_that_is_cut_short_is_refused(content: bytes, kept: int) -> None:
    with pytest.raises(ModelError):
        read_checkpoint(content[:kept])


class Program:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("exit 1",)


@pytest.mark.parametrize("told", [Program(), {"weight": Program()}, {"weight": 5}, [1], "text"])
def test_what_would_run_is_not_run(told: object) -> None:
    parts = (MAGIC, PROTOCOL, {}, told, [])
    with pytest.raises(ModelError, match="cannot be used"):
        read_checkpoint(b"".join(pickle.dumps(part, protocol=2) for part in parts))


def test_other_files_are_no_checkpoints() -> None:
    with pytest.raises(ModelError):
        read_checkpoint(b"PK\x03\x04 a zip")
    with pytest.raises(ModelError, match="old form"):
        read_checkpoint(pickle.dumps(1) + pickle.dumps(2))
