"""Where commands write to: results to standard output, what is beside them to standard error."""

from __future__ import annotations

from rich.console import Console

out = Console()
err = Console(stderr=True)


def plain(text: str) -> str:
    """Return text that rich prints as it stands."""
    return text.replace("[", "\\[")
