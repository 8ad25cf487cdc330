"""The log among readers that stop, die or have no room: nobody waits for it, and it never raises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livefoley.runtime.logs import MOST_CHARACTERS, MOST_LINES, LogWriter
from tests.support.waiting import LIMIT_S

LOGGING = """
import sys, time, structlog
from livefoley.runtime import logs
logs.configure("info", as_json=True)
log, slowest = structlog.get_logger("livefoley"), 0.0
for number in range(20_000):
    began = time.perf_counter()
    log.info("a line", number=number, what="x" * 100)
    slowest = max(slowest, time.perf_counter() - began)
print(f"{slowest:.3f} {logs.dropped()}", flush=True)
"""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            pass


def said(stderr: int | Path) -> tuple[float, int]:
    """Return how long the slowest of 20,000 lines took, in seconds, and how many were dropped."""
    file = stderr.open("wb") if isinstance(stderr, Path) else stderr
    result = subprocess.run(
        [sys.executable, "-c", LOGGING], stdout=subprocess.PIPE, stderr=file, timeout=LIMIT_S, check=True
    )
    slowest, dropped = result.stdout.split()
    return float(slowest), int(dropped)


def test_a_reader_that_has_stopped_is_not_waited_for(pipe: tuple[int, int]) -> None:
    slowest, dropped = said(pipe[1])  # nobody reads it
    assert dropped > 10_000
    assert slowest < 10.0


def test_a_reader_that_is_gone_costs_lines_and_nothing_else(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    assert said(pipe[1])[1] > 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only where there is /dev/full")
def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    assert said(Path("/dev/full"))[1] > 1000


def test_every_line_arrives_in_order_where_somebody_reads(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as file:
        writer = LogWriter(file)
        for number in range(2000):
            writer.write(f"{number}\n")
        assert writer.drain(10)
    assert path.read_text().split() == [str(number) for number in range(2000)]
    assert writer.dropped == 0


def test_what_waits_is_bounded_in_lines_and_in_size(pipe: tuple[int, int]) -> None:
    with os.fdopen(os.dup(pipe[1]), "w") as file:
        writer = LogWriter(file)
        for _ in range(3):
            writer.write("x" * (1 << 20))  # more than a pipe holds: the thread is stuck with the first
        writer.write("y" * (MOST_CHARACTERS + 1))
        assert writer.dropped >= 1
        before = writer.dropped
        for _ in range(2 * MOST_LINES):
            writer.write("z")
        assert writer.dropped >= before + MOST_LINES - 3
        os.close(pipe[0])


def test_a_process_whose_reader_stopped_still_ends(pipe: tuple[int, int]) -> None:
    child = subprocess.Popen([sys.executable, "-c", LOGGING], stdout=subprocess.DEVNULL, stderr=pipe[1])
    try:
        assert child.wait(LIMIT_S) == 0
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
