"""Weights are used when they are whole, and what is wrong with them is said in one line."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from livefoley.core.errors import ModelError
from livefoley.foley.student import models
from livefoley.foley.student.backends.onnx import OnnxBackend
from livefoley.foley.student.student import open_student

from .tiny import write_model


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path / "cache"))


def refused(model: str | Path) -> str:
    with pytest.raises(ModelError) as raised:
        models.find(model)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_model_is_found_by_path_by_its_graph_and_by_name_in_the_cache(tmp_path: Path) -> None:
    path = write_model(tmp_path / "cache" / "students", "student-own")
    assert models.find(path) == models.find(path.with_suffix(".onnx")) == models.find("own")
    assert "student-own" in [each.spec.name for each in models.installed() if each.spec is not None]


def test_a_graph_with_another_hash_is_refused_and_listed_with_the_reason(tmp_path: Path) -> None:
    path = write_model(tmp_path / "cache" / "students", "student-own")
    graph = path.with_suffix(".onnx")
    graph.write_bytes(graph.read_bytes() + b"\0")
    assert "SHA-256" in refused(path)
    assert next(each.problem for each in models.installed() if each.path == path).startswith(str(graph))


def test_what_is_no_model_is_said_in_one_line(tmp_path: Path) -> None:
    assert "livefoley models fetch" in refused("none-of-this-name")
    assert "there is no such model" in refused(tmp_path / "x.json")
    (tmp_path / "x.json").write_text("{}")
    assert "no description of a student" in refused(tmp_path / "x.json")
    path = write_model(tmp_path, "student-old")
    spec = json.loads(path.read_text())
    path.write_text(json.dumps({**spec, "version": 99}))
    assert "another version" in refused(path)
    for wrong in ({"file": "../student-old.onnx"}, {"latent": "8"}, {"steps": 0}, {"past_tokens": 1000}):
        path.write_text(json.dumps({**spec, **wrong}))
        assert "make no sense" in refused(path)


def test_a_graph_that_is_none_and_a_device_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model that ONNX Runtime can load"):
        OnnxBackend(b"not a graph", "cpu", 1)
    with pytest.raises(ModelError, match="onnxruntime-gpu"):
        open_student(write_model(tmp_path), device="cuda")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server that gives out the files of a directory."""
    directory = tmp_path / "host"
    directory.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=directory)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", directory
        server.shutdown()


def test_a_model_is_fetched_whole_or_not_at_all(host: tuple[str, Path]) -> None:
    url, directory = host
    path = write_model(directory, "student-far")
    found = models.pull(f"{url}/student-far.json")
    assert found.graph.parent == models.cache_directory()
    assert models.find("far") == found
    graph = write_model(directory, "student-torn").with_suffix(".onnx")
    graph.write_bytes(graph.read_bytes()[:-1])
    for address, said in (
        (f"{url}/student-torn.json", "damaged"),
        (f"{url}/student-away.json", "cannot be fetched"),
        (f"{url}/student-far.onnx", "no address of a model"),
    ):
        with pytest.raises(ModelError, match=said):
            models.pull(address)
    kept = sorted(each.name for each in models.cache_directory().iterdir())
    assert kept == [path.name, found.graph.name]
