"""The rolling buffer: what it gives is what came in, and it never keeps more than it may."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.clips.buffer.chunks import Chunk, Group, Picture
from livefoley.clips.buffer.rolling import BufferLimits, RollingBuffer
from livefoley.clips.buffer.selection import Selection, whole_end
from livefoley.core.errors import InputError
from livefoley.core.events import MotionKind, MotionOnset, Speech, Transcript
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.timeline import ORIGIN

INFO = TrackInfo(MediaKind.VIDEO, "h264", b"avcc", 640, 360)
OTHER = TrackInfo(MediaKind.VIDEO, "h264", b"other", 1280, 720)
FRAME = TICK_RATE // 25
BLOCK = 2048


def picture(at: Tick, keyframe: bool, size: int = 1000, epoch: int = 0) -> Unit:
    packet = Packet(MediaKind.VIDEO, bytes([at % 251]) * size, at // 48, at // 48, Fraction(1, 1000), keyframe)
    return Unit(packet, at, at, epoch)


class Drawer:
    """A chunk_store that stores at once, or when told to."""

    def __init__(self) -> None:
        self.buffer: RollingBuffer | None = None
        self.stored: dict[int, bytes] = {}
        self.slow = self.broken = False

    def put_nowait(self, chunk: Chunk) -> None:
        if self.slow:
            return
        assert self.buffer is not None
        self.stored[chunk.number] = b"".join(chunk.parts)
        self.buffer.chunk_stored(chunk, None if self.broken else chunk.number)

    def drop_nowait(self, chunk: Chunk) -> None:
        self.stored.pop(chunk.number, None)


def stream(buffer: RollingBuffer, seconds: float, start: Tick = ORIGIN, gop: int = 50, size: int = 1000) -> Tick:
    """Let ``seconds`` of pictures and sound leave from ``start`` on; return where they end."""
    end = start + round(seconds * TICK_RATE)
    frame = start
    for at in range(start, end, BLOCK):
        while frame < at + BLOCK:
            buffer.picture(picture(frame, (frame - start) // FRAME % gop == 0, size))
            frame += FRAME
        level = np.float32(at % 997 / 1000)
        buffer.sound(at, np.full((2, BLOCK), level), np.full((2, BLOCK), -level))
    return buffer.end


def started(limits: BufferLimits | None = None, chunk_store: Drawer | None = None) -> RollingBuffer:
    buffer = RollingBuffer(limits or BufferLimits(), chunk_store)
    if chunk_store is not None:
        chunk_store.buffer = buffer
    buffer.picture(INFO)
    return buffer


def test_a_selection_begins_with_a_keyframe_and_shows_the_frame_of_its_beginning() -> None:
    buffer = started()
    stream(buffer, 10)
    selection = buffer.select(ORIGIN + 150_000, ORIGIN + 250_000)
    first = selection.pictures[0]
    assert first.keyframe
    assert first.pts <= selection.start <= ORIGIN + 150_000 < selection.start + FRAME
    assert (selection.start - ORIGIN) % FRAME == 0
    assert ORIGIN + 250_000 <= selection.end < ORIGIN + 250_000 + FRAME
    assert max(p.pts for p in selection.pictures) < selection.end
    assert selection.info == INFO


def test_pictures_that_others_need_are_taken_and_the_clip_ends_where_it_is_whole() -> None:
    decode_order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    pictures = [Picture(1, pts * FRAME, index * FRAME, 0, pts == 0) for index, pts in enumerate(decode_order)]
    assert whole_end(pictures, 4 * FRAME) == (4, 4 * FRAME)  # 0 to 3 are whole
    assert whole_end(pictures, 5 * FRAME) == (7, 7 * FRAME)  # 4 needs 6, and then 5 is wanted, too
    assert whole_end(pictures, 3 * FRAME) == (4, 4 * FRAME)
    assert whole_end(pictures, 3 * FRAME + 1) == (4, 4 * FRAME)
    assert whole_end(pictures, 11 * FRAME) == (10, 10 * FRAME)
    assert whole_end(pictures, 60 * FRAME) == (10, 60 * FRAME)  # the last picture stands


def test_sound_and_foley_are_kept_apart_and_to_the_sample() -> None:
    buffer = started()
    stream(buffer, 6)
    selection = buffer.select(ORIGIN + TICK_RATE, ORIGIN + 3 * TICK_RATE)
    starts = [start for start, _ in selection.sounds]
    assert starts == sorted(starts)
    assert starts[0] <= selection.start
    for (start, sizes), piece in zip(selection.sounds, selection.blocks, strict=True):
        original = np.frombuffer(piece.parts[0], "<i2").reshape(-1, 2)
        foley = np.frombuffer(piece.parts[1], "<i2").reshape(-1, 2)
        assert sizes == (len(piece.parts[0]), len(piece.parts[1]))
        assert abs(original[0, 0] - round(start % 997 / 1000 * 32767)) <= 1
        assert np.array_equal(original, -foley)


def test_foley_that_is_silent_costs_nothing() -> None:
    buffer = started()
    for at in range(ORIGIN, ORIGIN + 4 * TICK_RATE, BLOCK):
        buffer.sound(at, np.full((2, BLOCK), 0.5, np.float32), np.zeros((2, BLOCK), np.float32))
    assert buffer.statistics().memory_bytes <= (buffer.end - ORIGIN) * 4


def test_what_is_too_old_goes() -> None:
    buffer = started(BufferLimits(keep=10 * TICK_RATE))
    stream(buffer, 60)
    assert 10 <= buffer.statistics().seconds <= 13
    assert buffer.statistics().dropped_bytes == 0
    with pytest.raises(InputError, match="keep_s"):
        buffer.select(ORIGIN, ORIGIN + 5 * TICK_RATE)


def test_what_memory_has_no_room_for_goes_to_the_chunk_store_and_comes_back_whole() -> None:
    chunk_store = Drawer()
    buffer = started(BufferLimits(memory_bytes=2_000_000, disk_bytes=100_000_000), chunk_store)
    stream(buffer, 30)
    figures = buffer.statistics()
    assert figures.memory_bytes <= 2_000_000
    assert figures.dropped_bytes == 0
    assert figures.disk_bytes == sum(map(len, chunk_store.stored.values())) > 0
    selection = buffer.select(ORIGIN, ORIGIN + 29 * TICK_RATE)
    data = b"".join(
        b"".join(p.parts) if p.where is None else chunk_store.stored[int(str(p.where))] for p in selection.groups
    )
    assert data.startswith(bytes([ORIGIN % 251]) * 1000)
    assert len(data) >= sum(p.size for p in selection.pictures)


@pytest.mark.parametrize("fault", ["broken", "slow"])
def test_a_chunk_store_that_fails_or_hangs_costs_the_oldest_and_is_counted(fault: str) -> None:
    chunk_store = Drawer()
    setattr(chunk_store, fault, True)
    buffer = started(BufferLimits(memory_bytes=2_000_000, disk_bytes=100_000_000), chunk_store)
    stream(buffer, 60)
    figures = buffer.statistics()
    assert figures.memory_bytes <= 2_000_000
    assert figures.dropped_bytes > 0
    assert (figures.chunk_store_errors > 0) == (fault == "broken")
    assert buffer.select(buffer.end - 2 * TICK_RATE, buffer.end).pictures


def test_a_group_that_never_ends_does_not_fill_the_memory() -> None:
    buffer = started(BufferLimits(memory_bytes=1_000_000))
    stream(buffer, 60, gop=1_000_000, size=20_000)
    assert buffer.statistics().memory_bytes <= 1_000_000
    assert buffer.statistics().dropped_pictures > 1000


def test_a_gap_is_told_and_joins_what_has_the_same_parameters() -> None:
    buffer = started()
    left = stream(buffer, 6)
    for at in range(left, left + 4 * TICK_RATE, BLOCK):
        buffer.sound(at, np.zeros((2, BLOCK), np.float32), None)
    again = buffer.end
    for number in range(100):
        buffer.picture(picture(again + number * FRAME, number % 50 == 0, epoch=1))
    for at in range(again, again + 4 * TICK_RATE, BLOCK):
        buffer.sound(at, np.zeros((2, BLOCK), np.float32), None)
    selection = buffer.select(left - 2 * TICK_RATE, again + 2 * TICK_RATE)
    assert selection.epochs == (0, 1)
    assert len(selection.gaps) == 1
    start, end, what = selection.gaps[0]
    assert what == "publisher away"
    assert abs(start - left) < 3 * FRAME
    assert end == again


def away(buffer: RollingBuffer, seconds: int, level: float = 0.0) -> int:
    """Let the room go on without pictures; return where that begins."""
    left = buffer.end
    for at in range(left, left + seconds * TICK_RATE, BLOCK):
        buffer.sound(at, np.full((2, BLOCK), level, np.float32), None)
    return left


@pytest.mark.parametrize("keep_s", [180, 20])
def test_while_the_publisher_is_away_there_is_no_clip(keep_s: int) -> None:
    buffer = started(BufferLimits(keep=keep_s * TICK_RATE))
    stream(buffer, 10)
    away(buffer, 60)
    with pytest.raises(InputError, match="publisher was away"):
        buffer.select(buffer.end - 5 * TICK_RATE, buffer.end)


def test_a_clip_ends_with_what_was_sent() -> None:
    buffer = started()
    stream(buffer, 10)
    left = away(buffer, 60)
    selection = buffer.select(left - 4 * TICK_RATE, left + 20 * TICK_RATE)
    assert abs(selection.start - (left - 4 * TICK_RATE)) < FRAME
    assert 0 <= selection.end - left <= BLOCK  # the block that was mixed last


def test_the_publisher_who_comes_back_within_a_block_of_sound_makes_no_clip_of_the_time_before() -> None:
    buffer = started()
    stream(buffer, 10)
    left = away(buffer, 9)
    back = buffer.end
    stream(buffer, 6, back)
    with pytest.raises(InputError, match="publisher was away"):
        buffer.select(left, back)  # the blocks at both ends hold sound
    with pytest.raises(InputError, match="publisher was away"):
        buffer.select(left - FRAME, back - TICK_RATE)  # a picture or two are no clip
    assert buffer.select(left + TICK_RATE, back + 2 * TICK_RATE).start == back


def test_what_is_held_before_other_parameters_is_no_end_of_a_clip() -> None:
    buffer = started()
    stream(buffer, 10)
    left = away(buffer, 3)
    buffer.picture(OTHER)
    stream(buffer, 6, buffer.end)
    selection = buffer.select(left - 3 * TICK_RATE, buffer.end, around=left - TICK_RATE)
    assert selection.info == INFO
    assert 0 <= selection.end - left <= BLOCK
    assert selection.gaps == ()


def test_where_pictures_alone_are_missing_a_clip_is_as_long_as_was_asked() -> None:
    buffer = started()
    stream(buffer, 10)
    left = away(buffer, 30, level=0.1)
    selection = buffer.select(left + 10 * TICK_RATE, left + 15 * TICK_RATE)
    assert (selection.start, selection.end) == (left + 10 * TICK_RATE, left + 15 * TICK_RATE)
    assert [what for *_, what in selection.gaps] == ["publisher away"]


def test_other_parameters_split_a_clip_where_its_peak_is() -> None:
    buffer = started()
    change = stream(buffer, 6)
    buffer.picture(OTHER)
    end = stream(buffer, 6, change)
    before = buffer.select(change - 4 * TICK_RATE, change + 2 * TICK_RATE, around=change - 3 * TICK_RATE)
    after = buffer.select(change - 2 * TICK_RATE, end, around=change + TICK_RATE)
    assert before.info == INFO
    assert before.end <= change + FRAME
    assert after.info == OTHER
    assert after.start >= change


def test_who_speaks_at_the_beginning_is_known_however_long_ago_it_began() -> None:
    buffer = started(BufferLimits(keep=10 * TICK_RATE))
    buffer.event(Speech(ORIGIN + 100, active=True))
    buffer.event(MotionOnset(ORIGIN + 200, MotionKind.IMPACT, 0.9))
    buffer.event(Transcript(ORIGIN, ORIGIN + TICK_RATE, "hello", "en"))
    end = stream(buffer, 30)
    assert buffer.select(end - 5 * TICK_RATE, end).events == (Speech(ORIGIN + 100, active=True),)


def test_what_the_room_sounded_like_then_is_told_of_the_clip() -> None:
    buffer = started()
    buffer.describe("rain")
    first = stream(buffer, 5)
    buffer.describe("a workshop")
    second = stream(buffer, 5, first)
    assert buffer.select(ORIGIN, first - TICK_RATE).describe == "rain"
    assert buffer.select(first + TICK_RATE, second).describe == "a workshop"


@settings(max_examples=60, deadline=None)
@given(
    memory=st.integers(200_000, 3_000_000),
    disk=st.integers(0, 3_000_000),
    keep_s=st.integers(2, 40),
    parts=st.lists(st.tuples(st.floats(0.2, 8), st.integers(1, 200), st.integers(1, 40_000)), min_size=1, max_size=6),
)
def test_whatever_comes_the_bounds_hold_and_every_byte_is_accounted_for(
    memory: int, disk: int, keep_s: int, parts: list[tuple[float, int, int]]
) -> None:
    chunk_store = Drawer()
    buffer = started(BufferLimits(keep_s * TICK_RATE, memory, disk), chunk_store)
    at = ORIGIN
    for seconds, gop, size in parts:
        at = stream(buffer, seconds, at, gop, size)
        figures = buffer.statistics()
        assert figures.memory_bytes <= memory + 2 * TICK_RATE * 8 + gop * size
        assert figures.disk_bytes <= disk
        assert figures.disk_bytes == sum(map(len, chunk_store.stored.values()))
        assert figures.seconds <= keep_s + 4.1  # a block of sound at each end
    selection = taken(buffer)
    assert selection is None or all(p.keyframe for p in selection.pictures[:1])


def taken(buffer: RollingBuffer) -> Selection | None:
    try:
        return buffer.select(buffer.end - TICK_RATE, buffer.end)
    except InputError:
        return None


def test_a_group_knows_its_span_whatever_the_order_of_its_pictures() -> None:
    group = Group(1, INFO)
    for pts in (100, 400, 200, 300):
        group.add(Picture(3, pts, pts, 0, pts == 100), b"abc")
    assert (group.start, group.end, group.size) == (100, 400, 12)
