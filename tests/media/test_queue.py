"""The queue before a sink: bounded, counted, and what comes out can always be decoded."""

from __future__ import annotations

import asyncio
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.media.unit_queue import UnitQueue
from tests.support.waiting import LIMIT_S

VIDEO, AUDIO = TrackInfo(MediaKind.VIDEO, "h264"), TrackInfo(MediaKind.AUDIO, "aac")


def unit(number: int, kind: MediaKind = MediaKind.VIDEO, keyframe: bool = False, size: int = 10) -> Unit:
    return Unit(Packet(kind, bytes(size), number, number, Fraction(1, 1000), keyframe), number, number, 0)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(1, 50)), max_size=120))
def test_what_comes_out_is_bounded_counted_and_never_starts_between_keyframes(
    steps: list[tuple[bool, bool, bool, int]],
) -> None:
    queue = UnitQueue(max_units=8, max_bytes=200)
    got, dropped_since = 0, False
    for number, (video, keyframe, read, size) in enumerate(steps):
        kind = MediaKind.VIDEO if video else MediaKind.AUDIO
        taken = queue.put_nowait(unit(number, kind, keyframe, size))
        if video:
            if taken:
                assert keyframe or not dropped_since
            dropped_since = not taken or (dropped_since and not keyframe)
        assert queue.units <= 8
        assert queue.bytes <= 200
        if read:
            got += len(queue.get_nowait(limit=3))
    got += len(queue.get_nowait(limit=1000))
    assert got + queue.dropped == len(steps)
    assert (queue.units, queue.bytes) == (0, 0)


def test_parameters_are_never_lost_however_full_the_queue_is() -> None:
    queue = UnitQueue(max_units=1)
    queue.put_nowait(VIDEO)
    queue.put_nowait(unit(0, keyframe=True))
    newer = TrackInfo(MediaKind.VIDEO, "hevc")
    for number in range(1, 100):
        queue.put_nowait(TrackInfo(MediaKind.VIDEO, "h264", bytes([number])))
        queue.put_nowait(unit(number, keyframe=True))
    queue.put_nowait(newer)
    assert queue.get_nowait() == [VIDEO, unit(0, keyframe=True)]
    queue.put_nowait(unit(100, keyframe=True))
    assert queue.get_nowait() == [newer, unit(100, keyframe=True)]


def test_a_restart_gives_the_parameters_again_and_then_a_keyframe() -> None:
    queue = UnitQueue()
    for item in (VIDEO, AUDIO, unit(0, keyframe=True), unit(1), unit(2, MediaKind.AUDIO)):
        queue.put_nowait(item)
    queue.restart()
    assert (queue.units, queue.dropped) == (0, 3)
    for item in (unit(3), unit(4, MediaKind.AUDIO), unit(5, keyframe=True), unit(6)):
        queue.put_nowait(item)
    expected = [AUDIO, unit(4, MediaKind.AUDIO), VIDEO, unit(5, keyframe=True), unit(6)]
    assert queue.get_nowait() == expected


async def test_a_reader_waits_for_items_and_learns_of_the_end() -> None:
    queue = UnitQueue()
    asyncio.get_running_loop().call_later(0.01, queue.put_nowait, unit(0, MediaKind.AUDIO))
    assert await queue.get() == [unit(0, MediaKind.AUDIO)]
    queue.put_nowait(unit(1, MediaKind.AUDIO))
    queue.close()
    assert not queue.put_nowait(unit(2, MediaKind.AUDIO))
    assert await queue.get() == [unit(1, MediaKind.AUDIO)]
    assert await queue.get() == []
    assert queue.dropped == 1


async def test_a_lingering_reader_gets_fewer_larger_batches_but_hears_of_the_end_at_once() -> None:
    queue = UnitQueue()
    loop = asyncio.get_running_loop()
    for number in range(5):
        loop.call_later(0.005 * number, queue.put_nowait, unit(number, MediaKind.AUDIO))
    assert len(await queue.get(linger_s=0.1)) == 5
    queue.put_nowait(unit(5, MediaKind.AUDIO))
    loop.call_later(0.01, queue.close)
    async with asyncio.timeout(LIMIT_S):
        assert len(await queue.get(linger_s=600)) == 1
        assert await queue.get(linger_s=600) == []
