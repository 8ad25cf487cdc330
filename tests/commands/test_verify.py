"""``livefoley verify``: what it says of a clip with every mark, of one with none, and of marks that contradict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from livefoley.cli import app
from livefoley.commands.verify import examine
from livefoley.marks.embed import embed
from livefoley.marks.labels import label_mp4
from livefoley.media.files.audio_file import write_audio
from tests.clips.sounds import Samples

ID = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def noise() -> Samples:
    return np.random.default_rng(0).normal(0, 0.05, (2, 6 * 48_000)).astype(np.float32)


def verify(path: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["verify", str(path)])
    return result.exit_code, result.output


def test_a_marked_file_is_told_with_its_content_id(tmp_path: Path, noise: Samples) -> None:
    path = write_audio(tmp_path / "clip.m4a", [embed(noise, ID)])
    label_mp4(path, "someone", ID)
    code, text = verify(path)
    assert code == 0
    assert "marked as generated" in text
    assert ID[:12] in text
    assert examine(path).disagreement() == ""


def test_a_file_that_lost_its_labels_is_known_by_its_watermark(tmp_path: Path, noise: Samples) -> None:
    marks = examine(write_audio(tmp_path / "clip.mp3", [embed(noise, ID)]))
    assert not marks.labels.ai_generated
    assert marks.generated
    assert marks.mark is not None
    assert marks.mark.content_id == ID[:12]


def test_a_file_without_marks_ends_with_another_code(tmp_path: Path, noise: Samples) -> None:
    code, text = verify(write_audio(tmp_path / "plain.wav", [noise]))
    assert code == 3
    assert "no mark of generated sound" in text


def test_a_title_in_the_encoding_of_an_old_machine_is_no_hindrance(tmp_path: Path, noise: Samples) -> None:
    path = write_audio(tmp_path / "old.wav", [noise], metadata={"title": "\N{COPYRIGHT SIGN} 1999"})
    path.write_bytes(path.read_bytes().replace("\N{COPYRIGHT SIGN}".encode(), b"\xa9\xa9"))
    code, text = verify(path)
    assert (code, "no mark of generated sound" in text) == (3, True)


def test_marks_that_contradict_each_other_are_told(tmp_path: Path, noise: Samples) -> None:
    path = write_audio(tmp_path / "clip.m4a", [embed(noise, ID)])
    label_mp4(path, "someone else", "f" * 32)
    _, text = verify(path)
    assert "contradict" in text
