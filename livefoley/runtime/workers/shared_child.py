"""The worker's side of a process that several rooms share: each room has a handler of its own and its fair turn."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

from livefoley.runtime.workers.child import NICE, Handler, Rest, answers, pipes
from livefoley.runtime.workers.fair_queue import FairQueue
from livefoley.runtime.workers.ipc import BrokenPipe, Frame, read_frame_blocking, write_frame_blocking
from livefoley.runtime.workers.link import LEAVE, MARK, MARKED, PING, PONG, READY, Link, Reply, Request

MAX_WAITING = 32 * 1024 * 1024
"""Bytes that wait here; beyond these nothing is read, and the rooms see their pipe fill."""


class Inbox:
    """Frames as a thread reads them: pings come out first, those of the rooms in fair turn."""

    def __init__(self, incoming: BinaryIO) -> None:
        self._incoming = incoming
        self._changed = threading.Condition()
        self._pings = 0
        self._rooms: FairQueue[Frame] = FairQueue()
        self._bytes = 0
        self._over = False
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def take(self) -> Frame | None:
        """Wait for the next frame and return it; None when the parent is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._pings or len(self._rooms))
            if self._over:
                return None
            if self._pings:
                self._pings -= 1
                return Frame("", PING, b"")
            found = self._rooms.pop()
            if found is None:
                return None
            _, frame = found
            self._bytes -= len(frame.payload)
            self._changed.notify_all()
            return frame

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
                self._put(read_frame_blocking(self._incoming))
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            if frame.head == PING:
                self._pings += 1
            else:
                self._changed.wait_for(lambda: self._bytes <= MAX_WAITING)
                self._rooms.push(frame.room, frame)
                self._bytes += len(frame.payload)
            self._changed.notify_all()


def serve_rooms(
    link: Link[Request, Reply],
    make: Callable[[], Handler[Request, Reply]],
    nice: int = NICE,
    rest: Rest | None = None,
) -> None:
    """Answer the messages of all rooms until the parent goes away; ``make`` gives a handler for each.

    A room's ``Mark`` is answered in its turn, which tells how far behind this worker is with it; its ``Leave`` ends
    its handler.
    """
    incoming, outgoing = pipes(nice)
    handlers: dict[str, Handler[Request, Reply]] = {}
    rest = rest if rest is not None else Rest()
    with contextlib.suppress(BrokenPipe, BrokenPipeError):
        write_frame_blocking(outgoing, READY)
        inbox = Inbox(incoming)
        while (frame := inbox.take()) is not None:
            room, head, payload = frame
            if head == PING:
                write_frame_blocking(outgoing, PONG)
                rest.pinged()
            elif head == MARK:
                write_frame_blocking(outgoing, MARKED, room=room)
            elif head == LEAVE:
                handlers.pop(room, None)
                inbox.forget(room)
            else:
                rest.worked()
                began_s = time.perf_counter()
                if room not in handlers:
                    handlers[room] = make()
                for reply, data in answers(link, handlers[room], head, payload):
                    write_frame_blocking(outgoing, reply, data, room)
                inbox.charge(room, time.perf_counter() - began_s)
