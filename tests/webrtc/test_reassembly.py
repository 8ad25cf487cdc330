"""Packets to frames: whatever the network does to them, what comes out is whole, in order, and says what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from livefoley.media.webrtc.rtp.reassembly import MAX_HELD, Frame, FrameAssembler

WAIT_S = 0.4


@dataclass(frozen=True)
class Sent:
    number: int
    timestamp: int
    marker: bool
    data: bytes


def frames_of(sizes: list[int], first: int = 65_500) -> list[Sent]:
    """Return the packets of frames with so many packets each; sequence numbers wrap on the way."""
    packets: list[Sent] = []
    for index, size in enumerate(sizes):
        for part in range(size):
            number = (first + len(packets)) % 65_536
            packets.append(Sent(number, index * 3000, part == size - 1, bytes([index % 256, part])))
    return packets


def joined(sizes: list[int]) -> list[bytes]:
    return [b"".join(bytes([index % 256, part]) for part in range(size)) for index, size in enumerate(sizes)]


def feed(assembler: FrameAssembler, packets: list[Sent], step_s: float = 0.01, begin_s: float = 0.0) -> list[Frame]:
    """Feed packets at a steady pace; return what came out."""
    out: list[Frame] = []
    for index, packet in enumerate(packets):
        now_s = begin_s + index * step_s
        out += assembler.feed(packet.number, packet.timestamp, packet.marker, packet.data, now_s)
    return out


@given(st.lists(st.integers(1, 5), min_size=30, max_size=60), st.randoms(use_true_random=False))
def test_packets_that_overtake_each_other_come_out_in_order(sizes: list[int], random: object) -> None:
    packets = frames_of(sizes)
    late = [(index + random.uniform(0, 4), packet) for index, packet in enumerate(packets)]  # type: ignore[attr-defined]
    shuffled = [packet for _, packet in sorted(late, key=lambda pair: pair[0])]
    assembler = FrameAssembler(joined=True, wait_s=WAIT_S)
    out = feed(assembler, shuffled)
    tail = [Sent((packets[-1].number + 1) % 65_536, 10**6, True, b"tail")]
    out += feed(assembler, tail, begin_s=len(packets) * 0.01)
    assert [frame.data for frame in out] == [*joined(sizes), b"tail"]
    assert not any(frame.after_loss for frame in out)


@given(st.lists(st.integers(1, 5), min_size=40, max_size=60), st.sets(st.integers(6, 80), max_size=8))
def test_what_comes_out_after_losses_is_whole_in_order_and_announced(sizes: list[int], lost: set[int]) -> None:
    packets = frames_of(sizes)
    kept = [packet for index, packet in enumerate(packets) if index not in lost or index >= len(packets) - 10]
    assembler = FrameAssembler(joined=True, wait_s=0.02)
    out = feed(assembler, kept)
    whole = joined(sizes)
    places = [whole.index(frame.data) for frame in out]  # raises for one that is not whole
    assert places == sorted(set(places))
    for before, frame, place in zip([-1, *places], out, places, strict=False):
        assert frame.after_loss or place == before + 1
    assert assembler.lost_packets == len(packets) - len(kept)


def test_a_frame_without_a_marker_ends_where_the_next_one_begins() -> None:
    assembler = FrameAssembler(joined=True, wait_s=WAIT_S)
    packets = [Sent(number, number // 2, False, bytes([number])) for number in range(10)]
    assert [frame.data for frame in feed(assembler, packets, 0.05)] == [b"\0\1", b"\2\3", b"\4\5", b"\6\7"]


def test_padding_between_frames_belongs_to_none_and_is_no_loss() -> None:
    assembler = FrameAssembler(joined=True, wait_s=WAIT_S)
    packets = [Sent(0, 0, True, b"a"), Sent(1, 0, False, b""), Sent(2, 0, False, b""), Sent(3, 9, True, b"b")]
    assert feed(assembler, packets, 0.05) == [Frame(b"a", 0), Frame(b"b", 9)]


def test_each_packet_of_sound_is_a_frame_and_a_lost_one_is_waited_for_only_so_long() -> None:
    assembler = FrameAssembler(joined=False, wait_s=0.15)
    packets = [Sent(number, number * 960, False, bytes([number])) for number in range(20) if number != 10]
    out = feed(assembler, packets, 0.02)
    assert [frame.data[0] for frame in out] == [number for number in range(20) if number != 10]
    assert [frame.data[0] for frame in out if frame.after_loss] == [11]


def test_a_missing_packet_is_asked_for_again_and_again_and_one_that_is_only_late_is_not() -> None:
    assembler = FrameAssembler(joined=True, wait_s=WAIT_S)
    packets = frames_of([1] * 40, first=65_530)
    asked: list[list[int]] = []
    for index, packet in enumerate(packets):
        if index not in (20, 25):
            assembler.feed(packet.number, packet.timestamp, packet.marker, packet.data, index * 0.01)
        if index == 26:  # came late, after 10 ms
            late = packets[25]
            assembler.feed(late.number, late.timestamp, late.marker, late.data, index * 0.01)
        asked.append(assembler.take_overdue(index * 0.01))
    assert [numbers for numbers in asked if numbers] == [[packets[20].number]] * 2


def test_numbers_to_ask_for_ascend_even_where_they_wrap() -> None:
    assembler = FrameAssembler(joined=True, wait_s=WAIT_S)
    for number in (65_530, 65_533, 3):
        assembler.feed(number, number, True, b"x", 0.0)
    assert assembler.take_overdue(0.1) == [0, 1, 2, 65_531, 65_532, 65_534, 65_535]


def test_another_stream_of_numbers_begins_anew_and_says_so() -> None:
    assembler = FrameAssembler(joined=True, wait_s=WAIT_S)
    out = feed(assembler, frames_of([1] * 10, first=100), 0.02)
    out += feed(assembler, frames_of([1] * 10, first=40_000), 0.02, begin_s=1.0)
    assert [frame.data for frame in out] == joined([1] * 10) * 2
    assert [index for index, frame in enumerate(out) if frame.after_loss] == [10]


def test_what_is_held_behind_a_hole_is_bounded() -> None:
    assembler = FrameAssembler(joined=True, wait_s=1e9)
    feed(assembler, frames_of([1] * 10), 0.02)
    burst = frames_of([1] * (MAX_HELD + 50), first=65_500 + 11)
    out = feed(assembler, burst, 0.0, begin_s=1.0)
    assert len(out) > MAX_HELD - 50


def test_at_the_end_whole_frames_behind_a_hole_come_out_and_a_torn_one_does_not() -> None:
    assembler = FrameAssembler(joined=True, wait_s=WAIT_S)
    packets = frames_of([1, 2, 1, 1])
    out = feed(assembler, [packets[0], *packets[2:]], 0.06)  # the first packet of the second frame is lost
    assert out == [Frame(joined([1])[0], packets[0].timestamp)]
    ended = assembler.flush()
    assert [frame.data for frame in ended] == joined([1, 2, 1, 1])[2:]
    assert [frame.after_loss for frame in ended] == [True, False]
    assert assembler.lost_packets == 1
    assert assembler.flush() == []
