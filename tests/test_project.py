"""The files around the code: one version, a changelog that has it, hooks and a workflow that download nothing else."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from livefoley import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_version_stands_in_one_place() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert "version" not in PROJECT["project"]
    named = ROOT / PROJECT["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{__version__}"' in named.read_text(encoding="utf-8")


def test_the_changelog_begins_with_what_is_unreleased_and_has_this_version() -> None:
    sections = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert sections[0] == "Unreleased"
    assert __version__ in sections


def test_whoever_imports_the_package_gets_its_types() -> None:
    assert (ROOT / "livefoley" / "py.typed").is_file()
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["livefoley"]


def test_the_hooks_are_local_ones() -> None:
    """A hook of another repository would be fetched from it."""
    (local,) = _yaml(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lint = makefile[makefile.index("\nlint:") :].split("\n\n")[0]
    tools = {hook["entry"].split()[0].removeprefix(".venv/bin/") for hook in local["hooks"]}
    assert tools == set(re.findall(r"\$\(BIN\)/([a-z-]+)", lint))


def test_the_workflow_runs_what_everybody_can_run() -> None:
    jobs = _yaml(".github/workflows/ci.yml")["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert {"make test", ".ci/run"} <= {step.get("run") for step in steps}
    assert {step["uses"].split("/")[0] for step in steps if "uses" in step} == {"actions"}
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    low, high = re.findall(r"3\.(\d+)", PROJECT["project"]["requires-python"])
    versions = jobs["bare"]["strategy"]["matrix"]["python"]
    assert versions == [f"3.{minor}" for minor in range(int(low), int(high))]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_asks_in_english_and_chinese(path: Path) -> None:
    form = _yaml(str(path.relative_to(ROOT)))
    if "body" not in form:
        return
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert any(part.get("validations", {}).get("required") for part in asked)
    assert len({part["id"] for part in asked}) == len(asked)
    for part in asked:
        assert re.search(r"[a-z]", part["attributes"]["label"])
        assert re.search(r"[\u4e00-\u9fff]", part["attributes"]["label"])
