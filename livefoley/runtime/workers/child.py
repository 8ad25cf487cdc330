"""The worker's side of the pipe: a loop over messages, at a lower priority than the stream."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, TypeAlias, TypeVar

from livefoley.runtime.workers.ipc import BrokenPipe, Data, read_frame_blocking, write_frame_blocking
from livefoley.runtime.workers.link import PING, PONG, READY, Link, Reply, Request
from livefoley.system import children
from livefoley.system.memory import give_back
from livefoley.system.priority import step_behind_parent

Said = TypeVar("Said")
Answer: TypeAlias = tuple[Said, Data]
"""A message with its payload."""

Handler: TypeAlias = Callable[[Request, bytes], Iterable[Answer[Reply]]]

NICE = 5
IDLE_PINGS, REST_PINGS = 4, 60


class Rest:
    """Notices by the parent's pings, one every half second, that a worker has nothing to do; gives back free memory.

    ``on_rest`` is called when that has lasted for half a minute: it lets go of what can be loaded again.
    """

    def __init__(self, on_rest: Callable[[], None] | None = None) -> None:
        self._on_rest = on_rest
        self._pings = 0

    def worked(self) -> None:
        """Something was done."""
        self._pings = 0

    def pinged(self) -> None:
        """Half a second has passed."""
        self._pings += 1
        if self._pings == IDLE_PINGS:
            give_back()
        if self._pings == REST_PINGS and self._on_rest is not None:
            self._on_rest()
            give_back()


def serve(
    link: Link[Request, Reply], handle: Handler[Request, Reply], nice: int = NICE, rest: Rest | None = None
) -> None:
    """Answer the messages of ``link`` until the parent goes away. One that cannot be handled costs itself, no more.

    ``nice`` is how far its priority is below the parent's, see ``step_behind_parent``.
    """
    incoming, outgoing = pipes(nice)
    rest = rest if rest is not None else Rest()
    with contextlib.suppress(BrokenPipe, BrokenPipeError):
        write_frame_blocking(outgoing, READY)
        while True:
            _, head, payload = read_frame_blocking(incoming)
            if head == PING:
                write_frame_blocking(outgoing, PONG)
                rest.pinged()
                continue
            rest.worked()
            for reply, data in answers(link, handle, head, payload):
                write_frame_blocking(outgoing, reply, data)


def pipes(nice: int = NICE) -> tuple[BinaryIO, BinaryIO]:
    """Make this process a worker: lower its priority; return where messages come from and where they go."""
    step_behind_parent(nice)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on; it closes our pipe
    return sys.stdin.buffer, children.output()


def answers(
    link: Link[Request, Reply], handle: Handler[Request, Reply], head: bytes, payload: bytes
) -> Iterator[tuple[bytes, Data]]:
    """Yield the answers to a message, encoded, as they come: one that takes long may tell how far it is."""
    message: Request | None = None
    try:
        message = link.request(head)
        for reply, data in handle(message, payload):
            yield link.encode(reply), data
    except Exception as error:  # hostile media reaches this; the next message may be fine
        yield link.encode(link.failed(message, error)), b""
