"""A file that appears whole: nobody sees a part of it, and nothing is left of one that failed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from livefoley.core.errors import OutputError
from livefoley.system.files import PARTIAL, SERVED, SHARED, WholeFile, make_directory, set_modes, write_whole
from tests.support.waiting import LIMIT_S


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    try:
        yield
    finally:
        os.umask(before)


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "job.json"
    target.write_text("old")
    with WholeFile(target) as path:
        path.write_text("new, ")
        assert target.read_text() == "old"
        with path.open("a") as file:
            file.write("and whole")
    assert target.read_text() == "new, and whole"
    assert list(tmp_path.iterdir()) == [target]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "job.json"
    target.write_text("old")

    def fail() -> None:
        with WholeFile(target) as path:
            path.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_systems_errors_name_the_file_and_the_reason(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "job.json"
    with pytest.raises(OutputError, match=r"nowhere.job\.json: cannot be written \(No such file or directory\)"):
        write_whole(target, b"")
    missing = pytest.raises(OutputError, match=r"job\.json: cannot be written \(No such file or directory\)")
    with missing, WholeFile(tmp_path / "job.json"):
        (tmp_path / "gone").read_bytes()
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        write_whole(tmp_path / "taken", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "job.json"
    target.write_text("old")
    with pytest.raises(OutputError, match="No space left on device"), WholeFile(target), open("/dev/full", "w") as file:
        file.write("x" * 100_000)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_directories_are_made_when_asked_for(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "c", "text", parents=True)
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"text"


@pytest.mark.usefixtures("umask")
def test_a_file_is_private_unless_it_is_shared_and_then_as_the_umask_says(tmp_path: Path) -> None:
    private, shared = tmp_path / "said.json", tmp_path / "clip.mp4"
    private.write_text("old")
    private.chmod(0o644)
    with WholeFile(private) as path:
        assert mode(path) == 0o600  # from the first byte on
        path.write_text("new")
    write_whole(shared, b"", mode=SHARED)
    assert (mode(private), mode(shared)) == (0o600, 0o640)


def test_what_is_given_up_by_hand_is_gone_and_what_has_its_name_stays(tmp_path: Path) -> None:
    given_up = WholeFile(tmp_path / "a")
    given_up.discard()
    kept = WholeFile(tmp_path / "b")
    kept.path.write_text("kept")
    kept.commit()
    kept.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "sum"
    contents = [bytes([number]) * 200_000 for number in range(8)]
    writers = [threading.Thread(target=write_whole, args=(target, content)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert target.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_writer_leaves_the_old_file_and_a_hidden_part(tmp_path: Path) -> None:
    target = tmp_path / "job.json"
    target.write_text("old")
    script = (
        "import os, pathlib, signal, sys\n"
        "from livefoley.system.files import WholeFile\n"
        "with WholeFile(pathlib.Path(sys.argv[1])) as path:\n"
        "    path.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(target)], check=False, timeout=LIMIT_S)
    assert target.read_text() == "old"
    left = [path.name for path in tmp_path.iterdir() if path != target]
    assert len(left) == 1
    assert left[0].startswith(".job.json.")
    assert left[0].endswith(PARTIAL)


def test_what_is_synced_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        steps.append("fsync")
        fsync(handle)

    def noted_replace(old: Path, new: Path) -> None:
        steps.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    write_whole(tmp_path / "a", b"kept", sync=True)
    write_whole(tmp_path / "b", b"kept")
    assert steps == ["fsync", "replace", "replace"]


@pytest.mark.parametrize(("served", "file", "directory"), [(0o644, 0o644, 0o755), (0o640, 0o640, 0o750)])
def test_what_is_served_can_be_read_by_others_whatever_the_umask_and_all_else_by_nobody(
    tmp_path: Path, umask: None, monkeypatch: pytest.MonkeyPatch, served: int, file: int, directory: int
) -> None:
    monkeypatch.setenv("LIVEFOLEY_SERVED_MODE", "set it back afterwards")
    set_modes(0o077, served)
    write_whole(tmp_path / "out" / "hls" / "index.m3u8", "#EXTM3U", mode=SERVED, parents=True)
    assert mode(tmp_path / "out" / "hls" / "index.m3u8") == file
    assert mode(tmp_path / "out" / "hls") == mode(tmp_path / "out") == directory
    write_whole(tmp_path / "out" / "jobs" / "job.json", "{}", mode=SHARED, parents=True)
    assert mode(tmp_path / "out" / "jobs" / "job.json") == 0o600
    assert mode(tmp_path / "out" / "jobs") == 0o700
    child = "from pathlib import Path; from livefoley.system.files import *; import sys; " + (
        "write_whole(Path(sys.argv[1]), '', mode=SERVED); Path(sys.argv[2]).write_text('')"
    )
    subprocess.run([sys.executable, "-c", child, tmp_path / "published", tmp_path / "private"], check=True)
    assert mode(tmp_path / "published") == file
    assert mode(tmp_path / "private") == 0o600


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "hls").mkdir(mode=0o700)
    make_directory(tmp_path / "hls", served=True)
    assert mode(tmp_path / "hls") == 0o700
