"""The catalogue is what the packages carry and what the documents say; nothing in the tree reads a pickle."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from pathlib import Path

import pytest

from livefoley.models.catalogue import CATALOGUE, Entry
from livefoley.models.resolver import candidates
from tests.support.peers import missing

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for folder in ("livefoley", "benchmarks") for path in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize("wanted", CATALOGUE.values(), ids=CATALOGUE)
def test_every_model_can_be_fetched_and_every_file_has_a_hash(wanted: Entry) -> None:
    assert wanted.source
    assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.size > 0 for file in wanted.files)
    assert wanted.hub is None or re.fullmatch(r"[0-9a-f]{40}", wanted.hub.revision)
    assert len({file.name for file in wanted.files}) == len(wanted.files)


INSTALLED = [each for each in CATALOGUE.values() if each.requirements and each.build is None]


@pytest.mark.parametrize("wanted", INSTALLED, ids=lambda each: each.name)
def test_what_a_package_carries_is_what_the_catalogue_says(wanted: Entry) -> None:
    for distribution, _, version in (each.partition("==") for each in wanted.requirements):
        try:
            assert importlib.metadata.version(distribution) == version
        except importlib.metadata.PackageNotFoundError:
            missing(f"{distribution} is not installed")
    (packaged,) = [found for found in candidates(wanted) if found.where == "package"]
    assert packaged.problem() == ""


@pytest.mark.parametrize("name", ["docs/models.md", "docs/zh/models.md"])
def test_the_documents_list_every_model_with_its_size_and_licence(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    listed = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert list(listed) == list(CATALOGUE)
    for wanted in CATALOGUE.values():
        size = f"{wanted.size / 1e6:.0f} MB" if wanted.size < 1e9 else f"{wanted.size / 1e9:.1f} GB"
        assert f"| {size} | {wanted.licence} |" in listed[wanted.name]
        source = wanted.hub.repository if wanted.hub is not None else wanted.requirements[0].partition("==")[0]
        assert source in listed[wanted.name]


def test_no_checkpoint_is_read_that_could_run_code() -> None:
    """``torch.load`` takes ``weights_only=True``; numpy's pickles and the module itself are not used at all."""
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name, given = ast.unparse(call.func), {each.arg: ast.unparse(each.value) for each in call.keywords}
            assert name != "torch.load" or given.get("weights_only") == "True", f"{path}:{call.lineno}"
            assert given.get("allow_pickle", "False") == "False", f"{path}:{call.lineno}"
            assert not re.fullmatch(r"(pickle|joblib|dill|marshal|shelve)\.(load|loads|open|Unpickler)", name), (
                f"{path}:{call.lineno}"
            )
