"""Subtitles appear at their time in the stream, in pieces one can read; a disk that refuses costs nothing else."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from livefoley.core.events import Transcript, Word
from livefoley.core.text.captions import captions
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.events.subtitles import SubtitleFile
from tests.support.waiting import until


def sentence(text: str, start_s: float, end_s: float, language: str = "en", words: int = 0) -> Transcript:
    start, end = (ORIGIN + round(at_s * TICK_RATE) for at_s in (start_s, end_s))
    pieces = text.split() if language == "en" else list(text)
    step = (end - start) // max(1, len(pieces))
    timed = tuple(Word(start + n * step, start + (n + 1) * step, piece) for n, piece in enumerate(pieces))
    return Transcript(start, end, text, language, timed if words else (), final=True)


async def write(path: Path, sentences: list[Transcript]) -> SubtitleFile:
    """Write and stop."""
    file = SubtitleFile(path)
    for each in sentences:
        file.take(each)
    task = asyncio.create_task(file.run())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return file


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.srt", "1\n00:00:01,500 --> 00:00:02,250\n全场五折\n\n2\n01:00:00,000 --> 01:00:01,000\nsold out\n\n"),
        ("a.vtt", "WEBVTT\n\n00:00:01.500 --> 00:00:02.250\n全场五折\n\n01:00:00.000 --> 01:00:01.000\nsold out\n\n"),
    ],
)
async def test_srt_and_vtt_carry_what_was_said_at_its_time(tmp_path: Path, name: str, text: str) -> None:
    said = [sentence("全场五折", 1.5, 2.25, "zh"), sentence("sold out", 3600, 3601)]
    await write(tmp_path / "sub" / name, said)
    assert (tmp_path / "sub" / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("text", "language"), [("word " * 60, "en"), ("最后三分钟" * 30, "zh")])
def test_long_sentences_come_in_pieces_in_order(text: str, language: str) -> None:
    pieces = list(captions(sentence(text.strip(), 10, 40, language, words=1)))
    assert len(pieces) >= 4
    assert all(len(piece.text) <= 84 and piece.end - piece.start <= 6 * TICK_RATE for piece in pieces)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert "".join(piece.text for piece in pieces).replace(" ", "") == text.replace(" ", "").strip()


async def test_a_disk_that_refuses_is_counted_and_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("a file where a directory should be")
    file = await write(tmp_path / "taken" / "x.srt", [sentence("one", 0, 1), sentence("two", 1, 2)])
    assert file.dropped == 2
    assert capsys.readouterr().out.count("cannot be written") == 1


async def test_a_disk_that_refuses_is_told_until_it_takes_a_sentence_and_the_file_is_whole(tmp_path: Path) -> None:
    (tmp_path / "said").write_text("a file where the directory should be")
    file = SubtitleFile(tmp_path / "said" / "x.vtt")
    writing = asyncio.create_task(file.run())
    file.take(sentence("one", 1.0, 2.0))
    await until(lambda: file.problem)
    assert "cannot be written" in file.problem
    (tmp_path / "said").unlink()
    file.take(sentence("two", 2.0, 3.0))
    await until(lambda: not file.problem)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert (tmp_path / "said" / "x.vtt").read_text("utf-8").startswith("WEBVTT")
    assert file.dropped == 1
