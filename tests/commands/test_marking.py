"""What `generate` and `render` write says that its sound was generated, and by whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefoley.marks.labels import read_labels
from tests.test_cli import clip, livefoley

__all__ = ["clip"]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".m4a"])
def test_a_generated_sound_carries_watermark_and_labels(tmp_path: Path, suffix: str) -> None:
    made = tmp_path / f"rain{suffix}"
    given = ("--seconds", "4", "--source", "bank", "--provider", "Example GmbH")
    assert livefoley("generate", "rain", "-o", made, *given, place=tmp_path).returncode == 0
    labels = read_labels(made)
    assert labels.ai_generated
    assert labels.provider == "Example GmbH"
    done = livefoley("verify", made, place=tmp_path)
    assert done.returncode == 0
    (mark,) = [line for line in done.stdout.splitlines() if line.startswith("watermark")]
    assert labels.content_id[:12] in mark


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.wav", "out.m4a"])
def test_what_render_writes_is_labelled_and_so_is_its_stem(tmp_path: Path, clip: Path, name: str) -> None:
    given = ("--describe", "rain", "-o", tmp_path / name, "--stem", tmp_path / "stem.flac")
    assert livefoley("render", clip, *given, place=tmp_path).returncode == 0
    assert read_labels(tmp_path / name).ai_generated
    assert read_labels(tmp_path / name).content_id == read_labels(tmp_path / "stem.flac").content_id
    assert livefoley("verify", tmp_path / name, place=tmp_path).returncode == 0


def test_a_file_that_can_carry_no_label_is_named(tmp_path: Path, clip: Path) -> None:
    done = livefoley("render", clip, "--describe", "rain", "-o", tmp_path / "out.mkv", place=tmp_path)
    assert "out.mkv has no label of generated sound" in done.stdout
