"""Declares `livefoley init`: writes a room's file to begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from livefoley.commands.console import out, plain, show
from livefoley.core.errors import InputError, OutputError, reason


def init(
    name: Annotated[str, typer.Argument(help="A room from --list: demo, shop, highlights, reference, ...")] = "demo",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; NAME.yaml by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Say which there are, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --list: as JSON.")] = False,
) -> None:
    """Write the file of a room to begin with; `reference` is the manual of all keys.

    Example: `livefoley init shop`, then `livefoley run shop.yaml`
    """
    from livefoley.config.document import nearest
    from livefoley.config.pipelines import about, pipelines

    known = pipelines()
    if listed:
        _list({each: about(text) for each, text in known.items()}, as_json)
        return
    if name not in known:
        raise InputError(f"there is no room {name} to begin with{nearest(name, list(known))}")
    path = output or Path(f"{name}.yaml")
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(known[name])
    except FileExistsError:
        raise OutputError(f"{path}: exists already; --force replaces it, --output gives another name") from None
    except OSError as error:
        raise OutputError(f"{path}: {reason(error)}") from None
    said = f"{path}: now `livefoley run {path} --check`, then `livefoley run {path}`"
    out.print(said, highlight=False, markup=False, soft_wrap=True)


def _list(known: dict[str, str], as_json: bool) -> None:
    if as_json:
        out.out(json.dumps({"pipelines": known}, ensure_ascii=False), highlight=False)
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for each, text in known.items():
        table.add_row(each, plain(text))
    show(table)
