"""A real worker process for the tests of the supervisor: echoes, fails, hangs and dies on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TypeAlias

from livefoley.runtime.workers.child import Answer, serve
from livefoley.runtime.workers.ipc import write_frame_blocking
from livefoley.runtime.workers.link import Link, Message
from livefoley.system import children

os.write(1, b"printed while it was imported\n")


AGES_S = 600.0
"""Longer than a virtual machine stands still: sleep and processor time may go on meanwhile."""


class Echo(Message, frozen=True):
    n: int


class Fail(Message, frozen=True):
    number: int


class Babble(Message, frozen=True):
    """Say something that is no message."""

    head: str


class Hang(Message, frozen=True):
    seconds: float = AGES_S


class Burn(Message, frozen=True):
    """Compute until so much processor time is used."""

    seconds: float = AGES_S


class Die(Message, frozen=True):
    pass


class Echoed(Message, frozen=True):
    n: int


ToEcho: TypeAlias = Echo | Fail | Babble | Hang | Burn | Die
ECHO = Link[ToEcho, Echoed](ToEcho, Echoed)


def handle(message: ToEcho, payload: bytes) -> Iterable[Answer[Echoed]]:
    match message:
        case Echo(n):
            print("a library that prints", flush=True)  # must not break the protocol
            os.write(1, b"a C library that prints\n")
            return [(Echoed(n), payload)]
        case Fail():
            raise ValueError("no good")
        case Babble(head):
            write_frame_blocking(children.output(), head.encode())
        case Hang(seconds):
            time.sleep(seconds)
        case Burn(seconds):
            end_s = time.process_time() + seconds
            while time.process_time() < end_s:
                pass
        case Die():
            os._exit(3)
    return []


if __name__ == "__main__":
    serve(ECHO, handle)
