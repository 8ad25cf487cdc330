"""Where commands write to: results to standard output, what is beside them to standard error."""

from __future__ import annotations

import io
import sys

from rich.console import Console
from rich.table import Table

_PIPED_WIDTH = 100_000  # columns: what is piped is never wrapped

out = Console()
err = Console(stderr=True)


def plain(text: str) -> str:
    """Return text that rich prints as it stands."""
    return text.replace("[", "\\[")


def show(table: Table) -> None:
    """Print a table: cells fold to a terminal's width, and stay whole in a pipe, for others to read."""
    if out.is_terminal:
        out.print(table)
        return
    wide = Console(width=_PIPED_WIDTH)
    with wide.capture() as captured:
        wide.print(table)
    for line in captured.get().splitlines():
        out.out(line.rstrip(), highlight=False)


def say_anything() -> None:
    """Let what a console's encoding (cp1252, ASCII) has no sign for be written as ``\\u4e2d``, not raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
