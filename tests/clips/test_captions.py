"""Captions written down anew, by the real model: when they come, and what stands in when they do not."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from livefoley.clips import captions as module
from livefoley.clips.captions import FullCaptions, LiveCaptions
from livefoley.clips.jobs.files import ORIGINAL, ClipInput
from livefoley.clips.open_tools import open_tools
from livefoley.clips.ports import Said
from livefoley.clips.tool_settings import PublishSettings
from livefoley.config import parse
from livefoley.core.events import Transcript, Word
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.timeline import ORIGIN
from livefoley.wiring.clips import tool_settings
from tests.support.peers import shared

S = TICK_RATE
CONFIG = """
    ears: {{model: small}}
    clips: {{captions: {}}}
    rooms: {{room: {{source: {{rtmp: {{key: a-key}}}}, sinks: []}}}}
"""
LIVE = "And that it, the glue one is sold out."


@pytest.fixture
def clip(tmp_path: Path) -> ClipInput:
    """A clip in which a line of the fixtures is said."""
    with av.open(str(shared("speech/en03.wav"))) as container:
        resampler = av.AudioResampler("flt", "stereo", S)
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
        frames += resampler.resample(None)
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames]).reshape(-1, 2)
    (sound * 32767).astype("<i2").tofile(tmp_path / ORIGINAL)
    return ClipInput(tmp_path, ORIGIN, ORIGIN + len(sound), None, (), (), "", ())


def heard(clip: ClipInput) -> list[Transcript]:
    words = (Word(clip.start + S // 2, clip.end - S // 2, LIVE),)
    return [Transcript(clip.start + S // 2, clip.end - S // 2, LIVE, "en", words, final=True, utterance=3, revision=2)]


def said(captions: FullCaptions, clip: ClipInput, *, patient: bool = True) -> Said:
    return captions.begin(clip, heard(clip), patient=patient)()


def test_they_are_written_down_anew(clip: ClipInput) -> None:
    found = said(FullCaptions("base"), clip)
    assert found.by == "full"
    assert "the blue one is sold out" in " ".join(each.text for each in found.transcripts)
    assert all(clip.start <= word.start <= word.end <= clip.end for each in found.transcripts for word in each.words)


def test_the_live_text_stands_in_for_what_is_late_and_the_next_clip_has_its_own(
    clip: ClipInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    captions, may_go_on = FullCaptions("base"), threading.Event()
    monkeypatch.setattr(module, "LIMIT_S", 0.05)
    monkeypatch.setattr(module, "LIMIT_SHARE", 0.0)
    captions._thread.submit(may_go_on.wait)
    late = said(captions, clip, patient=False)
    may_go_on.set()
    assert (late.by, [each.text for each in late.transcripts]) == ("live", [LIVE])
    monkeypatch.undo()
    assert said(captions, clip).by == "full"


def test_without_a_model_the_live_text_stands_in(clip: ClipInput, capsys: pytest.CaptureFixture[str]) -> None:
    found = said(FullCaptions("/nowhere/at/all"), clip)
    assert (found.by, [each.text for each in found.transcripts]) == ("live", [LIVE])
    assert "no speech model there" in capsys.readouterr().out


def test_no_model_is_opened_for_a_clip_in_which_nobody_speaks(clip: ClipInput) -> None:
    captions = FullCaptions("base")
    assert captions.begin(clip, [], patient=False)() == Said((), "")
    assert captions._transcriber is None
    assert LiveCaptions().begin(clip, [], patient=False)() == Said((), "")


@pytest.mark.parametrize(
    ("given", "cores", "kind"),
    [("live", 8, LiveCaptions), ("full", 2, FullCaptions), ("auto", 2, LiveCaptions), ("auto", 4, FullCaptions)],
)
def test_the_configuration_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, cores: int, kind: type
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    told = tool_settings(parse(CONFIG.format(given), env={}))
    assert (told.captions, told.speech_model) == (given, "small")
    assert isinstance(open_tools(replace(told, publish=PublishSettings(str(tmp_path)))).captions, kind)
