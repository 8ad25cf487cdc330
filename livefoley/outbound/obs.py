"""A room's OBS: its scenes say what the room sounds like, its saved replays become clips, and a highlight can set a
chapter or show a source there.

OBS may start later, restart or go away; the link is tried again for ever and each trouble is said once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from livefoley.control.state import Events
from livefoley.core.backoff import Backoff
from livefoley.core.errors import InputError, LivefoleyError, ProtocolError, reason
from livefoley.core.notices import HighlightNotice
from livefoley.core.snapshots import DeliverySnapshot
from livefoley.media.urls import safe_url
from livefoley.outbound.obs_protocol import (
    SUBPROTOCOL,
    SUCCESS,
    UNKNOWN_REQUEST,
    WRONG_PASSWORD,
    Answer,
    Identified,
    ReplaySaved,
    SceneChanged,
    identify,
    incoming,
    request,
)
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.obs")

CONNECT_S = 5.0
ANSWER_S = 5.0
BACKOFF_S = (0.5, 15.0)
MAX_MESSAGE = 1024 * 1024
UNKNOWN = "this OBS does not know the request; chapters need OBS 30.2 or newer"
MAX_SHOWING = 4  # sources shown at once; a highlight more is left out

OnScene = Callable[[str], Coroutine[Any, Any, None]]
OnReplay = Callable[[], object]


@dataclass(frozen=True, slots=True)
class ObsSettings:
    """Where OBS is, and what it does on a highlight."""

    url: str
    password: str | None = field(default=None, repr=False)
    chapter: bool = False
    source: str | None = None
    show_s: float = 4.0


class ObsLink:
    """Runs the link. ``on_scene`` is called with the scene in programme, at first and at every change; ``on_replay``,
    if any, whenever OBS has saved its replay buffer (its ``InputError`` says why nothing came of it)."""

    def __init__(
        self, room: str, settings: ObsSettings, events: Events, on_scene: OnScene, on_replay: OnReplay | None = None
    ) -> None:
        self.room = room
        self.settings = settings
        self.events = events
        self.on_scene = on_scene
        self.on_replay = on_replay
        self._connected = False
        self._said = ""  # the trouble that was said last
        self.delivered = self.dropped = self._retries = 0

    async def run(self) -> None:
        """Keep the link until cancelled."""
        backoff = Backoff(BACKOFF_S)
        while True:
            try:
                await self._connect()
            except (LivefoleyError, OSError, TimeoutError, WebSocketException) as error:
                if self._connected:
                    backoff.reset()
                self._connected = False
                self._say(_reason(error))
            self._retries += 1
            await asyncio.sleep(backoff.next_s())

    async def _connect(self) -> None:
        settings = self.settings
        async with connect(
            settings.url,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            open_timeout=CONNECT_S,
            close_timeout=1.0,
            max_size=MAX_MESSAGE,
            proxy=None,
        ) as socket:
            async with asyncio.timeout(CONNECT_S):
                await socket.send(identify(await socket.recv(), settings.password))
                if not isinstance(incoming(await socket.recv()), Identified):
                    raise ProtocolError("OBS: no obs-websocket 5 is there; it is part of OBS 28 and later")
            self._connected, self._said = True, ""
            log.info("OBS is connected", room=self.room, obs=safe_url(settings.url))
            await _Session(socket, self).run()

    def _say(self, reason: str) -> None:
        if reason != self._said:
            log.warning("no OBS, trying again", room=self.room, obs=safe_url(self.settings.url), reason=reason)
        self._said = reason

    def statistics(self) -> DeliverySnapshot:
        """Return a snapshot."""
        return DeliverySnapshot("obs", self._connected, self.delivered, self.dropped, self._retries)


class _Session:
    """One connection that has been let in."""

    def __init__(self, socket: ClientConnection, link: ObsLink) -> None:
        self._socket = socket
        self._link = link
        self._numbers = itertools.count(1)
        self._open: dict[str, asyncio.Future[Answer]] = {}
        self._scene = ""
        self._showing = 0
        self._said: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Serve until the connection is lost; raises what ended it."""
        try:
            async with TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._begin())
                tasks.create_task(self._follow(tasks))
        except* (LivefoleyError, OSError, WebSocketException) as group:
            raise group.exceptions[0] from None

    async def _read(self) -> None:
        async for message in self._socket:
            match incoming(message):
                case SceneChanged(scene):
                    await self._change(scene)
                case ReplaySaved():
                    self._replay()
                case Answer() as answer if (future := self._open.pop(answer.id, None)) and not future.done():
                    future.set_result(answer)
        raise ProtocolError("OBS closed the connection")

    async def _begin(self) -> None:
        answer = await self._ask("GetCurrentProgramScene")
        if not self._scene:  # no change has come meanwhile
            await self._change(str(answer.data.get("currentProgramSceneName", "")))

    async def _change(self, scene: str) -> None:
        if scene and scene != self._scene:
            self._scene = scene
            await self._link.on_scene(scene)

    def _replay(self) -> None:
        link = self._link
        if link.on_replay is None:
            return
        try:
            link.on_replay()
        except InputError as error:
            link.dropped += 1
            log.warning("no clip of the saved replay", room=link.room, reason=str(error))
        else:
            link.delivered += 1

    async def _ask(self, name: str, **data: Any) -> Answer:
        number = next(self._numbers)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[str(number)] = future
        await self._socket.send(request(number, name, **data))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await future
        except TimeoutError:
            raise ProtocolError(f"OBS did not answer {name} within {ANSWER_S:g} s") from None
        finally:
            self._open.pop(str(number), None)

    # ---- highlights ----

    async def _follow(self, tasks: TaskGroup) -> None:
        """Act on each highlight once, when it is confirmed."""
        link, settings, done = self._link, self._link.settings, ""
        if not settings.chapter and settings.source is None:
            return
        with link.events.listen(None, ("highlight",)) as listener:
            while listener is not None:
                for notice in await listener.get():
                    data = notice.data
                    if isinstance(data, HighlightNotice) and data.state == "confirmed" and data.id != done:
                        done = data.id
                        tasks.create_task(self._mark(data))

    async def _mark(self, highlight: HighlightNotice) -> None:
        settings = self._link.settings
        if settings.chapter:
            name = f"{highlight.kind} {highlight.transcript[:60]}".strip()
            self._count("chapter", await self._ask("CreateRecordChapter", chapterName=name))
        if settings.source is not None:
            await self._show(settings.source, settings.show_s)

    async def _show(self, source: str, show_s: float) -> None:
        if self._showing >= MAX_SHOWING:
            self._link.dropped += 1
            return
        scene = self._scene
        found = await self._ask("GetSceneItemId", sceneName=scene, sourceName=source)
        if found.code != SUCCESS:
            self._count(f"source {source} in scene {scene}", found)
            return
        item = {"sceneName": scene, "sceneItemId": found.data["sceneItemId"]}
        self._showing += 1
        try:
            self._count("source", await self._ask("SetSceneItemEnabled", sceneItemEnabled=True, **item))
            await asyncio.sleep(show_s)
        finally:
            self._showing -= 1
        if not self._showing or scene != self._scene:
            await self._ask("SetSceneItemEnabled", sceneItemEnabled=False, **item)

    def _count(self, what: str, answer: Answer) -> None:
        if answer.code == SUCCESS:
            self._link.delivered += 1
            return
        self._link.dropped += 1
        reason = UNKNOWN if answer.code == UNKNOWN_REQUEST else answer.comment or f"code {answer.code}"
        if (what, reason) not in self._said:  # every highlight would tell the same
            self._said.add((what, reason))
            log.warning("OBS did not do it", room=self._link.room, what=what, reason=reason)


def _reason(error: Exception) -> str:
    """Return one line on why there is no OBS."""
    if isinstance(error, ConnectionClosed):
        if error.rcvd is not None and error.rcvd.code == WRONG_PASSWORD:
            return "OBS refuses the password; obs.password must be that of Tools > WebSocket Server Settings"
        return "OBS closed the connection"
    if isinstance(error, LivefoleyError):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_S:g} s"
    if isinstance(error, OSError):
        return f"cannot be reached ({reason(error)}); is its WebSocket server on?"
    return f"does not speak obs-websocket ({type(error).__name__})"


def scene_changes(scenes: Mapping[str, Mapping[str, Any]], own: Mapping[str, Any], scene: str) -> dict[str, Any]:
    """Return what a room is to be like while OBS shows ``scene``: as it says, in all else as the room's ``own``.

    Only what some scene of the room changes is touched, so a gain set through the API stays when no scene sets it.
    """
    touched = {key for given in scenes.values() for key in given}
    return {key: scenes.get(scene, {}).get(key, own[key]) for key in sorted(touched)}
