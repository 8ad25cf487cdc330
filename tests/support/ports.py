"""Ports of 127.0.0.1 for tests that run side by side.

A port that is free now may be another test's a moment later. So each worker has ports of its own, below those that
systems give to outgoing connections, and takes them in turn.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket

from livefoley.demo.sidecar import Ports

FIRST, WORKERS = 10_000, 10
EACH = 2_000
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
_TURNS = itertools.count(random.randrange(EACH))  # another run on this machine begins elsewhere


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nobody uses now, and that no other test is given soon."""
    while True:
        port = FIRST + _WORKER * EACH + next(_TURNS) % EACH
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", port))
            return port


def free_ports() -> Ports:
    """Return the two ports of a sidecar."""
    return Ports(free_port(), free_port())
