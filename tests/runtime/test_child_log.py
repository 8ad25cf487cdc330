"""What children print: told in lines, bounded in number, length and pace, and never in the way."""

from __future__ import annotations

import asyncio
import sys

import structlog
from hypothesis import given
from hypothesis import strategies as st

from livefoley.runtime import child_log
from livefoley.runtime.child_log import LINES, MOST_BYTES, Lines, forward


def told(*pieces: bytes) -> list[str]:
    lines = Lines(lambda: 0.0)
    return [line for piece in pieces for line in lines.feed(piece)] + lines.flush()


@given(st.lists(st.binary(max_size=2 * MOST_BYTES), max_size=8))
def test_lines_do_not_depend_on_how_they_come(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert told(*pieces) == told(whole) == told(*(whole[at : at + 1] for at in range(len(whole))))


@given(st.binary(max_size=20_000))
def test_whatever_is_printed_is_told_in_few_short_lines_without_commands_to_a_terminal(data: bytes) -> None:
    found = told(data)
    assert len(found) <= LINES
    for line in found:
        assert len(line) <= MOST_BYTES
        assert line.isprintable()


def test_a_line_is_told_as_it_is_and_one_that_is_too_long_is_cut() -> None:
    assert told(b"one\ntwo\n\n  three ") == ["one", "two", "  three"]
    assert told(b"x" * 5000 + b"\nnext\n") == ["x" * MOST_BYTES, "next"]
    assert told("猫\x1b[31m\r\n".encode()) == ["猫\ufffd[31m"]


def test_more_is_told_as_time_goes_on() -> None:
    at = 0.0
    lines = Lines(lambda: at)
    assert len(lines.feed(b"line\n" * 100)) == LINES
    assert lines.left_out == 100 - LINES
    at = 1.0
    assert len(lines.feed(b"line\n" * 100)) == round(1.0 / child_log.INTERVAL_S)


async def test_a_child_that_prints_without_end_is_read_and_hardly_told() -> None:
    code = "import sys\nfor number in range(20_000): print('line', number, file=sys.stderr)\nsys.exit(7)"
    before = child_log.left_out
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE)
    with structlog.testing.capture_logs() as logged:
        await forward(child.stderr, structlog.get_logger(), worker="chatty")
    assert await child.wait() == 7  # it never waited for us for long
    logged[0].pop("left_out", 0)  # of the same piece, where much of it was there to read
    assert logged[0] == {"event": "a child printed", "line": "line 0", "worker": "chatty", "log_level": "warning"}
    assert len(logged) < 2000
    assert child_log.left_out - before + len(logged) == 20_000
    assert sum(each.get("left_out", 0) for each in logged) <= child_log.left_out - before
