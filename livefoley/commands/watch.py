"""``livefoley events URL``: a room's events on the terminal, a line each, for as long as one likes to watch."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode, urlsplit, urlunsplit

from rich.console import Console
from rich.markup import escape
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from livefoley.control.api.events import from_json, to_json
from livefoley.core.backoff import Backoff
from livefoley.core.errors import InputError, reason
from livefoley.core.notices import (
    ActionNotice,
    ChatNotice,
    ClipNotice,
    DescriptionNotice,
    GapNotice,
    HighlightNotice,
    KeywordNotice,
    Notice,
    PlaceNotice,
    SceneNotice,
    SourceNotice,
    TranscriptNotice,
)
from livefoley.media.urls import safe_url

REPLAY = 20
BACKOFF_S = (0.5, 10.0)
CONNECT_S = 5.0

_COLOURS = {"spotted": "yellow", "confirmed": "bold green", "final": "green", "withdrawn": "dim strike"}


def socket_url(url: str) -> str:
    """Return where the events are: the scheme becomes ``ws``, and a room alone (``http://host:8080/demo``) will do.

    Raises ``InputError`` for what cannot be meant.
    """
    example = "like http://127.0.0.1:8080/v1/rooms/demo/events"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise InputError(f"{url!r} is not a URL; give the room's, {example}") from None
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    names = [name for name in parts.path.split("/") if name]
    if len(names) == 1:
        names = ["v1", "rooms", names[0], "events"]
    if scheme is None or not parts.hostname or names[:2] != ["v1", "rooms"] or names[3:] != ["events"]:
        raise InputError(f"{safe_url(url)} leads to no room's events; give a URL {example}")
    return urlunsplit((scheme, parts.netloc, "/" + "/".join(names), "", ""))


async def watch(url: str, token: str | None, types: list[str], as_json: bool, out: Console, wait: bool = False) -> None:
    """Print events until cancelled; a link that is lost is made again, and goes on where it was.

    Raises ``InputError`` for what trying again does not help: no such room, a wrong token, and, unless it is told to
    ``wait``, nothing that answers in the first place.
    """
    place = socket_url(url)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    after, backoff, linked = None, Backoff(BACKOFF_S), wait
    while True:
        query = [("type", each) for each in types]
        query += [("replay", str(REPLAY))] if after is None else [("after", str(after))]
        try:
            where = f"{place}?{urlencode(query)}"
            async with connect(where, additional_headers=headers, open_timeout=CONNECT_S, proxy=None) as socket:
                backoff.reset()
                linked = True
                async for message in socket:
                    notice = from_json(message)
                    after = notice.id
                    show(notice, as_json, out)
        except InvalidStatus as error:
            if error.response.status_code < 500:
                raise InputError(f"{safe_url(place)}: {_detail(error)}") from None
            why = f"the server has trouble (status {error.response.status_code})"
        except ValueError:
            raise InputError(f"{safe_url(place)}: what answers there is another version of livefoley") from None
        except (OSError, TimeoutError, WebSocketException) as error:
            why = f"no answer within {CONNECT_S:g} s" if isinstance(error, TimeoutError) else _reason(error)
        else:
            why = "it was closed"
        if not linked:
            remedy = "is livefoley running, and is this its HTTP port? --wait waits for it"
            raise InputError(f"{safe_url(place)}: no livefoley answers there ({why}); {remedy}")
        if not as_json:
            line_lost = f"[dim]no link to {escape(safe_url(place))} ({escape(why)}), trying again[/]"
            out.print(line_lost, highlight=False, soft_wrap=True)
        await asyncio.sleep(backoff.next_s())


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return reason(error) if isinstance(error, OSError) else "what answers there speaks no WebSocket"


def _detail(error: InvalidStatus) -> str:
    """Return why the server said no."""
    said = {401: "the token is wrong or missing; give it in LIVEFOLEY_TOKEN", 404: "there is no such room"}
    status = error.response.status_code
    return said.get(status, f"the server says no (status {status})")


def show(notice: Notice, as_json: bool, out: Console) -> None:
    """Print one event: as it came, or as a line for people."""
    if as_json:
        out.out(to_json(notice).decode(), highlight=False)
        return
    time, text = notice.at[11:19], line(notice)
    out.print(f"[dim]{time}[/] [cyan]{notice.type:<10}[/] {text}", highlight=False, soft_wrap=True)


def line(notice: Notice) -> str:
    """Return what an event says, with rich's markup; what people said or wrote is escaped."""
    match notice.data:
        case HighlightNotice() as moment:
            why = ", ".join(f"{reason.signal} {escape(reason.detail)}" for reason in moment.reasons)
            sound = f" [magenta]{escape(moment.accent)}[/]" if moment.accent else ""
            span = f"{moment.start_s:.1f}-{moment.end_s:.1f} s"
            return f"{_state(moment.state)} {escape(moment.kind)} {moment.score:.2f} {span} ({why}){sound}"
        case KeywordNotice() as word:
            span = f"{word.start_s:.1f}-{word.end_s:.1f} s"
            return f"{_state(word.state)} {escape(word.keyword)} {span}, heard {escape(word.heard)}"
        case TranscriptNotice() as said:
            return escape(said.text) if said.final else f"[dim]{escape(said.text)} ...[/]"
        case ChatNotice() as burst:
            over = "over" if burst.over else "[yellow]burst[/]"
            return f"{over} {burst.rate:.1f}/s, usually {burst.usual:.1f}/s"
        case SceneNotice() as shown:
            return f"{escape(shown.scene)}" + (f": {escape(shown.describe)}" if shown.describe else "")
        case DescriptionNotice() as told:
            unknown = f", [yellow]not understood[/]: {escape(', '.join(told.understood.unknown))}"
            return escape(told.describe) + (unknown if told.understood.unknown else "")
        case PlaceNotice() as around:
            why = f" ({escape(around.source)}: {escape(around.seen)})" if around.source else ""
            return f"{escape(around.place)}{why}" if around.place else "as described"
        case ClipNotice() as clip:
            rest = escape(clip.location or clip.reason)
            return f"{escape(clip.title)} {clip.start_s:.1f}-{clip.end_s:.1f} s, {rest}"
        case SourceNotice() as source:
            return f"{escape(source.kind)} by [magenta]{escape(source.source)}[/]: {escape(source.name)}"
        case ActionNotice() as action:
            sound = f"[magenta]{escape(action.sound)}[/]" if action.sound else "[dim]nothing[/]"
            return f"{action.start_s:.2f} s {sound}: {escape(action.reason)}"
        case GapNotice() as gap:
            return f"[red]{gap.missed} event(s) missed[/]"


def _state(state: str) -> str:
    return f"[{_COLOURS.get(state, 'default')}]{state:<9}[/]"
