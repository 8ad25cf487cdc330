"""What a bad network costs, in virtual time: packets are lost, overtake each other and are asked for again."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from livefoley.core.media import Packet
from livefoley.formats import nal, opus
from livefoley.media.webrtc.aiortc_overrides import AUDIO_WAIT_S, VIDEO_WAIT_S
from livefoley.media.webrtc.rtp.reassembly import FrameAssembler
from livefoley.media.webrtc.rtp.units import UnitReader
from tests.webrtc import flashes

SECONDS = 8
PAYLOAD = 1200
TRAVEL_S, JITTER_S = 0.01, 0.03
RATES = {"video": 90_000, "audio": 48_000}
CODECS = {"video": "h264", "audio": "opus"}
NTP_S = 3_900_000_000.0


class Network:
    """Things that happen at their time, and packets that may not arrive."""

    def __init__(self, loss: float) -> None:
        self.now_s = 0.0
        self.lost = 0
        self._loss = loss
        self._random = random.Random(1)
        self._count = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, when_s: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when_s, next(self._count), do))

    def carry(self, arrive: Callable[[], None]) -> None:
        if self._random.random() < self._loss:
            self.lost += 1
        else:
            self.at(self.now_s + TRAVEL_S + self._random.uniform(0, JITTER_S), arrive)

    def run(self) -> None:
        while self._due:
            self.now_s, _, do = heapq.heappop(self._due)
            do()


@dataclass
class Track:
    """One track of a publisher that keeps what it sent, and of the receiver that puts it together."""

    kind: str
    network: Network
    reader: UnitReader
    first: int  # RTP timestamp
    sent: list[tuple[int, bool, bytes]] = field(default_factory=list)
    came: dict[float, Packet] = field(default_factory=dict)  # by when they were taken, s

    def __post_init__(self) -> None:
        is_video = self.kind == "video"
        self.assembler = FrameAssembler(joined=is_video, wait_s=VIDEO_WAIT_S if is_video else AUDIO_WAIT_S)

    def publish(self, units: list[bytes], every_s: float) -> None:
        for index, unit in enumerate(units):
            self.network.at(index * every_s, lambda unit=unit, at_s=index * every_s: self._send(unit, at_s))
        for second in range(1, SECONDS):
            self.network.at(second, lambda at_s=second: self.network.carry(lambda: self._report(at_s)))

    def _send(self, unit: bytes, at_s: float) -> None:
        parts = [unit[at : at + PAYLOAD] for at in range(0, len(unit), PAYLOAD)]
        for part in parts:
            self.sent.append((self._timestamp(at_s), part is parts[-1], part))
            self._carry(len(self.sent) - 1)

    def _carry(self, number: int) -> None:
        self.network.carry(lambda: self._arrive(number))

    def _arrive(self, number: int) -> None:
        now_s = self.network.now_s
        for frame in self.assembler.feed(number & 0xFFFF, *self.sent[number], now_s):
            items = self.reader.read(self.kind, CODECS[self.kind], frame, now_s)
            packets = [item for item in items if isinstance(item, Packet)]
            if packets:  # the last is the frame's own; before it there may be silence for what was lost
                taken_s = (frame.timestamp - self.first) % (1 << 32) / RATES[self.kind]
                self.came[round(taken_s, 4)] = packets[-1]
        if self.kind == "video" and (missing := self.assembler.take_overdue(now_s)):
            self.network.carry(lambda: [self._carry(number) for number in missing] and None)

    def _report(self, at_s: float) -> None:
        self.reader.sync.report(self.kind, NTP_S + at_s, self._timestamp(at_s))

    def _timestamp(self, at_s: float) -> int:
        return (self.first + round(at_s * RATES[self.kind])) % (1 << 32)


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return flashes.pictures(SECONDS)


@pytest.fixture(scope="module")
def sound() -> list[bytes]:
    return flashes.ticks(SECONDS)


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.05, 0.10])
def test_a_bad_network_costs_few_pictures_and_no_lip_sync(
    pictures: list[bytes], sound: list[bytes], loss: float
) -> None:
    network, reader = Network(loss), UnitReader()
    video, audio = (
        Track("video", network, reader, first=4_294_000_000),  # wraps on the way
        Track("audio", network, reader, first=12_345),
    )
    video.publish(pictures, 1 / flashes.FPS)
    audio.publish(sound, 0.02)
    network.run()
    sent = [nal.join_length_prefixed(nal.split_annex_b(unit)) for unit in pictures]
    places = [sent.index(packet.data) for packet in video.came.values()]
    assert places == sorted(set(places))
    assert len(places) >= (1 if loss == 0 else 0.8) * len(sent)
    assert (network.lost > 0) == (loss > 0)
    (sound_s,) = {round((packet.pts + opus.DELAY) / 48_000 - at_s, 3) for at_s, packet in audio.came.items()}
    apart_ms = {at_s: 1000 * (packet.pts / 90_000 - at_s - sound_s) for at_s, packet in video.came.items()}
    # before the first reports what travelled least tells; a first keyframe that had to be asked for again is late
    assert max(abs(apart) for at_s, apart in apart_ms.items() if at_s > 0.6) <= 45
    assert max(abs(apart) for at_s, apart in apart_ms.items() if at_s > 3) <= 1
