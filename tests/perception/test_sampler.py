"""The frame sampler: exact stamps, little decoding, and no stream that breaks it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE
from livefoley.formats.b_frames import b_frames_are_spare
from livefoley.perception.motion.decoder import PictureDecoder
from livefoley.perception.motion.sampler import Allowance, FrameSampler, SizeHint, SmallPicture
from tests.perception import clips


@pytest.fixture(scope="module")
def ball() -> clips.Clip:
    return clips.encode(clips.bouncing_ball(4.0), 30, size=(640, 360))


@pytest.fixture(scope="module")
def still() -> clips.Clip:
    return clips.encode(clips.still(4.0), 30, size=(640, 360))


def sample(
    clip: clips.Clip, units: list[Unit] | None = None, **options: bool
) -> tuple[list[SmallPicture], FrameSampler]:
    sampler = FrameSampler(**options)
    pictures = sampler.configure(clip.track)
    for unit in clip.units if units is None else units:
        pictures += sampler.feed(unit)
    return pictures + sampler.flush(), sampler


def test_every_picture_carries_the_tick_of_one_of_the_units_and_they_come_in_order(ball: clips.Clip) -> None:
    pictures, _ = sample(ball)
    ticks = [picture.at for picture in pictures]
    assert set(ticks) <= set(ball.frame_ticks)
    assert ticks == sorted(set(ticks))


def test_pictures_are_small_grey_and_keep_the_aspect(ball: clips.Clip) -> None:
    pictures, _ = sample(ball)
    assert {picture.grey.shape for picture in pictures} == {(108, 192)}
    assert {picture.grey.dtype for picture in pictures} == {np.dtype(np.uint8)}


def test_a_calm_stream_is_sampled_at_ten_a_second_and_its_b_frames_are_not_decoded(still: clips.Clip) -> None:
    pictures, sampler = sample(still, refine=False)
    gaps = np.diff([picture.at for picture in pictures]) / TICK_RATE
    assert gaps.max() < 0.2
    assert len(pictures) < 50
    assert sampler.statistics().skipped > 40


def test_watching_brings_every_frame(ball: clips.Clip) -> None:
    sampler = FrameSampler()
    sampler.configure(ball.track)
    sampler.watch(1 << 60)
    pictures = [picture for unit in ball.units for picture in sampler.feed(unit)] + sampler.flush()
    assert [picture.at for picture in pictures] == ball.frame_ticks


def test_a_picture_does_not_depend_on_what_was_skipped_before_it() -> None:
    clip = clips.encode(
        clips.walking_figure(2.5), 30, size=(640, 360), options={"preset": "medium", "bf": "3", "g": "60", "refs": "4"}
    )
    sampler = FrameSampler()
    sampler.configure(clip.track)
    sampler.watch(1 << 60)
    whole = {p.at: p.grey for unit in clip.units for p in sampler.feed(unit)}
    for picture in sample(clip, refine=False)[0]:
        if picture.at in whole:
            assert np.abs(picture.grey.astype(int) - whole[picture.at]).max() <= 1


def test_b_frames_are_spared_only_where_p_frames_have_one_reference(ball: clips.Clip) -> None:
    many = clips.encode(clips.still(0.5), 30, size=(640, 360), options={"preset": "medium", "bf": "3", "refs": "4"})
    assert b_frames_are_spare(ball.track.extradata)
    assert not b_frames_are_spare(many.track.extradata)
    assert not b_frames_are_spare(b"")
    assert not b_frames_are_spare(b"\x01" * 40)


@pytest.mark.parametrize(
    ("encoder", "codec"), [("libx265", "hevc"), ("libsvtav1", "av1"), ("libvpx", "vp8"), ("libvpx-vp9", "vp9")]
)
def test_other_codecs_are_sampled_too(encoder: str, codec: str) -> None:
    options = {"libx265": {"preset": "ultrafast", "x265-params": "log-level=none"}, "libsvtav1": {"preset": "12"}}
    fast = options.get(encoder, {"deadline": "realtime", "cpu-used": "8"})
    clip = clips.encode(clips.bouncing_ball(1.5), 30, codec=encoder, options=fast, size=(640, 360))
    pictures, sampler = sample(clip)
    assert clip.track.codec == codec
    assert 12 <= len(pictures) <= 45
    assert {picture.at for picture in pictures} <= set(clip.frame_ticks)
    assert sampler.statistics().errors == 0


def test_nothing_is_decoded_before_the_first_keyframe(ball: clips.Clip) -> None:
    keys = [n for n, unit in enumerate(ball.units) if unit.packet.keyframe]
    pictures, sampler = sample(ball, ball.units[5:])
    assert pictures[0].at == ball.units[keys[1]].pts
    assert sampler.statistics().waited == keys[1] - 5


def test_corrupt_and_empty_packets_are_counted_and_the_sampler_goes_on(ball: clips.Clip) -> None:
    random = np.random.default_rng(1)
    units = []
    for n, unit in enumerate(ball.units):
        data = unit.packet.data
        if n % 11 == 5:
            data = b"" if n % 2 else random.bytes(len(data))
        units.append(replace(unit, packet=replace(unit.packet, data=data)))
    pictures, sampler = sample(ball, units)
    assert sampler.statistics().errors > 0
    assert len(pictures) > 5
    assert pictures[-1].at > ball.frame_ticks[-1] - 2 * TICK_RATE


def test_another_resolution_is_taken_at_configure_and_nothing_is_lost(ball: clips.Clip) -> None:
    tall = clips.encode(clips.still(1.0), 30, size=(360, 640), origin=48_000 * 10)
    sampler = FrameSampler()
    pictures = sampler.configure(ball.track)
    for unit in ball.units:
        pictures += sampler.feed(unit)
    held = sampler.configure(tall.track)
    assert held
    assert held[-1].at > ball.frame_ticks[-1] - TICK_RATE // 5
    after = [picture for unit in tall.units for picture in sampler.feed(unit)] + sampler.flush()
    assert {picture.grey.shape for picture in after} == {(342, 192)}


def test_a_track_that_cannot_be_decoded_is_passed_over_until_the_next(ball: clips.Clip) -> None:
    sampler = FrameSampler()
    sampler.configure(TrackInfo(MediaKind.VIDEO, "h264", b"\x01junk"))
    for unit in ball.units[:20]:
        assert sampler.feed(unit) == []
    sampler.configure(ball.track)
    assert [picture for unit in ball.units for picture in sampler.feed(unit)]


def test_huge_pictures_are_refused() -> None:
    with pytest.raises(UnsupportedCodec, match="8192x8192"):
        PictureDecoder(TrackInfo(MediaKind.VIDEO, "h264", width=8192, height=8192))
    bomb = clips.encode(clips.still(0.1), 30, size=(4160, 2368), options={"preset": "ultrafast"}, noise=0.0)
    pictures, sampler = sample(replace(bomb, track=replace(bomb.track, width=0, height=0)))
    assert pictures == []
    assert sampler.statistics().errors > 0


def test_a_sudden_large_anchor_is_suspicious_and_a_steady_stream_is_not() -> None:
    hint = SizeHint()
    assert not any(hint.feed(size) for size in (1000, 1100, 950, 1020, 1080, 990, 1050))
    assert hint.feed(2600)


def test_suspicion_is_bounded_to_a_share_of_the_stream() -> None:
    allowance = Allowance(share=0.1, limit=TICK_RATE)
    spent = sum(
        TICK_RATE // 2 for now in range(0, 60 * TICK_RATE, TICK_RATE // 10) if allowance.spend(TICK_RATE // 2, now)
    )
    assert spent <= 7 * TICK_RATE
