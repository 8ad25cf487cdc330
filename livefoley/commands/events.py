"""Declares `livefoley events`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from livefoley.commands.console import out


def events(
    url: Annotated[str, typer.Argument(help="The room: http://HOST:PORT/ROOM, or its /v1/rooms/ROOM/events.")],
    kind: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only these: highlight, keyword, transcript, chat, scene, source, clip.ready, ..."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line, as it came.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a livefoley that does not run yet.")] = False,
    token: Annotated[str | None, typer.Option("--token", envvar="LIVEFOLEY_TOKEN", help="server.http.token.")] = None,
) -> None:
    """Print a running room's events as they come: highlights, keywords, what was said, chat, scenes.

    Example: `livefoley events http://127.0.0.1:8080/demo`
    """
    from livefoley.commands.watch import watch

    try:
        asyncio.run(watch(url, token, kind or [], as_json, out, wait=wait))
    except KeyboardInterrupt:
        raise typer.Exit from None
