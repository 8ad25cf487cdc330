"""Films of hits with microphones that carry the hits, a voice alone, or nothing: what the foley does with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.cues import Cue, Sound, SoundRequest, Stereo
from livefoley.core.media import SourceItem
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.demo.voice import host
from livefoley.engine.microphone.own_sound import OwnSound
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.render import Renderer
from livefoley.engine.room_types import RoomSettings
from livefoley.media.audio_codecs import AacEncoder, make_decoder
from livefoley.perception.hearing.vad import SpeechDetector
from livefoley.perception.motion.analyser import MotionAnalyser
from tests.perception.clips import Clip, encode, hammering_hand

SECONDS = 20.0


class Click:
    """Implements ``EffectSource``: every sound is one short click."""

    def make(self, request: SoundRequest) -> Sound:
        return Sound(np.ones((2, 48), np.float32) * np.float32(0.1), 0, name=request.prompt)


class NoBed:
    """Implements ``BedSource``."""

    source = "none"

    def read(self, samples: int) -> Stereo:
        return np.zeros((2, samples), np.float32)


class Recorder(Renderer):
    """A renderer that keeps what it hears."""

    def __init__(self, learn: bool) -> None:
        super().__init__(
            RoomSettings(lookahead_s=3.0, plan=PlannerSettings(bed=False, learn=learn)),
            make_decoder=make_decoder,
            encoder=AacEncoder(),
            stem_encoder=None,
            analyser=MotionAnalyser(),
            speech=SpeechDetector(),
            effects=Click(),
            bed=NoBed(),
        )
        self.heard: dict[Tick, NDArray[np.float32]] = {}

    def audio(self, samples: NDArray[np.float32], start: int) -> None:
        self.heard[start] = samples
        super().audio(samples, start)

    def knocks(self) -> list[Tick]:
        """Return where a knock begins in what was heard."""
        begin = min(self.heard)
        sound = np.abs(np.concatenate([self.heard[start] for start in sorted(self.heard)]))
        loud = np.flatnonzero(sound > 0.1)
        return [begin + int(at) for at, gap in zip(loud, np.diff(loud, prepend=-TICK_RATE), strict=True) if gap > 4800]

    @property
    def cues(self) -> list[Cue]:
        return [each.cue for each in self.laid]


@cache
def film() -> Clip:
    return encode(hammering_hand(SECONDS))


def knocking() -> Stereo:
    """Return what a microphone near the hammer hears."""
    rng = np.random.default_rng(4)
    sound = rng.normal(0, 1e-3, (2, ticks_from_s(SECONDS)))
    body = np.exp(-np.arange(4800) / 500) * rng.normal(0, 0.25, 4800)
    for contact in film().film.contacts:
        at = ticks_from_s(contact)
        sound[:, at : at + 4800] += body[: sound.shape[1] - at]
    return sound.astype(np.float32)


def rendered(microphone: Stereo | None, learn: bool = True) -> Recorder:
    renderer = Recorder(learn)
    for _ in renderer.run(items(microphone)):
        pass
    return renderer


def items(microphone: Stereo | None) -> Iterator[SourceItem]:
    """Yield the film with its sound, as a publisher sends them."""
    packets = [unit.packet for unit in film().units]
    yield film().track
    if microphone is not None:
        encoder, first = AacEncoder(), min(round(each.pts * each.time_base * TICK_RATE) for each in packets)
        yield encoder.info
        for at in range(0, microphone.shape[1] - 1023, 1024):
            packets += encoder.encode(microphone[:, at : at + 1024], first + at)
    yield from sorted(packets, key=lambda packet: packet.dts * packet.time_base)


def away_ms(cues: list[Cue], moments: list[Tick]) -> NDArray[np.float64]:
    """Return how far each cue is from the nearest moment, of those within 100 ms."""
    away = np.array([min(abs(cue.start - at) for at in moments) / 48 for cue in cues])
    return away[away < 100]


def test_a_microphone_that_hears_the_hits_gives_their_moments_and_they_are_not_doubled() -> None:
    plain, learned = rendered(knocking(), learn=False), rendered(knocking())
    knocks = learned.knocks()
    assert len(knocks) == len(film().film.contacts)
    before, after = away_ms(plain.cues, knocks), away_ms(learned.cues, knocks)
    assert len(after) >= 0.7 * len(knocks)
    assert np.median(after) < 2.0 < np.median(before)
    own = learned.own_sound
    assert own is not None
    assert own.hears
    at_knocks = [cue for cue in learned.cues if min(abs(cue.start - at) for at in knocks) < 480]
    as_loud = {cue.id: cue.gain_db for cue in plain.cues}
    lowered = [as_loud[cue.id] - cue.gain_db for cue in at_knocks if cue.id in as_loud]
    assert np.median(lowered) > 6.0
    assert all("the original sounds here" in cue.reason for cue in at_knocks)


def test_a_microphone_that_hears_a_voice_alone_changes_nothing() -> None:
    voice = host()[:, : ticks_from_s(SECONDS)]
    plain, learned = rendered(voice, learn=False), rendered(voice)
    own = learned.own_sound
    assert own is not None
    assert not own.hears
    assert own.unlikely == 0
    assert [cue.id for cue in learned.cues] == [cue.id for cue in plain.cues]
    same = sum(a == b for a, b in zip(learned.cues, plain.cues, strict=True))
    assert same >= 0.9 * len(plain.cues)


def test_a_silent_microphone_and_none_change_nothing() -> None:
    silence = np.zeros((2, ticks_from_s(SECONDS)), np.float32)
    assert rendered(silence, learn=False).own_sound is None
    assert rendered(silence).cues == rendered(None).cues == rendered(silence, learn=False).cues


def test_whatever_breaks_in_what_is_learned_the_film_is_rendered_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = rendered(knocking(), learn=False)

    def fail(self: OwnSound, samples: NDArray[np.float32], start: Tick) -> None:
        raise ArithmeticError("broken")

    monkeypatch.setattr(OwnSound, "hear", fail)
    broken = rendered(knocking())
    assert broken.cues == plain.cues
    assert broken.own_sound is None
    assert broken.problem == "the original's sound is not learned from any more (ArithmeticError: broken)"
