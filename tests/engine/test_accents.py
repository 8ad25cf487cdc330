"""Accents that rise before their moment land on the word in a room of any look-ahead, with sounds of the bank."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from livefoley.core.cues import CueKind, SoundRequest, Stereo, accent_cue
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import MILLISECONDS, TICK_RATE, Tick
from livefoley.dsp.build_up import LATE_RISE
from livefoley.engine.mixer import MixSettings
from livefoley.engine.offline import Answerer, FoleyPass
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.room import RoomEngine
from livefoley.engine.room_types import RoomSettings
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.source import Foley
from livefoley.media.audio_codecs import make_decoder

RISING = ("MUSCPerc_DrumRoll", "DSGNRise_Riser")
LOOKAHEADS_S = (0.5, 0.8, 1.0, 1.5, 2.4, 3.0, 4.0)
WORD_S = 6
NEAR: Tick = TICK_RATE // 50


class Silence:
    """Implements ``BedSource``."""

    source = "silence"

    def read(self, samples: int) -> Stereo:
        return np.zeros((2, samples), np.float32)


@cache
def bank() -> Foley:
    return Foley()


def heard(lookahead_s: float, effect: str, asked_s: float = 0.0, delay_s: float = 0.0) -> Stereo:
    """Return the foley of a room in which the word at ``WORD_S`` is noticed ``delay_s`` after it came in."""
    settings = RoomSettings(lookahead_s, mix=MixSettings(apart=True), plan=PlannerSettings(bed=False))
    engine = RoomEngine(settings, make_decoder=make_decoder, encoder=None)
    answerer = Answerer(engine, bank(), Silence())
    engine.feed(TrackInfo(MediaKind.VIDEO, "h264", b"sets", 640, 360), 0.0)
    stem, asked = [], False
    for ms in range(0, 1000 * (WORD_S + 8), 40):
        now = ms / 1000
        engine.feed(Packet(MediaKind.VIDEO, b"picture", ms, ms, MILLISECONDS, ms % 1000 == 0), now)
        if not asked and now >= WORD_S + delay_s:
            asked = True
            engine.accent(accent_cue(ORIGIN + WORD_S * TICK_RATE, effect=effect), now)
        answerer.answer(now)
        for _, block in engine.advance(now).sound:
            stem.append(block.foley if block.foley is not None else np.zeros_like(block.program))
    return np.concatenate(stem, axis=1)


def loudest(samples: Stereo) -> Tick:
    """Return where a sound is loudest, over 10 ms."""
    width = TICK_RATE // 100
    power = np.convolve((samples**2).sum(axis=0), np.ones(width), mode="valid")
    return int(power.argmax()) + width // 2


def peak_of(effect: str) -> Tick:
    """Return how far after its onset the bank's sound is loudest: a riser is at its top just before."""
    sound = bank().make(SoundRequest(CueKind.ACCENT, effect=effect, intensity=0.8, seed=1))
    assert sound is not None
    return loudest(sound.samples) - sound.onset


@pytest.mark.parametrize("effect", RISING)
@pytest.mark.parametrize("lookahead_s", LOOKAHEADS_S)
def test_the_peak_of_a_rising_accent_is_on_its_word_whatever_the_look_ahead(lookahead_s: float, effect: str) -> None:
    stem = heard(lookahead_s, effect)
    assert abs(peak_of(effect)) < NEAR
    assert abs(loudest(stem) - WORD_S * TICK_RATE) < NEAR
    begins = int(np.flatnonzero(np.abs(stem[0]) > 1e-4)[0])
    assert begins >= (WORD_S - min(lookahead_s, 3.1)) * TICK_RATE


@pytest.mark.parametrize("effect", RISING)
def test_what_is_left_of_a_build_up_swells_and_does_not_break_in(effect: str) -> None:
    stem = heard(1.0, effect)
    begins = int(np.flatnonzero(np.abs(stem[0]) > 1e-4)[0])
    parts = [float(np.sqrt(np.mean(stem[:, begins + at : begins + at + 4800] ** 2))) for at in (0, 9600, 19_200)]
    assert parts == sorted(parts)
    assert parts[0] < 0.3 * parts[2]


def test_an_accent_that_hears_of_its_word_too_late_comes_soon_and_short() -> None:
    stem = heard(1.0, "MUSCPerc_DrumRoll", delay_s=1.4)
    peak = loudest(stem)
    assert WORD_S + 0.4 < peak / TICK_RATE < WORD_S + 0.4 + LATE_RISE / TICK_RATE + 0.15


def test_an_accent_of_no_moment_keeps_its_build_up() -> None:
    engine = FoleyPass(MixSettings(), PlannerSettings(bed=False), bank(), Silence(), ORIGIN, ORIGIN + 8 * TICK_RATE)
    whole = engine.make([accent_cue(ORIGIN - 2 * TICK_RATE, effect="MUSCPerc_DrumRoll", at_once=True)])
    assert loudest(whole) > 0.3 * TICK_RATE


def test_a_clip_has_time_for_the_whole_roll() -> None:
    made = FoleyPass(MixSettings(), PlannerSettings(bed=False), bank(), Silence(), ORIGIN, ORIGIN + 8 * TICK_RATE)
    stem = made.make([accent_cue(ORIGIN + 5 * TICK_RATE, effect="MUSCPerc_DrumRoll")])
    assert abs(loudest(stem) - 5 * TICK_RATE) < NEAR
    assert int(np.flatnonzero(np.abs(stem[0]) > 1e-5)[0]) < 2.7 * TICK_RATE
