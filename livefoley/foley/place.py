"""Where this user's sounds and caches lie, and how a file gets there as a whole."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def default_library() -> Path:
    """Return where ``livefoley bank add`` keeps an operator's sounds unless told otherwise."""
    return Path.home() / ".livefoley" / "library"


def user_cache_directory() -> Path:
    """Return where this user's system keeps caches, in a folder of ours; ``LIVEFOLEY_CACHE_DIR`` overrides it."""
    override = os.environ.get("LIVEFOLEY_CACHE_DIR")
    if override:
        return Path(override)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "livefoley"


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` so that ``path`` is either the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
