"""A pass over events that are known sounds as the room in which they were noticed, sample by sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from livefoley.core.cues import ActionPrompts, Cue, CueKind, Sound, SoundRequest, Stereo, accent_cue
from livefoley.core.events import CoursePoint, CourseState, MotionCourse, MotionKind, MotionOnset, SceneCut, Speech
from livefoley.core.families import Family
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import MILLISECONDS, TICK_RATE, Tick
from livefoley.engine.lasting.followed import CUT_OUT
from livefoley.engine.mixer import MixSettings
from livefoley.engine.offline import Answerer, FoleyPass
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.room import RoomEngine
from livefoley.engine.room_types import RoomSettings
from livefoley.engine.timeline import ORIGIN
from livefoley.media.audio_codecs import make_decoder

PLAN = PlannerSettings(seed=5, prompts=ActionPrompts(lasting=((Family.VEHICLE, "VEHCar_Drive"),)))
SECONDS = 6


def passing(second: int, state: CourseState) -> MotionCourse:
    """Return a quarter of a second of something that passes."""
    at = ORIGIN + TICK_RATE * (16 + second) // 4
    points = tuple(
        CoursePoint(at + step * 3000, 0.1 + 0.05 * second + 0.0125 * step, 0.5, 0.05, 0.2) for step in range(4)
    )
    return MotionCourse(1, state, points)


STATES = (CourseState.BEGINS, *[CourseState.GOES_ON] * 3, CourseState.ENDS)
EVENTS: list[MotionOnset | MotionCourse | Speech | Cue] = [
    *(passing(n, state) for n, state in enumerate(STATES)),
    *(MotionOnset(ORIGIN + ms * 48, MotionKind.IMPACT, 0.9, x=ms / 6000) for ms in (1000, 1510, 2733, 4000)),
    MotionOnset(ORIGIN + 3 * TICK_RATE, MotionKind.SWEEP, 0.2),  # too weak to sound
    accent_cue(ORIGIN + 5 * TICK_RATE, prompt="ding"),
    Speech(ORIGIN + 2 * TICK_RATE, active=True),
    Speech(ORIGIN + 3 * TICK_RATE, active=False),
]


class Noise:
    """Implements ``EffectSource``: other noise for every request."""

    def make(self, request: SoundRequest) -> Sound:
        rng = np.random.default_rng([request.seed, len(request.prompt)])
        return Sound(rng.normal(0, 0.1, (2, 9600)).astype(np.float32), 480, name=request.prompt)


class Hum:
    """Implements ``BedSource``."""

    source = "hum"

    def read(self, samples: int) -> Stereo:
        return np.full((2, samples), 0.05, np.float32)


def live(bed: bool) -> tuple[Stereo, list[tuple[CueKind, Tick]]]:
    """Return the foley of a room that notices the events, and what was laid."""
    mix = MixSettings(apart=True)
    plan = replace(PLAN, bed=bed)
    engine = RoomEngine(RoomSettings(mix=mix, plan=plan), make_decoder=make_decoder, encoder=None)
    answerer = Answerer(engine, Noise(), Hum())
    engine.feed(TrackInfo(MediaKind.VIDEO, "h264", b"sets", 640, 360), 0.0)
    coming, stem = sorted(EVENTS, key=lambda event: event.start if isinstance(event, Cue) else event.at), []
    for ms in range(0, 1000 * (SECONDS + 3), 40):
        now = ms / 1000
        engine.feed(Packet(MediaKind.VIDEO, b"picture", ms, ms, MILLISECONDS, ms % 1000 == 0), now)
        while coming and (coming[0].start if isinstance(coming[0], Cue) else coming[0].at) <= ORIGIN + 48 * ms:
            event = coming.pop(0)
            engine.accent(event, now) if isinstance(event, Cue) else engine.perceive(event, now)
        answerer.answer(now)
        stem += [block.foley for _, block in engine.advance(now).sound if block.foley is not None]
    return np.concatenate(stem, axis=1)[:, : SECONDS * TICK_RATE], [
        (each.cue.kind, each.cue.start) for each in answerer.laid
    ]


def test_what_is_known_from_the_beginning_sounds_as_what_was_noticed_live() -> None:
    heard, laid = live(bed=False)
    plan = replace(PLAN, bed=False)
    again = FoleyPass(MixSettings(), plan, Noise(), Hum(), ORIGIN, ORIGIN + SECONDS * TICK_RATE)
    made = again.make(EVENTS)
    assert [(each.cue.kind, each.cue.start) for each in again.laid] == laid
    kinds = [CueKind.ACTION] * 4 + [CueKind.LASTING] + [CueKind.ACCENT]
    assert [kind for kind, _ in sorted(laid, key=lambda each: each[1])] == kinds
    assert np.abs(made).max() > 0.02
    np.testing.assert_allclose(made, heard, atol=1e-6)


def test_the_bed_is_there_from_the_first_moment_of_a_pass_and_steps_back_under_speech() -> None:
    made = FoleyPass(MixSettings(), PLAN, Noise(), Hum(), ORIGIN, ORIGIN + SECONDS * TICK_RATE).make(
        [event for event in EVENTS if isinstance(event, Speech)]
    )
    level = np.abs(made[0])
    assert level[:100].min() > 0.9 * level.max()
    assert level[int(2.5 * TICK_RATE)] < 0.6 * level.max()
    assert made.shape == (2, SECONDS * TICK_RATE)
    heard, _ = live(bed=True)
    assert np.abs(heard[0]).max() > 0.9 * level.max()


def test_what_lasts_ends_where_the_picture_is_cut() -> None:
    cut = SceneCut(ORIGIN + TICK_RATE * 19 // 4 + 100)
    events = [event for event in EVENTS if isinstance(event, MotionCourse) and event.at < cut.at]
    plan = replace(PLAN, bed=False)
    made, through = (
        FoleyPass(MixSettings(), plan, Noise(), Hum(), ORIGIN, ORIGIN + SECONDS * TICK_RATE).make([*events, *cuts])
        for cuts in ([cut], [])
    )
    after = cut.at - ORIGIN + CUT_OUT
    assert np.abs(made[:, :after]).max() > 0.01
    assert not made[:, after:].any()
    assert through[:, after:].any()
