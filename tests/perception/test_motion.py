"""Seeing things land: on films whose contacts are known, and on films in which nothing does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livefoley.core.events import MotionKind, MotionOnset, PerceptionEvent, SceneCut
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.motion.analyser import MotionAnalyser
from tests.perception import clips
from tests.support.peers import shared


def watch(clip: clips.Clip) -> tuple[list[PerceptionEvent], list[int]]:
    """Return the events, and how long after its moment each was reported (ticks)."""
    analyser = MotionAnalyser()
    analyser.configure(clip.track)
    events: list[PerceptionEvent] = []
    late: list[int] = []
    for unit in clip.units:
        found = analyser.feed(unit)
        events += found
        late += [unit.dts - event.at for event in found]
    return events + analyser.flush(), late


def heard(events: list[PerceptionEvent], kind: MotionKind = MotionKind.IMPACT) -> list[MotionOnset]:
    """Return what a room with the default sensitivity makes a sound of."""
    least = 0.25 if kind is MotionKind.IMPACT else 0.5
    return [e for e in events if isinstance(e, MotionOnset) and e.kind is kind and e.strength >= least]


def distances(clip: clips.Clip, onsets: list[MotionOnset]) -> list[int]:
    """Return for each contact the distance of the nearest impact from the frame(s) that show it, in ticks."""
    return [
        min((abs(onset.at - tick) for onset in onsets for tick in frames), default=1 << 30) for frames in clip.showing
    ]


@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize("film", [clips.falling_boxes(4.5, seed=4), clips.walking_figure(3.2)], ids=lambda f: f.name)
def test_a_contact_is_placed_on_its_very_frame(film: clips.Film, b_frames: int) -> None:
    clip = clips.encode(film, 30, b_frames=b_frames)
    onsets = heard(watch(clip)[0])
    near = [d for d in distances(clip, onsets) if d <= TICK_RATE // 10]
    assert len(near) >= 0.75 * len(film.contacts)
    assert np.mean(np.array(near) == 0) >= 0.8
    assert len(onsets) <= 1.5 * len(film.contacts)


def test_an_onset_says_where_it_is_how_large_and_how_fast() -> None:
    clip = clips.encode(clips.falling_boxes(3.4, seed=4), 30)
    onsets = heard(watch(clip)[0])
    first = min(onsets, key=lambda onset: abs(onset.at - clip.contact_frames[0]))
    assert first.at == clip.contact_frames[0]
    assert first.x == pytest.approx(0.84, abs=0.06)
    assert first.y == pytest.approx(0.78, abs=0.1)
    assert 0.001 < first.size < 0.05
    assert 0.5 < first.speed < 1.6
    assert first.uncertainty <= TICK_RATE // 50


@pytest.mark.parametrize("film", [clips.still(2.5), clips.fading(2.5), clips.raining(2.5)], ids=lambda film: film.name)
def test_where_nothing_lands_nothing_is_heard(film: clips.Film) -> None:
    events, _ = watch(clips.encode(film, 30))
    assert len(heard(events)) <= 1
    assert not heard(events, MotionKind.SWEEP)
    assert not [event for event in events if isinstance(event, SceneCut)]


def test_a_camera_that_shakes_and_pans_is_not_a_movement() -> None:
    assert len(heard(watch(clips.encode(clips.shaken(clips.still(2.5)), 30))[0])) <= 1


def test_boxes_are_seen_to_land_through_a_shaking_camera() -> None:
    clip = clips.encode(clips.shaken(clips.falling_boxes(3.6, seed=4)), 30)
    near = [d for d in distances(clip, heard(watch(clip)[0])) if d <= TICK_RATE // 15]
    assert len(near) >= 0.5 * len(clip.film.contacts)


def test_a_scene_cut_is_reported_at_its_first_frame_and_is_no_onset() -> None:
    clip = clips.encode(clips.cutting(3.0), 30)
    events, _ = watch(clip)
    assert [event.at for event in events if isinstance(event, SceneCut)] == [clip.frame_ticks[45]]
    assert not [event for event in events if isinstance(event, MotionOnset)]


def test_events_come_soon_enough_for_a_short_look_ahead() -> None:
    _, late = watch(clips.encode(clips.hammering_hand(2.7), 30))
    assert late
    assert max(late) < 0.6 * TICK_RATE


def test_onsets_are_reported_in_strictly_rising_order() -> None:
    events, _ = watch(clips.encode(clips.hammering_hand(2.2), 60))
    ticks = [event.at for event in events if isinstance(event, MotionOnset)]
    assert ticks == sorted(set(ticks))


def test_a_new_epoch_and_new_parameters_start_afresh_and_lose_nothing() -> None:
    clip = clips.encode(clips.falling_boxes(1.8, seed=4), 30)
    shift = 20 * TICK_RATE
    again = [replace(unit, pts=unit.pts + shift, dts=unit.dts + shift, epoch=2) for unit in clip.units]
    once, _ = watch(clip)
    analyser = MotionAnalyser()
    analyser.configure(clip.track)
    twice = [event for unit in clip.units for event in analyser.feed(unit)]
    analyser.configure(clip.track)
    twice += [event for unit in again for event in analyser.feed(unit)] + analyser.flush()
    ticks = [onset.at for onset in heard(once)]
    assert ticks
    assert [onset.at for onset in heard(twice)] == ticks + [at + shift for at in ticks]


def test_footage_has_its_cut_and_a_believable_number_of_onsets() -> None:
    track, units = clips.read(str(shared("footage/room.mp4")))
    part = [unit for unit in units if 18 * TICK_RATE < unit.pts < 30 * TICK_RATE]
    clip = clips.Clip(clips.still(30.0), clips.Fraction(30), track, part)
    events, _ = watch(clip)
    assert [round(event.at / TICK_RATE - 1, 1) for event in events if isinstance(event, SceneCut)] == [24.0]
    assert 1 <= len(heard(events)) <= 40
