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


UNSAYABLE = """
import asyncio, gc, logging, sys, threading, warnings
import structlog
from livefoley.runtime import logs
logs.configure("info", as_json=sys.argv[1] == "json")
log = structlog.get_logger("livefoley")

class Mute:
    def __repr__(self):
        raise RuntimeError("no words")
    __str__ = __repr__

class Falls:
    def __del__(self):
        raise ValueError("fell")

nested = []
for _ in range(100_000):
    nested = [nested]
round_and_round = {}
round_and_round["again"] = round_and_round
log.info("mute", value=Mute())
log.info("deep", value=nested)
log.info("round", value=round_and_round)
log.info("surrogate", value="\\udc80")
log.info("%s %s", "too few")
try:
    raise ValueError(Mute())
except ValueError:
    log.exception("mute exception")
    logging.getLogger("aiortc").exception("mute exception")
logging.getLogger("uvicorn.error").error("%d", "no number")
logging.getLogger("aioice").error(Mute())
warnings.warn("a warning", UserWarning)
Falls()
gc.collect()
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()

async def loop_errors():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.01)

asyncio.run(loop_errors())
log.info("the end")
logs.drain(10)
print(logs.dropped())
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_whatever_is_logged_by_whomever_nobody_is_raised_at(form: str) -> None:
    result = subprocess.run([sys.executable, "-c", UNSAYABLE, form], capture_output=True, timeout=60, check=False)
    told = result.stderr.decode()
    assert result.returncode == 0, told
    assert "the end" in told
    for line in ("WARNING py.warnings", "ERROR python: ", "ValueError: fell", "ERROR asyncio", "ZeroDivisionError"):
        assert line in told
    assert int(result.stdout) >= 3


FLOODED = """
import logging, sys, time, warnings
from livefoley.runtime import logs
logs.configure("info")
warnings.simplefilter("always")
slowest = 0.0
for number in range(5000):
    began = time.perf_counter()
    logging.getLogger("asyncio").error("socket.accept() out of system resource %d", number)
    warnings.warn(f"a warning {number}")
    slowest = max(slowest, time.perf_counter() - began)
logs.drain(0.5)
print(f"{slowest:.3f} {logs.dropped()}", flush=True)
"""


def test_what_libraries_log_comes_at_a_bounded_pace_and_waits_for_nobody(pipe: tuple[int, int]) -> None:
    for stderr in (subprocess.PIPE, pipe[1]):  # somebody reads it; nobody does
        result = subprocess.run(
            [sys.executable, "-c", FLOODED], stdout=subprocess.PIPE, stderr=stderr, timeout=LIMIT_S, check=True
        )
        slowest, dropped = result.stdout.split()
        assert float(slowest) < 10.0
        assert int(dropped) > 9000  # a minute's, and what may come at once, are fewer
