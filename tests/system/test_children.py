"""Child processes: what they print is no answer, and how they end is said in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from livefoley.core.errors import InputError
from livefoley.renders.child import NO_ANSWER, answer, order_line, said_by
from livefoley.system import children

BABBLER = "tests.support.babbler"


def test_what_a_child_prints_is_none_of_its_answers(capfd: pytest.CaptureFixture[str]) -> None:
    said = list(said_by(BABBLER, {"what": "something"}, 60.0))
    assert said == [{"progress": 0.5}, {"refused": "told to do 'something'"}]
    printed = capfd.readouterr().err
    ways = ["while it was imported", "by Python", "by the system", *(["by a C library"] * (sys.platform == "linux"))]
    assert all(f"printed {way}" in printed for way in ways)


@pytest.mark.parametrize("what", ["junk", "endless"])
def test_what_is_no_answer_ends_the_child_with_a_plain_reason(what: str) -> None:
    with pytest.raises(InputError, match=NO_ANSWER):
        list(said_by(BABBLER, {"what": what}, 60.0))


@pytest.mark.parametrize("line", [b"", b"[]", b"null", b'{"progress": NaN}', b"[" * 100_000, b"\xff", b'{"a": 1} {}'])
def test_no_line_but_an_answer_is_one(line: bytes) -> None:
    with pytest.raises(InputError):
        answer(line)


def test_a_child_without_standard_error_still_answers() -> None:
    code = "import os, sys; os.close(2); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    arguments = [sys.executable, "-c", code, *children.command(BABBLER)[1:]]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(order_line({"what": "it"}))
        child.stdin.flush()
        said = child.stdout.read().splitlines()
    assert said == [b'{"progress": 0.5}', b'{"refused": "told to do \'it\'"}']


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "ended with status 0"),
        (3, "ended with status 3"),
        (None, "ended with status None"),
        (-9, "memory"),
        (-6, "memory"),
        (-11, "crashed"),
        (-15, "SIGTERM"),
        (-200, "signal 200"),
    ],
)
def test_how_a_child_ended_is_said_in_words(status: int | None, words: str) -> None:
    assert words in children.how_it_ended(status)


@pytest.mark.skipif(os.name == "nt", reason="only where signals end processes")
def test_a_child_that_gets_no_memory_is_known_by_how_it_ended() -> None:
    done = subprocess.run([sys.executable, "-c", "import os; os.abort()"], check=False)
    assert done.returncode == -signal.SIGABRT
    assert "memory" in children.how_it_ended(done.returncode)


def test_libraries_of_children_start_no_debugger_unless_the_operator_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GGML_NO_BACKTRACE", raising=False)
    assert children.environment()["GGML_NO_BACKTRACE"] == "1"
    monkeypatch.setenv("GGML_NO_BACKTRACE", "0")
    assert children.environment()["GGML_NO_BACKTRACE"] == "0"


def test_children_get_none_of_the_keys_and_tokens_that_stand_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LIVEFOLEY_SERVER__HTTP__TOKEN", "LIVEFOLEY_ROOMS__shop__SINKS__0__RTMP", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted-secret")
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", "/var/cache/livefoley")
    told = [sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"]
    done = subprocess.run(told, check=True, capture_output=True, text=True, env=children.environment())
    assert "planted-secret" not in done.stdout
    assert "/var/cache/livefoley" in done.stdout
    assert children.environment(children.store_variables())["AWS_SECRET_ACCESS_KEY"] == "planted-secret"
