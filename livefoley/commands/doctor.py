"""Declares `livefoley doctor`."""

from __future__ import annotations

import typer
from rich.table import Table

from livefoley.commands.console import out, plain


def doctor() -> None:
    """Look at this machine: codecs, ports, optional parts; what is missing and what to do about it."""
    from livefoley.commands.examine import Verdict, examine

    marks = {Verdict.OK: "[green]ok[/]", Verdict.OPTIONAL: "[yellow]optional[/]", Verdict.BROKEN: "[red]missing[/]"}
    table = Table(box=None, pad_edge=False)
    for heading in ("check", "", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    findings = examine()
    for finding in findings:
        table.add_row(finding.what, marks[finding.verdict], plain(finding.detail), plain(finding.remedy))
    out.print(table)
    if any(finding.verdict is Verdict.BROKEN for finding in findings):
        raise typer.Exit(1)
