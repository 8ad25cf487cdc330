"""The command line in this process: quicker than a process of its own, with the same words and the same answers."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from livefoley import cli

Run = Callable[..., tuple[int, str, str]]
"""Takes the words after ``livefoley``; gives the exit code, what was said, and the errors."""


def run_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str, str]:
    """Run ``livefoley`` with ``words``; return the exit code, what it said, and the errors."""
    monkeypatch.setattr(sys, "argv", ["livefoley", *map(str, words)])
    code = 0
    try:
        cli.main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err
