from __future__ import annotations

import pytest

from livefoley.foley.bank.library import Library
from livefoley.foley.recordings.finder import Finder
from livefoley.foley.recordings.maker import RecordingsMaker
from livefoley.foley.student.embed import TextEncoder

from . import pack


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    """The text encoder, loaded once."""
    return TextEncoder()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library of the pack."""
    at = tmp_path_factory.mktemp("recordings")
    report = Library.add(pack.make(at / "pack"), at / "library")
    assert not report.problems
    return Library(at / "library")


@pytest.fixture(scope="session")
def finder(library: Library, encoder: TextEncoder) -> Finder:
    return Finder([library], encoder)


@pytest.fixture
def maker(finder: Finder) -> RecordingsMaker:
    return RecordingsMaker(finder.find, finder.count)
