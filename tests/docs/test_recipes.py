"""The code of the recipes runs, and does what is said of it."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

import numpy as np
from typer.testing import CliRunner

from livefoley.core.cues import CueKind, Sound, SoundRequest
from livefoley.core.highlights import HighlightState
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.highlights.moments import Highlighter
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.chain import Refusal
from livefoley.foley.sound_chain import SoundChain
from tests.docs.pages import page
from tests.support.waiting import LIMIT_S

RECIPES = page("docs/extending.md")


def _recipe(name: str) -> Any:
    """Run the block that defines ``name``, a class or a function; return all that it defines."""
    (code,) = [text for _, text in RECIPES.blocks if f"class {name}" in text or f"def {name}(" in text]
    defined: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(code, "docs/extending.md", "exec"), defined)
    return defined


def test_recipes_keep_to_the_length_of_lines() -> None:
    shown = [line for language, text in RECIPES.blocks if language == "python" for line in text.splitlines()]
    assert max(map(len, shown)) <= 120


async def test_the_sink_takes_what_a_room_gives_and_ends_when_it_is_told() -> None:
    sink = _recipe("DiscardSink")["DiscardSink"]()
    running = asyncio.create_task(sink.run())
    sink.write_nowait(TrackInfo(MediaKind.VIDEO, "h264"))
    for number in range(3):
        packet = Packet(MediaKind.VIDEO, b"picture", number, number, Fraction(1, 30), keyframe=number == 0)
        sink.write_nowait(Unit(packet, number * 1600, number * 1600, 0))
    sink.close()
    await asyncio.wait_for(running, LIMIT_S)
    told = sink.statistics()
    assert (told.kind, told.units, told.bytes, told.dropped_units, told.queue_units) == ("discard", 3, 21, 0, 0)


def test_the_detector_tells_once_of_a_buzzer_and_the_fusion_takes_its_word() -> None:
    detector = _recipe("BuzzerDetector")["BuzzerDetector"]()
    blocks = np.arange(6 * 4096).reshape(6, 4096)
    tone = np.sin(2 * np.pi * 200 * blocks / TICK_RATE).astype(np.float32)
    tone[:2] = np.random.default_rng(0).normal(0, 0.1, (2, 4096))
    found = [
        evidence for at, block in zip(blocks[:, 0], tone, strict=True) for evidence in detector.feed(block, int(at))
    ]
    assert [(evidence.signal, evidence.at) for evidence in found] == [("buzzer", 2 * 4096)]
    (highlight,) = Highlighter().take(found[0], now=6 * 4096)
    assert (highlight.kind, highlight.state) == ("buzzer", HighlightState.CONFIRMED)


def test_the_maker_gives_what_it_is_for_and_says_why_it_gives_nothing_else() -> None:
    chain = SoundChain([_recipe("TuningFork")["TuningFork"]()])
    sound = chain.ask(SoundRequest(CueKind.ACCENT, "a tuning fork", length=TICK_RATE))
    assert isinstance(sound, Sound)
    assert (sound.source, sound.samples.shape) == ("fork", (2, TICK_RATE))
    hz = np.fft.rfftfreq(TICK_RATE, 1 / TICK_RATE)
    assert hz[np.argmax(np.abs(np.fft.rfft(sound.samples[0])))] == 440
    refusal = chain.ask(SoundRequest(CueKind.ACCENT, "a gong"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "fork: has a tuning fork and nothing else"


def test_the_command_does_what_its_help_says() -> None:
    app = _recipe("effects")["app"]
    result = CliRunner().invoke(app, ["effects", "rain"])
    assert result.exit_code == 0
    assert result.output == f"{sum('rain' in name.lower() for name in EFFECTS)} effects\n"
    assert "livefoley effects rain" in CliRunner().invoke(app, ["effects", "--help"]).output
