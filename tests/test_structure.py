"""The source is laid out so that a newcomer finds things: names, sizes, and who may move files about."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "livefoley"
MOST_MODULES = 16
MOST_LINES = 360

MOVES = {
    "system/files.py": "the one place",
    "clips/jobs/lease.py": "moves a dead owner's lease out of the way, so that one of several may",
    "clips/publish/spool.py": "moves whole directories of clips",
    "clips/publish/store.py": "links a whole file, which must not replace one that is there",
    "foley/student/models.py": "a download that is gone on with after an interruption",
    "media/files/file_sink.py": "gives what a crash left of a recording a name of its own",
    "media/files/mux.py": "a recording that grows for hours under a name that is found again after a crash",
    "models/fetch.py": "gathers a model's files before its directory has its name",
    "models/resolver.py": "moves whole directories of models",
    "models/sources.py": "a download that is gone on with after an interruption",
    "train/corpus/recordings.py": "hands FFmpeg the members of a shard as files",
    "train/distill.py": "torch writes its checkpoints itself",
    "train/fit.py": "torch writes its checkpoints itself",
    "train/judge.py": "an ONNX model that is cut in two for one run",
}
"""Who renames files or makes temporary ones, and why not by `livefoley.system.files`."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_no_module_has_the_name_of_one_of_the_standard_library() -> None:
    named = {path.stem if path.suffix else path.name: path for path in (*modules(), *PACKAGE.rglob("*/"))}
    shadows = {name for name in named if name in sys.stdlib_module_names and not name.startswith("__")}
    assert not shadows, [str(named[name].relative_to(ROOT)) for name in shadows]


def test_a_folder_holds_what_one_can_overlook() -> None:
    counts: dict[Path, int] = {}
    for path in modules():
        counts[path.parent] = counts.get(path.parent, 0) + (path.name != "__init__.py")
    assert not {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > MOST_MODULES}


@pytest.mark.parametrize(("folder", "most"), [("livefoley", MOST_LINES), ("tests", 400), ("benchmarks", 400)])
def test_a_file_is_about_one_thing(folder: str, most: int) -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")
    }
    assert not {path: count for path, count in lines.items() if count > most}


def test_files_get_their_names_in_one_place() -> None:
    found = {str(path.relative_to(PACKAGE)): calls for path in modules() if (calls := list(moves(path)))}
    assert {path: calls for path, calls in found.items() if path not in MOVES} == {}
    assert set(MOVES) <= set(found), "who no longer moves files is no exception any more"


def moves(path: Path) -> Iterator[str]:
    """Yield the calls in ``path`` that rename files or make temporary ones."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            whole = ast.unparse(node.func)
            renames = node.func.attr in ("rename", "renames") or whole in ("os.replace", "os.link", "shutil.move")
            path_replace = node.func.attr == "replace" and len(node.args) == 1 and not node.keywords and "." in whole
            if renames or path_replace or whole.startswith("tempfile."):
                yield whole
