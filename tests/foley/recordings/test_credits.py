"""Whose recordings are heard is told with a clip, and in the report of a file that is rendered."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from livefoley.clips.captions import LiveCaptions
from livefoley.clips.compose import compose
from livefoley.clips.jobs import files
from livefoley.clips.jobs.files import ClipInput
from livefoley.clips.marker import Marker
from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.core.cues import Cue, CueKind
from livefoley.core.text.credits import Credit
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.bank.library import Library
from livefoley.foley.makers import Makers
from tests.clips.jobs import JOB
from tests.support.command_line import run_here
from tests.support.media_files import make_clip

from . import pack

PLACE, DONE = "a volcano", "a velociraptor purring"  # neither the bank nor the synthesis knows them
BED, HIT = Credit(PLACE, "B. Listener", "CC-BY-4.0"), Credit(DONE, "A. Recordist", "CC0-1.0")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own library, of two recordings."""
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    given, into = tmp_path / "pack", tmp_path / "data" / "livefoley" / "library"
    rows = [
        pack.write(given, "a.flac", pack.rain(8.0, 0), {"title": PLACE, "kind": "bed"}),
        pack.write(given, "b.flac", pack.effect("GLASBrk_Shatter"), {"title": DONE}),
    ]
    rows[0] |= {"author": BED.author, "licence": BED.licence}
    pack.write_manifest(given, rows)
    assert len(Library.add(given, into).added) == 2
    return into


def test_a_clip_tells_whose_recordings_are_heard(library: Path, tmp_path: Path) -> None:
    end = ORIGIN + 3 * TICK_RATE
    for name in (files.ORIGINAL, files.STEM):
        np.zeros((2, end - ORIGIN), "<i2").tofile(tmp_path / name)
    cue = Cue(0, CueKind.ACCENT, ORIGIN + TICK_RATE, 0, prompt=DONE)
    made = ClipFiles(tmp_path / "clip")
    made.directory.mkdir()

    def told(describe: str, *events: Cue) -> tuple[Credit, ...]:
        given = ClipInput(tmp_path, ORIGIN, end, None, (), events, describe, ())
        job = replace(JOB, describe=describe)
        clip = compose(job, given, made, Makers([library]), Marker("livefoley"), LiveCaptions())
        return ClipMetadata.from_json(clip.to_json()).credits

    assert told(PLACE, cue) == (BED, HIT)
    assert told("rain") == ()


def test_the_report_of_a_render_tells_whose_recordings_are_heard(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film, report = make_clip(tmp_path / "film.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p"), tmp_path / "report.json"
    for describe, credits in ((PLACE, [asdict(BED)]), ("rain", [])):
        given = ("--describe", describe, "--no-student", "-o", tmp_path / "out.wav", "-f", "--report", report)
        assert run_here(monkeypatch, capsys, "render", film, *given)[::2] == (0, "")
        assert json.loads(report.read_text())["credits"] == credits
