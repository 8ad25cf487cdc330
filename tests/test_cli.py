"""The command line as a person meets it: one clear line for a mistake, and nothing half-written left behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import av
import pytest

from livefoley.core.media import MediaKind
from tests.support.made import made_once
from tests.support.media_files import file_hashes, make_clip
from tests.support.waiting import LIMIT_S

CONFIG = """
server: {{rtmp: {{listen: "127.0.0.1:{rtmp}"}}, http: {{listen: "127.0.0.1:{http}"}}}}
rooms:
  demo:
    source: {{rtmp: {{key: a-key-to-hide}}}}
    sinks: [{{file: {place}/out.mp4}}]
"""


def livefoley(*arguments: str | Path, place: Path, timeout_s: float = 180.0) -> subprocess.CompletedProcess[str]:
    """Run the command line in ``place``, with caches and home of its own."""
    environment = {**os.environ, "HOME": str(place), "USERPROFILE": str(place), "COLUMNS": "200", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "livefoley", *map(str, arguments)]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=timeout_s)


def one_error(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """Return the one line of a mistake."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    return line


@pytest.fixture(scope="module")
def clip() -> Path:
    """Two seconds of H.264 with B-frames and AAC."""
    options = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
    return made_once("cli/clip.mp4", lambda path: make_clip(path, *options, seconds=2.0))


def test_help_teaches_and_the_version_is_told(tmp_path: Path) -> None:
    assert "render" in livefoley("--help", place=tmp_path).stdout
    assert "livefoley init" in livefoley("run", "--help", place=tmp_path).stdout
    assert livefoley("--version", place=tmp_path).stdout.startswith("livefoley ")
    assert livefoley("nonsense", place=tmp_path).returncode == 2
    assert livefoley("run", place=tmp_path).returncode == 2


def test_a_bad_configuration_names_line_key_and_fix_and_exits_2(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(CONFIG.format(rtmp=1935, http=8080, place=tmp_path).replace("sinks:", "lookahed_s: 2\n    sinks:"))
    line = one_error(livefoley("run", bad, place=tmp_path), code=2)
    assert "bad.yaml:6" in line
    assert "rooms.demo.lookahed_s" in line
    assert "did you mean lookahead_s" in line


def test_check_validates_and_hides_secrets(tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_text(CONFIG.format(rtmp=1935, http=8080, place=tmp_path))
    done = livefoley("run", "--check", good, place=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "lookahead_s: 1.5" in done.stdout
    assert "a-key-to-hide" not in done.stdout


@pytest.mark.parametrize("which", ["rtmp", "http"])
def test_an_occupied_port_is_one_line(tmp_path: Path, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"rtmp": 0, "http": 0, which: taken.getsockname()[1]}
        config = tmp_path / "room.yaml"
        config.write_text(CONFIG.format(place=tmp_path, **ports))
        line = one_error(livefoley("run", config, place=tmp_path))
        assert f"127.0.0.1:{ports[which]} is taken" in line
    assert not list(tmp_path.glob("out*"))


def test_render_copies_the_picture_and_lays_sound(tmp_path: Path, clip: Path) -> None:
    out, stem, report = tmp_path / "out.mp4", tmp_path / "stem.wav", tmp_path / "report.json"
    arguments = ["render", clip, "--describe", "heavy rain", "-o", out, "--stem", stem, "--report", report]
    done = livefoley(*arguments, place=tmp_path)
    assert done.returncode == 0, done.stderr
    assert file_hashes(out, MediaKind.VIDEO) == file_hashes(clip, MediaKind.VIDEO)
    assert json.loads(report.read_text())["describe"] == "heavy rain"
    with av.open(str(stem)) as sound:
        assert abs(float((sound.duration or 0) / 1e6) - 2.0) < 0.15
    assert "exists already" in one_error(livefoley(*arguments, place=tmp_path))
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("name", ["out.wav", "out.mp3"])
def test_render_writes_sound_alone(tmp_path: Path, clip: Path, name: str) -> None:
    done = livefoley("render", clip, "--describe", "海浪", "-o", tmp_path / name, place=tmp_path)
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / name)) as sound:
        assert not sound.streams.video
        assert sum(frame.samples for frame in sound.decode(audio=0)) > 90_000


def test_what_cannot_be_rendered_is_one_line_and_leaves_nothing(tmp_path: Path, clip: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is no film\n" * 100)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:2000])
    for source, output in (
        (tmp_path / "missing.mp4", "o.mp4"),
        (text, "o.mp4"),
        (cut, "o.mp4"),
        (tmp_path, "o.mp4"),
        (clip, "o.xyz"),
        (clip, "nowhere/o.mp4"),
    ):
        line = one_error(livefoley("render", source, "--describe", "rain", "-o", tmp_path / output, place=tmp_path))
        assert len(line) < 400
    assert not list(tmp_path.glob("o.*"))


def test_the_bank_is_listed_added_to_and_played(tmp_path: Path) -> None:
    listed = livefoley("bank", "list", "雨", place=tmp_path)
    assert "RAIN" in listed.stdout
    wav = tmp_path / "ding.wav"
    assert livefoley("bank", "play-to-file", "ding", "-o", wav, place=tmp_path).returncode == 0
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "BELLMisc_Shop door_me.wav").write_bytes(wav.read_bytes())
    (folder / "BELLMisc_Broken_me.wav").write_bytes(b"RIFF, or so it says")
    added = livefoley("bank", "add", folder, "--library", tmp_path / "library", place=tmp_path)
    assert added.returncode == 0, added.stderr
    assert "1 sound(s) added" in added.stdout
    assert "Broken" in added.stderr
    again = livefoley("bank", "list", "--library", tmp_path / "library", place=tmp_path)
    assert "library" in again.stdout
    nothing = livefoley("bank", "play-to-file", "qwertyuiop", "-o", tmp_path / "n.wav", place=tmp_path)
    assert "no effect fits" in one_error(nothing)
    assert not (tmp_path / "n.wav").exists()


def test_the_doctor_finds_this_machine_well(tmp_path: Path) -> None:
    done = livefoley("doctor", place=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "Video decoders" in done.stdout


def test_a_worker_without_a_broker_says_what_is_missing(tmp_path: Path) -> None:
    config = tmp_path / "room.yaml"
    config.write_text("rooms: {demo: {source: {rtmp: {key: k}}, sinks: []}}")
    assert "names no jobs.broker" in one_error(livefoley("worker", config, place=tmp_path), code=2)


def test_help_waits_for_nothing_that_does_the_work() -> None:
    program = "import sys, livefoley.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=LIMIT_S)
    heavy = {"av", "cv2", "fastapi", "numpy", "onnxruntime", "pydantic", "scipy", "torch"}
    assert sorted(heavy & set(done.stdout.split())) == []
