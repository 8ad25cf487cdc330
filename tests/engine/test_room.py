"""A room's engine in virtual time, with real codecs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from livefoley.core.cues import ActionPrompts, CueKind, Sound, accent_cue
from livefoley.core.errors import UnsupportedCodec
from livefoley.core.events import MotionKind, MotionOnset
from livefoley.core.media import Disconnected, MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ports import AudioDecoder
from livefoley.core.ticks import MILLISECONDS, TICK_RATE
from livefoley.engine.hold import OnDrop
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.room import RoomEngine
from livefoley.engine.room_types import RoomSettings, RoomState
from livefoley.media.audio_codecs import AacEncoder, make_decoder

V, A = MediaKind.VIDEO, MediaKind.AUDIO
VIDEO = TrackInfo(V, "h264", b"sets", 640, 360)


class Drive:
    """An engine with a clock that a test moves."""

    def __init__(self, settings: RoomSettings | None = None) -> None:
        self.engine = RoomEngine(settings or RoomSettings(), make_decoder=make_decoder, encoder=AacEncoder())
        self.now = 100.0
        self.out: list[OutputItem] = []

    def picture(self, ms: int, data: bytes = b"", key: bool = False) -> None:
        self.engine.feed(Packet(V, data or f"picture {ms}".encode(), ms, ms, MILLISECONDS, key), self.now)

    def run(self, seconds: float, start_ms: int | None = None, step_ms: int = 40) -> None:
        """Let time pass; with ``start_ms`` pictures come all the while, stamped from there on."""
        for step in range(int(seconds * 1000 / step_ms)):
            if start_ms is not None:
                self.picture(start_ms + step * step_ms, key=step % 25 == 0)
            self.out.extend(self.engine.advance(self.now).program)
            self.now += step_ms / 1000

    def units(self, kind: MediaKind) -> list[Unit]:
        return [item for item in self.out if isinstance(item, Unit) and item.kind is kind]


def started(settings: RoomSettings | None = None) -> Drive:
    drive = Drive(settings)
    drive.engine.feed(VIDEO, drive.now)
    return drive


def test_nothing_leaves_before_a_publisher_comes() -> None:
    drive = Drive()
    drive.run(3.0)
    assert drive.out == []
    assert drive.engine.state is RoomState.WAITING
    assert drive.engine.wake_s() is None


def test_pictures_leave_untouched_a_look_ahead_later_with_silence_for_sound() -> None:
    drive = started()
    drive.run(1.4, start_ms=0)
    assert drive.units(V) == []
    drive.run(2.0, start_ms=1400)
    pictures = drive.units(V)
    assert pictures[0].packet.data == b"picture 0"
    assert len(pictures) == 1 + round((3.4 - 1.5 - 0.04) / 0.04)
    assert all(later.dts > earlier.dts for earlier, later in pairwise(pictures))
    sound = drive.units(A)
    assert {later.pts - earlier.pts for earlier, later in pairwise(sound)} == {1024}
    assert drive.out[0].kind is A  # parameters first,
    assert drive.out[1] == VIDEO  # of both tracks


def test_new_parameters_of_the_sound_anchor_it_anew() -> None:
    heard: list[tuple[int, np.ndarray]] = []

    class Ears:
        def video(self, item: TrackInfo | Unit) -> None: ...

        def audio(self, samples: np.ndarray, start: int) -> None:
            heard.append((start, samples))

    drive = Drive()
    drive.engine.tap(Ears())
    loud = np.full(480, 0x10, np.uint8).tobytes()  # 60 ms of G.711
    for codec, first_ms in (("pcm_mulaw", 0), ("pcm_alaw", 1225)):  # 25 ms later than the sound before it ends
        drive.engine.feed(TrackInfo(A, codec, sample_rate=8000, channels=1), drive.now)
        for ms in range(first_ms, first_ms + 1200, 60):
            drive.engine.feed(Packet(A, loud, ms, ms, MILLISECONDS), drive.now)
            drive.now += 0.06
            drive.engine.advance(drive.now)
    places = sorted((start, start + samples.size) for start, samples in heard)
    (gap,) = [(begin, end) for (_, begin), (end, _) in pairwise(places) if end - begin > 48]
    assert gap[1] - places[0][0] == pytest.approx(1225 * 48, abs=48)


def test_outputs_stay_up_while_the_publisher_is_away_and_it_returns_a_look_ahead_ahead() -> None:
    drive = started()
    drive.run(3.0, start_ms=0)
    drive.engine.feed(Disconnected("gone"), drive.now)
    drive.run(6.0)
    assert drive.engine.state is RoomState.HOLDING
    held = [unit for unit in drive.units(V) if unit.packet.time_base == Fraction(1, TICK_RATE)]
    assert len(held) >= 6
    assert {unit.packet.data for unit in held} == {b"picture 2000"}  # the last keyframe
    before = drive.engine.playout.playhead(drive.now)
    drive.run(3.0, start_ms=900_000)
    back = next(unit for unit in drive.units(V) if unit.packet.data == b"picture 900000")
    assert abs(back.dts - before - drive.engine.playout.lookahead) <= 2
    assert drive.engine.state is RoomState.LIVE
    stamps = [unit.dts for unit in drive.units(V)]
    assert stamps == sorted(set(stamps))
    sound = [unit.pts for unit in drive.units(A)]
    assert set(np.diff(sound)) == {1024}


def test_a_publisher_that_stalls_is_held_and_taken_up_again() -> None:
    drive = started(RoomSettings(on_drop=OnDrop.AUDIO))
    drive.run(3.0, start_ms=0)
    drive.run(5.0)
    assert drive.engine.state is RoomState.HOLDING
    drive.run(4.0, start_ms=3000)
    assert drive.units(V)[-1].packet.data.startswith(b"picture 5")
    assert set(np.diff([unit.pts for unit in drive.units(A)])) == {1024}


def test_a_process_that_slept_goes_on_where_it_stopped() -> None:
    drive = started()
    drive.run(3.0, start_ms=0)
    drive.now += 3600
    departed = len(drive.out)
    drive.run(1.0)
    assert len(drive.units(A)) * 1024 / TICK_RATE < 4.0
    assert 3590 * TICK_RATE < drive.engine.statistics().counters.held_back_ticks < 3602 * TICK_RATE
    assert len(drive.out) >= departed
    drive.run(4.0, start_ms=3000)
    assert len(drive.units(A)) * 1024 / TICK_RATE == pytest.approx(
        3.0 + 1.0 + 4.0 - drive.engine.settings.lookahead_s, abs=0.2
    )
    assert {b"picture 2960", b"picture 5000"} <= {unit.packet.data for unit in drive.units(V)}


def test_a_codec_nobody_decodes_leaves_the_picture_going() -> None:
    def refuse(info: TrackInfo) -> AudioDecoder:
        raise UnsupportedCodec(f"{info.codec} is not for us")

    drive = started()
    drive.engine._decoding._make = refuse
    drive.engine.feed(TrackInfo(A, "dts"), drive.now)
    drive.engine.feed(Packet(A, b"?", 0, 0, MILLISECONDS), drive.now)
    drive.run(3.0, start_ms=0)
    assert drive.units(V)
    assert drive.engine.problem == "dts is not for us"


def test_sound_that_is_none_of_its_codec_is_told_until_some_can_be_decoded() -> None:
    drive, encoder = started(), AacEncoder()
    good = encoder.encode(np.zeros((2, 200 * 1024), np.float32), 0)
    drive.engine.feed(encoder.info, drive.now)
    for number, packet in enumerate(good[:100]):
        drive.engine.feed(packet if number == 2 else replace(packet, data=b"\xff" * 60), drive.now)
    assert drive.engine.problem is None  # one of them was good
    for packet in good[100:104]:
        drive.engine.feed(replace(packet, data=b"\xff" * 60), drive.now)
    assert drive.engine.problem == "the sound cannot be decoded: what comes is damaged, or no aac"
    drive.engine.feed(good[104], drive.now)
    assert drive.engine.problem is None
    assert drive.engine.statistics().counters.decode_errors == 103


def test_a_track_of_one_packet_that_cannot_be_decoded_is_told_at_its_end() -> None:
    drive, encoder = started(), AacEncoder()
    drive.engine.feed(encoder.info, drive.now)
    drive.engine.feed(Packet(A, b"\xff" * 60, 0, 0, MILLISECONDS), drive.now)
    assert drive.engine.problem is None
    drive.engine.end()
    assert drive.engine.problem == "the sound cannot be decoded: what comes is damaged, or no aac"


def test_a_movement_becomes_a_sound_on_its_frame() -> None:
    drive = started(RoomSettings(plan=PlannerSettings(prompts=ActionPrompts(("knock",)))))
    drive.run(1.0, start_ms=0)
    frame = TICK_RATE + 600 * 48
    drive.engine.perceive(MotionOnset(frame, MotionKind.IMPACT, 0.9), drive.now)
    (cue,) = drive.engine.take_cues()
    assert (cue.start, cue.kind, cue.prompt) == (frame, CueKind.ACTION, "knock")
    drive.engine.lay(cue.id, Sound(np.ones((2, 480), np.float32)), drive.now)
    assert drive.engine.statistics().mixer.laid == 1


def test_the_original_leaves_beside_the_programme_frame_by_frame_without_what_was_laid() -> None:
    mix = MixSettings(apart=True)
    settings = RoomSettings(mix=mix, plan=PlannerSettings(actions=False, bed=False))
    engine = RoomEngine(settings, make_decoder=make_decoder, encoder=AacEncoder(), original_encoder=AacEncoder())
    engine.feed(VIDEO, 0.0)
    left: list[OutputItem] = []
    for step in range(100):
        engine.feed(Packet(V, b"picture", step * 40, step * 40, MILLISECONDS, True), step * 0.04)
        if step == 50:
            burst = np.full((2, 24_000), 0.5, np.float32)
            cue = accent_cue(engine.soonest(0.5, 2.0), prompt="bell")
            engine.lay(engine.accent(cue, 2.0), Sound(burst, 0), 2.0)
        departure = engine.advance(step * 0.04)
        assert [item for item in departure.with_original if not item.original] == departure.program
        left.extend(departure.with_original)
    sounds = {
        original: [item for item in left if isinstance(item, Unit) and item.kind is A and item.original is original]
        for original in (False, True)
    }
    assert [unit.pts for unit in sounds[True]] == [unit.pts for unit in sounds[False]]
    loudest = {}
    for original, units in sounds.items():
        decoder = make_decoder(AacEncoder().info)
        blocks = [samples for unit in units for _, samples in decoder.decode(unit.packet)]
        loudest[original] = float(np.abs(np.concatenate(blocks, axis=1)).max())
    assert loudest[False] > 0.1
    assert loudest[True] == 0


def test_a_sound_that_cannot_be_mixed_costs_itself_and_not_the_original() -> None:
    drive = started()
    drive.engine.lay_bed(np.full((2, 5 * TICK_RATE), np.float32(0.1)), TICK_RATE)

    def broken(start: int, n: int) -> None:
        raise FloatingPointError("our bug")

    drive.engine._foley._mixer._foley = broken  # type: ignore[method-assign, assignment]
    drive.run(4.0, start_ms=0)
    assert drive.engine.statistics().mixer.failures > 0
    assert len(drive.units(A)) * 1024 >= 2 * TICK_RATE


def test_an_accent_is_asked_for_at_once_and_the_end_runs_out() -> None:
    drive = started()
    drive.run(2.0, start_ms=0)
    start = drive.engine.playout.playhead(drive.now) + TICK_RATE
    assert drive.engine.accent(accent_cue(start, effect="ding"), drive.now) == 1
    assert drive.engine.take_cues()[0].effect == "ding"
    drive.engine.end()
    drive.run(2.5)
    assert drive.engine.drained()
    assert drive.units(V)[-1].packet.data == b"picture 1960"
    last = drive.engine.finish().program
    assert len(last) >= 1
