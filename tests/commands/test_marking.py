"""What `generate` and `render` write says that its sound was generated, and by whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefoley.commands.verify import examine
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.labels import read_labels
from tests.support.peers import shared
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


def test_what_render_writes_carries_the_watermark_and_its_input_does_not(tmp_path: Path) -> None:
    film, out, stem = shared("footage/tears_of_steel_fight.mp4"), tmp_path / "out.mp4", tmp_path / "stem.flac"
    given = ("--describe", "a quiet room", "-o", out, "--stem", stem)
    assert livefoley("render", film, *given, place=tmp_path).returncode == 0
    content = read_labels(out).content_id[:ID_DIGITS]
    for path, expected in ((out, content), (stem, content), (film, None)):
        mark = examine(path).mark
        assert mark is not None
        assert (mark.found, mark.content_id) == (expected is not None, expected), path


def test_a_file_that_can_carry_no_label_is_named(tmp_path: Path, clip: Path) -> None:
    done = livefoley("render", clip, "--describe", "rain", "-o", tmp_path / "out.mkv", place=tmp_path)
    assert "out.mkv has no label of generated sound" in done.stdout
