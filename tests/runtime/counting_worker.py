"""A real shared worker for tests: counts what each room sent, works long, and dies on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TypeAlias

from livefoley.runtime.workers.child import Answer
from livefoley.runtime.workers.link import Link, Message
from livefoley.runtime.workers.shared_child import serve_rooms


class Count(Message, frozen=True):
    n: int = 0


class Work(Message, frozen=True):
    seconds: float
    n: int = 0


class Fail(Message, frozen=True):
    pass


class Die(Message, frozen=True):
    pass


class Done(Message, frozen=True):
    n: int
    count: int
    pid: int


ToCounter: TypeAlias = Count | Work | Fail | Die
COUNTER = Link[ToCounter, Done](ToCounter, Done)


class Counter:
    """One room's."""

    def __init__(self) -> None:
        self._count = 0

    def handle(self, message: ToCounter, payload: bytes) -> Iterable[Answer[Done]]:
        self._count += 1
        match message:
            case Work(seconds, n):
                time.sleep(seconds)
            case Count(n):
                pass
            case Fail():
                raise ValueError("no good")
            case Die():
                os._exit(3)
        return [(Done(n, self._count, os.getpid()), payload)]


if __name__ == "__main__":
    serve_rooms(COUNTER, lambda: Counter().handle)
