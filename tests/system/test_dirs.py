"""Where a user's things lie: the system's places, what the environment names, and where earlier versions left them."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from livefoley.system import dirs


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user who has nothing yet."""
    for name in ("LIVEFOLEY_CACHE_DIR", "LIVEFOLEY_MODELS", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_new_user_has_all_where_the_system_puts_it(home: Path) -> None:
    assert dirs.cache_directory() == platformdirs.user_cache_path("livefoley", appauthor=False, opinion=False)
    assert dirs.models_directory() == dirs.cache_directory() / "models"
    assert dirs.library_directory() == platformdirs.user_data_path("livefoley", appauthor=False) / "library"
    assert not list(home.iterdir())  # nobody has made them


def test_the_xdg_variables_are_followed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "c"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "d"))
    assert dirs.cache_directory() == home / "c" / "livefoley"
    assert dirs.models_directory() == home / "c" / "livefoley" / "models"
    assert dirs.library_directory() == home / "d" / "livefoley" / "library"


def test_the_environment_names_another_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(home / "cache"))
    assert dirs.cache_directory() == home / "cache"
    assert dirs.models_directory() == home / "cache" / "models"
    monkeypatch.setenv("LIVEFOLEY_MODELS", "~/speech")
    assert dirs.models_directory() == home / "speech"
    assert dirs.cache_directory() == home / "cache"


def test_a_library_of_an_earlier_version_is_found_where_it_lies(home: Path) -> None:
    (home / ".livefoley" / "library").mkdir(parents=True)
    assert dirs.library_directory() == home / ".livefoley" / "library"


def test_models_of_an_earlier_version_are_found_where_they_lie(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = dirs.cache_directory() / "models"
    earlier.mkdir(parents=True)
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(home / "cache"))
    assert dirs.models_directory() == earlier
