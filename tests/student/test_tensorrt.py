"""Engines are compiled for real, without a card, and used only where they belong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from livefoley.core.errors import ModelError
from livefoley.foley.student import models
from livefoley.foley.student.backends import tensorrt
from livefoley.foley.student.backends.engines import EngineKey, EngineStore
from livefoley.foley.student.models import Model
from livefoley.foley.student.student import open_backend
from tests.support.peers import require_packages

from .tiny import write_model

KEY = EngineKey("a" * 64, "tensorrt_rtx", "1.7.1", "sm86")


@pytest.fixture
def rtx() -> ModuleType:
    require_packages("tensorrt_rtx", extra="tensorrt")
    return tensorrt.library("tensorrt_rtx")


def model(directory: Path, *, half: bool = False) -> Model:
    return models.find(write_model(directory, "student-half" if half else "student-tiny", half=half))


@pytest.mark.parametrize("target", tensorrt.TARGETS)
def test_the_graph_compiles_for_every_target_and_is_found_again(rtx: ModuleType, tmp_path: Path, target: str) -> None:
    store, found = EngineStore(tmp_path / "engines"), model(tmp_path, half=target in tensorrt.HALF_ONLY)
    key, built = tensorrt.build(found, target, store, rtx)
    assert built
    assert key == EngineKey(found.spec.sha256, "tensorrt_rtx", rtx.__version__, target)
    assert len(store.load(key) or b"") > 10_000
    assert tensorrt.build(found, target, store, rtx) == (key, False)
    assert [(each.key, each.problem) for each in store.entries()] == [(key, "")]


def test_what_cannot_be_compiled_is_said_in_one_line(rtx: ModuleType, tmp_path: Path) -> None:
    store, found = EngineStore(tmp_path / "engines"), model(tmp_path)
    for target, said in (("sm75", "half precision only"), ("sm9000", "no target 'sm9000'")):
        with pytest.raises(ModelError, match=said):
            tensorrt.build(found, target, store, rtx)
    found.graph.write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot read it") as raised:
        tensorrt.build(found, "sm86", store, rtx)
    assert "\n" not in str(raised.value)
    assert not list(store.entries())


def test_without_a_card_tensorrt_is_refused_and_auto_takes_another_way(tmp_path: Path) -> None:
    found = model(tmp_path)
    try:
        tensorrt.card_here()
    except ModelError:
        with pytest.raises(ModelError):
            open_backend(found, "tensorrt")
        assert open_backend(found, "auto", 1).name == "onnx cpu"


def test_an_engine_that_was_altered_or_belongs_elsewhere_is_as_good_as_absent(tmp_path: Path) -> None:
    store = EngineStore(tmp_path)
    path = store.save(KEY, b"an engine")
    assert store.load(KEY) == b"an engine"
    for other in (
        replace(KEY, version="1.8.0"),
        replace(KEY, target="sm89"),
        replace(KEY, model_sha256="b" * 64),
        replace(KEY, library="tensorrt"),
    ):
        assert store.load(other) is None
        path.rename(tmp_path / f"{other.stem}.engine")  # the file of another, under this one's name
        path.with_suffix(".json").rename(tmp_path / f"{other.stem}.json")
        assert store.load(other) is None
        (tmp_path / f"{other.stem}.engine").rename(path)
        (tmp_path / f"{other.stem}.json").rename(path.with_suffix(".json"))
    path.write_bytes(b"an engime")
    assert store.load(KEY) is None
    assert [each.problem for each in store.entries()] == ["is damaged (its SHA-256 is wrong)"]
    path.with_suffix(".json").unlink()
    assert [each.problem for each in store.entries()] == ["has no manifest"]
