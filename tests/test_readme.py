"""What the two READMEs tell a newcomer to type in is what the demo room takes; ``tests/docs`` looks at the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefoley.config import load

ROOT = Path(__file__).parent.parent
BOTH = pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])


@BOTH
def test_the_obs_fields_are_those_of_the_demo_room(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    config = load(ROOT / "pipelines" / "demo.yaml", env={})
    source = config.rooms["demo"].source.rtmp
    assert source is not None
    assert f"`rtmp://{config.server.rtmp.listen}/{source.app}`" in text
    assert f"| `{source.key.get_secret_value()}` |" in text
    assert f"http://{config.server.http.listen}/demo/hls/index.m3u8" in text
    assert "out/demo-live.mp4" in text
    assert str(config.rooms["demo"].sinks[1].path) == str(Path("out/demo-live.mp4"))


@BOTH
def test_a_newcomer_reads_it_in_five_minutes(name: str) -> None:
    """About a thousand words; what is looked up lies in ``docs``."""
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 110
