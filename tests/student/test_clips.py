"""The student in clips and in sound on demand: whoever makes a sound live makes it there, too."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livefoley.clips.compose import foley_of
from livefoley.clips.jobs import files
from livefoley.clips.jobs.files import ClipInput
from livefoley.clips.jobs.job import Job
from livefoley.core.cues import Cue, CueKind
from livefoley.core.events import MotionKind, MotionOnset
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.chain import StudentUse
from livefoley.foley.description import lexicon
from livefoley.foley.makers import Makers
from livefoley.foley.student.settings import StudentSettings
from livefoley.renders.child import said_by
from livefoley.renders.model import OutputFormat, RenderLimits, RenderRequest
from livefoley.renders.order import Order
from tests.clips import videos
from tests.clips.jobs import JOB

from .tiny import write_model

KNOWN, UNKNOWN = "footsteps on gravel in the rain", "a dog on a volcano"


@pytest.fixture(scope="module")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Makers:
    place = tmp_path_factory.mktemp("student")
    return Makers(student=StudentSettings(str(write_model(place)), "cpu", 1), cache_directory=place)


@contextmanager
def silent(start: Tick, end: Tick) -> Iterator[Path]:
    """Yield where a clip's input lies whose original is silent."""
    with tempfile.TemporaryDirectory() as place:
        Path(place, files.ORIGINAL).write_bytes(bytes(4 * (end - start)))
        yield Path(place)


def made_by(makers: Makers, describe: str, use: StudentUse) -> tuple[set[str], str]:
    """Return who made the actions and accents of a clip, and who its ambience."""
    events: list[MotionOnset | Cue] = [
        MotionOnset(ORIGIN + second * TICK_RATE, MotionKind.IMPACT, 0.9, size=0.05, speed=1.0) for second in range(1, 4)
    ]
    events.append(Cue(0, CueKind.ACCENT, ORIGIN + 2 * TICK_RATE, 0, prompt="a velociraptor purring"))
    job = replace(
        JOB, describe=describe, student=use, plan=PlannerSettings(prompts=lexicon.action_prompts(describe)), seed=3
    )
    assert Job.from_json(job.to_json()) == job
    span = (ORIGIN, ORIGIN + 4 * TICK_RATE)
    with silent(*span) as place:
        made = foley_of(job, ClipInput(place, *span, None, (), tuple(events), describe, ()), makers)
    assert made.stem.shape == (2, 4 * TICK_RATE)
    assert np.abs(made.stem).max() > 0.001
    return {sound.source for sound in made.sounds}, made.bed_source


def test_a_clip_has_its_sounds_from_whoever_made_them_live(makers: Makers) -> None:
    assert made_by(makers, KNOWN, StudentUse.AUTO) == ({"bank", "student"}, "procedural")
    assert made_by(makers, UNKNOWN, StudentUse.AUTO) == ({"student"}, "student")
    assert made_by(makers, KNOWN, StudentUse.ALWAYS) == ({"bank", "student"}, "student")
    assert made_by(makers, UNKNOWN, StudentUse.NEVER) == ({"bank"}, "procedural")


def test_a_job_of_an_earlier_version_is_still_made() -> None:
    written = json.loads(JOB.to_json())
    prompts = written["plan"].pop("prompts")
    written["plan"] |= {"impact_prompts": prompts["impacts"], "sweep_prompts": prompts["sweeps"]}
    del written["student"]
    assert Job.from_json(json.dumps(written)) == JOB


def test_the_same_clip_is_made_twice_alike_whatever_was_made_between(makers: Makers) -> None:
    span, events = (ORIGIN, ORIGIN + 2 * TICK_RATE), (MotionOnset(ORIGIN + TICK_RATE, MotionKind.IMPACT, 0.9),)
    job = replace(JOB, describe=UNKNOWN, plan=PlannerSettings(prompts=lexicon.action_prompts(UNKNOWN)))
    with silent(*span) as place:
        clip_input = ClipInput(place, *span, None, (), events, UNKNOWN, ())
        first = foley_of(job, clip_input, makers)
        made_by(makers, UNKNOWN, StudentUse.AUTO)
        again = foley_of(job, clip_input, makers)
    np.testing.assert_array_equal(again.stem, first.stem)


@pytest.mark.parametrize(("words", "sources"), [(KNOWN, ["bank", "procedural"]), (UNKNOWN, ["student"])])
def test_sound_on_demand_is_made_by_the_student_where_nobody_else_knows_the_words(
    tmp_path: Path, words: str, sources: list[str]
) -> None:
    """In the process that makes it, with the memory it may have."""
    video, _ = videos.play()
    settings = StudentSettings(str(write_model(tmp_path / "model")), "cpu", 1)
    request = RenderRequest(words, OutputFormat.WAV)
    order = Order(video, tmp_path / "sound.wav", JOB.content_id, "Mei TV", (), request, RenderLimits(), settings)
    assert Order.from_json(order.to_json()) == order
    *_, last = said_by("livefoley.renders.make", order.to_json(), 600.0)
    assert last["rendered"]["sources"] == sources, last
