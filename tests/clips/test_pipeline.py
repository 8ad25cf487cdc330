"""Clips from the buffer to the published directory, decoded by ffmpeg: length, sync, loudness, and what goes along."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from livefoley.clips import pipeline
from livefoley.clips.jobs.job import JobDirectory, Record
from livefoley.clips.model import ClipFiles, ClipMetadata, ClipState, Finding
from livefoley.clips.ports import Published
from livefoley.core.cues import Cue, CueKind
from livefoley.core.errors import OutputError
from livefoley.core.events import MotionKind, MotionOnset, Transcript, Word
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.dsp.levels import true_peak_db
from livefoley.dsp.loudness import integrated_lufs
from livefoley.engine.timeline import ORIGIN
from tests.clips import flashes
from tests.clips.jobs import published, tools, write_job
from tests.clips.sounds import read
from tests.support.made import made_once
from tests.support.media_files import decodes
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

FRAME_S = 1 / flashes.FPS


@pytest.fixture(scope="module")
def stream() -> Path:
    return made_once("clips/short.mp4", flashes.make)


def probe(path: Path) -> dict[str, dict[str, str]]:
    """Return what ffprobe says of the streams, by kind."""
    command = [require("ffprobe"), "-v", "error", "-show_streams", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S).stdout)
    return {each["codec_type"]: each for each in found["streams"]}


@pytest.mark.parametrize(("start_s", "end_s"), [(3.5, 8.5), (0.0, 2.0), (4.0, 5.0), (5.21, 9.97)])
def test_a_clip_is_as_long_as_asked_for_and_keeps_picture_and_sound_together(
    stream: Path, tmp_path: Path, start_s: float, end_s: float
) -> None:
    job = write_job(tmp_path / "job", flashes.kept(stream, 12), start_s, end_s)
    files = published(pipeline.run(job, tools(tmp_path / "out")))
    told = ClipMetadata.from_json(files.metadata.read_text())
    decodes(files.clip)
    streams = probe(files.clip)
    assert float(streams["video"]["start_time"]) == pytest.approx(0, abs=0.001)
    assert float(streams["video"]["duration"]) == pytest.approx(told.duration_s, abs=0.002)
    assert float(streams["audio"]["duration"]) == pytest.approx(told.duration_s, abs=0.03)
    assert end_s - start_s <= told.duration_s + 1e-3 <= end_s - start_s + 5 * FRAME_S
    shown = flashes.frames_s(files.clip)
    assert shown[0] == pytest.approx(0, abs=0.001)
    assert len(shown) == pytest.approx(told.duration_s * flashes.FPS, abs=1.1)
    seen, heard = flashes.flashes_s(files.clip), flashes.beeps_s(read(files.clip))
    begin = told.stream_start_s
    wanted = [second - begin for second in range(12) if begin <= second < begin + told.duration_s - FRAME_S]
    assert [moment for moment in seen if moment > FRAME_S] == pytest.approx(
        [moment for moment in wanted if moment > FRAME_S], abs=0.002
    )
    paired = [min(heard, key=lambda at, moment=moment: abs(at - moment)) - moment for moment in wanted]
    assert max(map(abs, paired), default=0) < 0.006


def test_a_clip_has_the_loudness_of_clips_and_never_a_peak_above(stream: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", flashes.kept(stream, 12), 1.0, 9.0)
    files = published(pipeline.run(job, tools(tmp_path / "out")))
    told = ClipMetadata.from_json(files.metadata.read_text())
    sound = read(files.clip)
    assert integrated_lufs(sound) == pytest.approx(-14, abs=0.5)
    assert told.loudness_lufs == pytest.approx(-14, abs=0.3)
    assert true_peak_db(sound) <= -1.0


def test_what_goes_with_a_clip_is_about_it(stream: Path, tmp_path: Path) -> None:
    buffer = flashes.kept(stream, 12)
    second = TICK_RATE
    words = tuple(Word(ORIGIN + k * second, ORIGIN + k * second + second // 2, f"word{k}") for k in range(3, 8))
    buffer.event(Transcript(words[0].start, words[-1].end, "all of it", "en", words, final=True, utterance=1))
    for at in (5 * second, 5 * second + second // 2):
        buffer.event(MotionOnset(ORIGIN + at, MotionKind.IMPACT, 0.9, size=0.05, speed=1.0))
    buffer.accent(Cue(0, CueKind.ACCENT, ORIGIN + 6 * second, 0, effect="BELLMisc_Ding"))
    files = published(pipeline.run(write_job(tmp_path / "job", buffer, 4.0, 9.0), tools(tmp_path / "out")))
    told = ClipMetadata.from_json(files.metadata.read_text())
    assert {path.name for path in files.all()} >= {"clip.mp4", "cover.jpg", "captions.srt", "waveform.png", "stem.wav"}
    assert files.srt.read_text().startswith("1\n00:00:00,000 --> 00:00:03,500\nword4 word5 word6 word7\n")
    assert files.vtt.read_text().startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert told.transcript == "word4 word5 word6 word7"
    sounds = {(sound.kind, sound.at_s) for sound in told.sounds}
    assert {("action", 1.5), ("accent", 2.0)} <= sounds
    on_beep = next(sound for sound in told.sounds if sound.kind == "action")
    assert on_beep.at_s == pytest.approx(1.0, abs=0.006)
    assert "the original sounds here" in on_beep.reason
    assert (told.title, told.tags, told.ai_generated) == ("demo manual", ("manual",), True)
    assert probe(files.cover)["video"]["width"] == 320
    stem, original, whole = read(files.stem), read(files.original), read(files.clip)
    assert abs(stem.shape[1] - round(told.duration_s * TICK_RATE)) <= 1
    assert (
        np.abs(stem[:, second * 3 // 2 - 2400 : second * 3 // 2 + 9600]).max()
        > 3 * np.abs(stem[:, : second // 2]).max()
    )
    shorter = min(whole.shape[1], stem.shape[1])
    assert np.corrcoef(whole[:, :shorter].ravel(), (stem + original)[:, :shorter].ravel())[0, 1] > 0.95


class Fussy:
    """A check that finds something."""

    def run(self, files: ClipFiles, metadata: ClipMetadata) -> Sequence[Finding]:
        return [Finding("frames", "this is not for everybody")]


def test_a_clip_in_which_a_check_finds_something_waits_for_its_release(stream: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", flashes.kept(stream, 12), 4.0, 6.0)
    fussy = tools(tmp_path / "out", checks=Fussy())
    record = pipeline.run(job, fussy)
    assert record.state is ClipState.QUARANTINED
    assert [finding.reason for finding in record.findings] == ["this is not for everybody"]
    assert not list((tmp_path / "out").rglob("clip.mp4"))
    assert pipeline.run(job, fussy).state is ClipState.QUARANTINED
    job.change(released=True, state=ClipState.QUEUED)
    files = published(pipeline.run(job, fussy))
    assert ClipMetadata.from_json(files.metadata.read_text()).findings == record.findings


class Broken:
    """A target that is down."""

    def publish(self, files: ClipFiles, metadata: ClipMetadata) -> Published:
        raise OutputError("the target does not answer")

    def withdraw(self, prefix: str) -> None:
        raise OutputError("the target does not answer")


def test_a_job_that_was_cut_off_goes_on_where_it_was(stream: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", flashes.kept(stream, 12), 4.0, 6.0)
    record = pipeline.run(job, tools(tmp_path / "out", publisher=Broken()))
    assert (record.state, record.error) == (ClipState.FAILED, "the target does not answer")
    clip = job.files(job.job().content_id).clip
    made = clip.stat().st_mtime_ns
    stages = [told.state for told in pipeline.steps(job, tools(tmp_path / "out")) if not isinstance(told, Record)]
    assert stages == [ClipState.PUBLISHING]
    record = JobDirectory(job.path).record()
    assert published(record).clip.stat().st_size > 0
    assert not clip.exists()
    assert made
    assert record.attempts == 2


def test_the_same_job_makes_the_same_clip(stream: Path, tmp_path: Path) -> None:
    buffer = flashes.kept(stream, 12)
    buffer.event(MotionOnset(ORIGIN + ticks_from_s(5), MotionKind.IMPACT, 0.9, size=0.05, speed=1.0))
    stems = []
    for name in ("one", "two"):
        job = write_job(tmp_path / name, buffer, 4.0, 6.0)
        stems.append(published(pipeline.run(job, tools(tmp_path / f"out-{name}"))).stem.read_bytes())
    assert stems[0] == stems[1]


def test_a_clip_over_a_publishers_restart_shows_both_sides_and_tells_of_the_gap(stream: Path, tmp_path: Path) -> None:
    buffer = flashes.kept(stream, 12)
    flashes.pour(buffer, stream, ORIGIN + ticks_from_s(15), epoch=1)
    sound = flashes.beeps(15)
    for at in range(0, sound.shape[1], flashes.BLOCK):
        buffer.sound(ORIGIN + ticks_from_s(12) + at, sound[:, at : at + flashes.BLOCK], None)
    files = published(pipeline.run(write_job(tmp_path / "job", buffer, 10.5, 18.5), tools(tmp_path / "out")))
    decodes(files.clip)
    told = ClipMetadata.from_json(files.metadata.read_text())
    assert told.epochs == (0, 1)
    assert [(gap.start_s, gap.end_s, gap.what) for gap in told.gaps] == [
        (pytest.approx(1.5, abs=0.05), pytest.approx(4.5, abs=0.01), "publisher away")
    ]
    assert flashes.flashes_s(files.clip) == pytest.approx([0.5, 4.5, 5.5, 6.5, 7.5], abs=0.003)
    gap_in_the_middle = write_job(tmp_path / "other", buffer, 11.0, 16.0)
    assert probe(published(pipeline.run(gap_in_the_middle, tools(tmp_path / "out2"))).cover)["video"]["width"] == 320
