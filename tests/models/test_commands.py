"""``livefoley models``, and where else a model that is missing is told of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from livefoley.cli import app
from livefoley.commands.examine import Verdict, examine
from livefoley.config import parse
from livefoley.core.errors import ModelError
from livefoley.models import catalogue
from livefoley.wiring.models import missing_models

from .stand_ins import CONFIG, WEIGHTS, entry_of, file_of

ROOM = """
    rooms:
      room: {source: {rtmp: {key: a-key}}, listen: {enabled: true}, eyes: {enabled: false}, sinks: []}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LIVEFOLEY_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    tried = entry_of(file_of("model.bin", WEIGHTS), file_of("config.json", CONFIG))
    speech = {"whisper-tiny": catalogue.CATALOGUE["whisper-tiny"]}
    monkeypatch.setattr(catalogue, "CATALOGUE", {"tried": tried, **speech})
    place = tmp_path / "stick"
    place.mkdir()
    (place / "model.bin").write_bytes(WEIGHTS)
    (place / "config.json").write_bytes(CONFIG)
    return tmp_path / "models" / "tried"


def models(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def listed() -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(models("list", "--json").output)["models"]}


def test_a_model_is_listed_before_and_after_it_was_fetched(tmp_path: Path, cache: Path) -> None:
    before = listed()["tried"]
    assert (before["where"], before["size"], before["licence"]) == ("", len(WEIGHTS) + len(CONFIG), "MIT")
    assert "livefoley models fetch tried" in str(before["remedy"])
    assert models("fetch", "tried", "--from", tmp_path / "stick").exit_code == 0
    after = listed()["tried"]
    assert (after["where"], after["path"], after["problem"]) == ("cache", str(cache), "")
    assert after["sha256"] == before["sha256"]
    assert f"whole, cache: {cache}" in models("list").output
    assert "student-nano" in listed()


def test_verify_tells_a_damaged_model_and_ends_with_another_code(tmp_path: Path, cache: Path) -> None:
    models("fetch", "tried", "--from", tmp_path / "stick")
    assert models("verify").exit_code == 0
    (cache / "model.bin").write_bytes(WEIGHTS[:-1] + b"?")
    assert listed()["tried"]["problem"]
    done = models("verify", "tried")
    assert done.exit_code == 1
    assert "SHA-256 is wrong" in done.output
    assert "not here" in models("verify", "whisper-tiny").output
    assert json.loads(models("verify", "tried", "--json").output)["models"]["tried"]


def test_a_name_that_is_not_known_says_which_are() -> None:
    for command in ("verify", "fetch"):
        error = models(command, "what").exception
        assert isinstance(error, ModelError)
        assert "known are tried, whisper-tiny" in str(error)


def test_names_of_earlier_versions_do_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(app, ["model", "list", "--json"]).output == models("list", "--json").output
    asked = []
    monkeypatch.setattr("livefoley.commands.models.models_fetch", asked.append)
    CliRunner().invoke(app, ["ears", "fetch", "tiny"])
    CliRunner().invoke(app, ["eyes", "fetch"])
    assert asked == [["whisper-tiny"], ["mediapipe-people"]]


def test_a_configuration_says_which_models_it_lacks() -> None:
    config = parse(ROOM + "    ears: {model: tiny}\n    student: {enabled: false}\n", env={})
    (line,) = missing_models(config)
    assert line.startswith("ears.model: there is no model 'whisper-tiny'")
    assert "`livefoley models fetch whisper-tiny`" in line
    deaf = parse(ROOM.replace("listen: {enabled: true}", "seed: 1") + "    student: {enabled: false}\n", env={})
    assert missing_models(deaf) == []


def test_the_check_of_a_configuration_says_so(tmp_path: Path) -> None:
    path = tmp_path / "room.yaml"
    path.write_text(ROOM + "    ears: {model: tiny}\n    student: {model: what}\n")
    done = CliRunner().invoke(app, ["run", "--check", str(path)])
    assert done.exit_code == 0
    assert "missing: ears.model" in done.output
    assert "missing: student.model: no model 'what'" in done.output


def test_the_doctor_says_which_model_is_damaged_and_what_brings_it(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = catalogue.CATALOGUE["tried"]
    monkeypatch.setattr(catalogue, "CATALOGUE", {"sentence-encoder": tried})
    (finding,) = [each for each in examine() if each.what == "Student: descriptions"]
    assert finding.verdict is Verdict.OPTIONAL
    assert "no model 'sentence-encoder'" in finding.detail
    assert finding.remedy == "livefoley models fetch sentence-encoder"
