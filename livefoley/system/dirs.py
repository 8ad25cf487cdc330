"""Where this user's system keeps things of a program. Directories may not exist yet; nobody makes them here.

What an earlier version left at another place is still found: that place is used for as long as it exists.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

NAME = "livefoley"


def expanded(path: Path) -> Path:
    """Return ``path`` with the home directory that ``~`` or ``~user`` stands for; as it is where there is none."""
    try:
        return path.expanduser()
    except RuntimeError:  # no such user
        return path


def cache_directory() -> Path:
    """Return where caches lie: ``LIVEFOLEY_CACHE_DIR``, else the system's place for them (``~/.cache/livefoley``)."""
    if given := os.environ.get("LIVEFOLEY_CACHE_DIR"):
        return expanded(Path(given))
    return _system_cache()


def models_directory() -> Path:
    """Return where fetched models lie: ``LIVEFOLEY_MODELS``, else ``models`` among the caches.

    Earlier versions put them into the system's place for caches though ``LIVEFOLEY_CACHE_DIR`` named another one.
    """
    if given := os.environ.get("LIVEFOLEY_MODELS"):
        return expanded(Path(given))
    return _first_there(_system_cache() / "models", cache_directory() / "models")


def library_directory() -> Path:
    """Return where ``livefoley bank add`` keeps an operator's own sounds unless told otherwise.

    That is ``library`` in the system's place for data (``~/.local/share/livefoley``); earlier versions used
    ``~/.livefoley/library``.
    """
    return _first_there(Path.home() / ".livefoley" / "library", user_data_path(NAME, appauthor=False) / "library")


def _system_cache() -> Path:
    return user_cache_path(NAME, appauthor=False, opinion=False)  # on Windows without a folder "Cache" below ours


def _first_there(old: Path, now: Path) -> Path:
    return old if old.is_dir() else now
