"""Declares `livefoley clip` and `livefoley clips`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from livefoley.commands.console import out, show
from livefoley.core.errors import InputError

Token = Annotated[str | None, typer.Option("--token", envvar="LIVEFOLEY_TOKEN", help="server.http.token.")]
AsJson = Annotated[bool, typer.Option("--json", help="As the API tells it.")]


def clip(
    url: Annotated[str, typer.Argument(help="The room: http://HOST:PORT/ROOM.")],
    last_s: Annotated[float | None, typer.Option("--last", help="The last so many seconds.")] = None,
    start_s: Annotated[float | None, typer.Option("--start", help="From: seconds since the stream began.")] = None,
    end_s: Annotated[float | None, typer.Option("--end", help="To: may lie ahead.")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="To the frame; both ends are encoded anew.")] = False,
    vertical: Annotated[bool, typer.Option("--vertical", help="9:16, around the action.")] = False,
    describe: Annotated[str | None, typer.Option("--describe", help="What the place sounds like.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="In place of the room's template.")] = None,
    batch: Annotated[bool, typer.Option("--batch", help="When no other clip waits.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Until it is published.")] = True,
    as_json: AsJson = False,
    token: Token = None,
) -> None:
    """Cut a clip of a running room: with its sound, a cover and captions, published while the stream goes on.

    Example: `livefoley clip http://127.0.0.1:8080/demo --last 20`
    """
    from livefoley.commands.clip_client import ClipClient, place

    where = place(url)
    if where.room is None:
        raise InputError("say which room: http://HOST:PORT/ROOM")
    if (last_s is None) == (start_s is None or end_s is None):
        raise InputError("give either --last SECONDS, or --start and --end")
    body = {"room": where.room, "last_s": last_s, "start": start_s, "end": end_s, "exact": exact, "vertical": vertical}
    given = {**body, "describe": describe, "title": title, "priority": "batch" if batch else None}
    client = ClipClient(where, token)
    status = client.create({key: value for key, value in given.items() if value is not None})
    if wait:
        with out.status("cutting") as spinner:
            status = client.wait(status["id"], lambda told: spinner.update(told["state"]))
    _print(status, as_json)
    if wait and status["state"] != "ready":
        raise typer.Exit(1)


def clips(
    url: Annotated[str, typer.Argument(help="http://HOST:PORT, or http://HOST:PORT/ROOM for one room.")],
    state: Annotated[str | None, typer.Option("--state", help="Only those: ready, quarantined, failed, ...")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The last so many.")] = 20,
    release: Annotated[str | None, typer.Option("--release", help="Publish this one; it is in quarantine.")] = None,
    delete: Annotated[str | None, typer.Option("--delete", help="Delete this one, published or not.")] = None,
    as_json: AsJson = False,
    token: Token = None,
) -> None:
    """List a running sidecar's clips, the newest first; release or delete one.

    Example: `livefoley clips http://127.0.0.1:8080 --state quarantined`
    """
    from livefoley.commands.clip_client import ClipClient, place, table

    where = place(url)
    client = ClipClient(where, token)
    if release is not None:
        _print(client.release(release), as_json)
    elif delete is not None:
        client.delete(delete)
    elif as_json:
        out.out(json.dumps(client.list(where.room, state, limit), ensure_ascii=False), highlight=False)
    else:
        show(table(client.list(where.room, state, limit)))


def _print(status: dict[str, Any], as_json: bool) -> None:
    text = json.dumps(status, ensure_ascii=False) if as_json else _line(status)
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _line(status: dict[str, Any]) -> str:
    from livefoley.commands.clip_client import why

    about = status["location"] or why(status)
    return f"{status['id']} {status['state']}" + (f": {about}" if about else "")
