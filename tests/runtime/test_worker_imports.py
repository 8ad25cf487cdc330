"""What workers load: a second of processor and 80 MB spent at a start are spent beside the encoders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.test_room_process import modules_of

HEAVY = {"scipy.signal", "scipy.stats", "scipy.ndimage", "torch", "pyloudnorm", "pydantic", "fastapi", "aiortc"}
_PLAY = """
from pathlib import Path
from livefoley.core.cues import CueKind, SoundRequest
from livefoley.runtime.workers import foley_worker
from livefoley.foley.source import Foley
foley = Foley((), Path(sys.argv[1]))
foley.warm("heavy rain, a bottle on a table")
bed = foley.bed("demo", "heavy rain")
for _ in range(40):
    bed.read(9600)
"""


@pytest.mark.parametrize(
    ("worker", "without"),
    [
        ("student", {"av", "cv2", "soxr", "httpx"}),
        ("foley", {"cv2", "onnxruntime"}),
        ("perception", {"scipy", "onnxruntime"}),
    ],
)
def test_a_worker_loads_its_own_tools_alone(worker: str, without: set[str]) -> None:
    found = modules_of(f"import livefoley.runtime.workers.{worker}_worker")
    assert sorted(found & (HEAVY | without)) == []


def test_sounds_that_all_lie_in_the_cache_need_no_tool_of_rendering(tmp_path: Path) -> None:
    assert "scipy.signal" in modules_of(_PLAY, tmp_path)
    assert "scipy.signal" not in modules_of(_PLAY, tmp_path)
