"""The worker's side of a process that several rooms share: each room has a handler of its own and its fair turn."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

from livefoley.runtime.workers.child import NICE, Handler, Rest, answers, pipes
from livefoley.runtime.workers.fair_queue import FairQueue
from livefoley.runtime.workers.ipc import BrokenPipe, Header, Message, read_message_blocking, write_message_blocking

MAX_WAITING = 32 * 1024 * 1024
"""Bytes that wait here; beyond these nothing is read, and the rooms see their pipe fill."""


class Inbox:
    """Messages as a thread reads them: pings come out first, those of the rooms in fair turn."""

    def __init__(self, incoming: BinaryIO) -> None:
        self._incoming = incoming
        self._changed = threading.Condition()
        self._pings = 0
        self._rooms: FairQueue[Message] = FairQueue()
        self._bytes = 0
        self._over = False
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def take(self) -> tuple[str, Message] | None:
        """Wait for the next message and return it with its room (of a ping: none); None when the parent is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._pings or len(self._rooms))
            if self._over:
                return None
            if self._pings:
                self._pings -= 1
                return "", ({"op": "ping"}, b"")
            found = self._rooms.pop()
            if found is not None:
                self._bytes -= len(found[1][1])
                self._changed.notify_all()
            return found

    def charge(self, room: str, seconds: float) -> None:
        """Say what a message of ``room`` took."""
        with self._changed:
            self._rooms.charge(room, seconds)

    def forget(self, room: str) -> None:
        """The room is gone."""
        with self._changed:
            self._rooms.forget(room)

    def _read(self) -> None:
        with contextlib.suppress(BrokenPipe, OSError, ValueError):
            while True:
                self._put(*read_message_blocking(self._incoming))
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _put(self, header: Header, payload: bytes) -> None:
        with self._changed:
            if header.get("op") == "ping":
                self._pings += 1
            else:
                self._changed.wait_for(lambda: self._bytes <= MAX_WAITING)
                self._rooms.push(header["room"], (header, payload))
                self._bytes += len(payload)
            self._changed.notify_all()


def serve_rooms(make: Callable[[], Handler], nice: int = NICE) -> None:
    """Answer the messages of all rooms until the parent goes away; ``make`` gives a handler for each.

    A room's ``mark`` is answered in its turn, which tells how far behind this worker is with it; its ``leave`` ends
    its handler.
    """
    incoming, outgoing = pipes(nice)
    handlers: dict[str, Handler] = {}
    rest = Rest()
    with contextlib.suppress(BrokenPipe, BrokenPipeError):
        write_message_blocking(outgoing, {"op": "ready"})
        inbox = Inbox(incoming)
        while (found := inbox.take()) is not None:
            room, (header, payload) = found
            match header["op"]:
                case "ping":
                    write_message_blocking(outgoing, {"op": "pong"})
                    rest.pinged()
                case "mark":
                    write_message_blocking(outgoing, {"op": "marked", "room": room})
                case "leave":
                    handlers.pop(room, None)
                    inbox.forget(room)
                case _:
                    rest.worked()
                    began_s = time.perf_counter()
                    if room not in handlers:
                        handlers[room] = make()
                    for reply, data in answers(handlers[room], header, payload):
                        write_message_blocking(outgoing, {**reply, "room": room}, data)
                    inbox.charge(room, time.perf_counter() - began_s)
