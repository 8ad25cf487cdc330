"""Declares `livefoley doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from livefoley.commands.console import out, plain, show


def doctor(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Look at this machine: codecs, ports, optional parts; what is missing and what to do about it."""
    from livefoley.commands.examine import Verdict, examine

    marks = {Verdict.OK: "[green]ok[/]", Verdict.OPTIONAL: "[yellow]optional[/]", Verdict.BROKEN: "[red]missing[/]"}
    table = Table(box=None, pad_edge=False)
    for heading in ("check", "", "found", "what to do"):
        table.add_column(heading, overflow="fold", no_wrap=not heading)
    findings = examine()
    if as_json:
        out.out(json.dumps({"checks": [asdict(finding) for finding in findings]}, ensure_ascii=False), highlight=False)
    for finding in findings:
        table.add_row(finding.what, marks[finding.verdict], plain(finding.detail), plain(finding.remedy))
    if not as_json:
        show(table)
    if any(finding.verdict is Verdict.BROKEN for finding in findings):
        raise typer.Exit(1)
