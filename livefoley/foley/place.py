"""Where an operator's own sounds are kept."""

from __future__ import annotations

from pathlib import Path


def default_library() -> Path:
    """Return where ``livefoley bank add`` keeps an operator's sounds unless told otherwise."""
    return Path.home() / ".livefoley" / "library"
