"""From RTP packets to encoded frames: order, retransmission, loss. Sans-IO; ``now_s`` is an argument.

aiortc's own buffer waits for a lost packet until 512 others have come: seconds at the bit rate of a browser. This one
waits as long as a retransmission can take, asks for it again and again meanwhile, and then says that something is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_HELD = 2048  # packets behind a hole; more is a burst no hole is worth
MAX_JUMP = 4096  # a sequence number further off than this is another stream
SETTLE_S = 0.05  # at the start: what was sent first need not come first
REORDERED_S = 0.015  # a hole this young may fill by itself
ASK_AGAIN_S = 0.08
MAX_ASKED = 128  # sequence numbers in one request


@dataclass(frozen=True, slots=True)
class Frame:
    """The encoded data of one RTP timestamp (32 bits, as it came); ``after_loss``: something before it is missing."""

    data: bytes
    timestamp: int
    after_loss: bool = False


@dataclass(slots=True)
class _Held:
    timestamp: int
    marker: bool
    data: bytes
    arrived_s: float


@dataclass(slots=True)
class _Hole:
    seen_s: float
    asked_s: float = float("-inf")


class FrameAssembler:
    """Puts one track's packets in order and joins those that belong together.

    ``joined``: a frame is all packets of one timestamp, up to the marker (video); otherwise each packet is one (sound).
    A hole is waited for ``wait_s``. After a hole the rest of the frame it fell into is left out.
    """

    def __init__(self, *, joined: bool, wait_s: float) -> None:
        self.lost_packets = 0
        self._joined = joined
        self._wait_s = wait_s
        self._held: dict[int, _Held] = {}
        self._holes: dict[int, _Hole] = {}
        self.reset()

    def reset(self) -> None:
        """Begin anew with the next packet: another stream."""
        self._held.clear()
        self._holes.clear()
        self._settled_s: float | None = None
        self._next = self._highest = 0
        self._parts: list[bytes] = []
        self._timestamp: int | None = None
        self._torn = self._after_loss = False

    def feed(self, number: int, timestamp: int, marker: bool, data: bytes, now_s: float) -> list[Frame]:
        """Take a packet (``number``: 16 bits); return the frames that are whole now."""
        if self._settled_s is None:
            self._settled_s = now_s + SETTLE_S
            self._next, self._highest = number, number - 1
        at = self._highest + (number - self._highest + 0x8000) % 0x10000 - 0x8000
        if abs(at - self._highest) > MAX_JUMP:
            self.reset()
            self._after_loss = True
            return self.feed(number, timestamp, marker, data, now_s)
        if at < self._next and now_s < self._settled_s:
            self._expect(range(at + 1, self._next), now_s)
            self._next = at  # the first to come was not the first to be sent
        if at < self._next or at in self._held:
            return []  # too late, or twice
        self._holes.pop(at, None)
        self._expect(range(self._highest + 1, at), now_s)
        self._highest = max(self._highest, at)
        self._held[at] = _Held(timestamp, marker, data, now_s)
        return self._release(now_s) if now_s >= self._settled_s else []

    def flush(self) -> list[Frame]:
        """Return the whole frames that wait behind a hole, at the end of the stream: nothing fills it any more."""
        frames: list[Frame] = []
        while self._held:
            self._give_up(min(self._held))
            frames += self._run()
        return frames

    def _expect(self, numbers: range, now_s: float) -> None:
        self._holes.update((missing, _Hole(now_s)) for missing in numbers)

    def take_overdue(self, now_s: float) -> list[int]:
        """Return the sequence numbers (16 bits) to ask the sender for now, in order."""
        due = [
            number
            for number, hole in self._holes.items()
            if now_s - hole.seen_s >= REORDERED_S and now_s - hole.asked_s >= ASK_AGAIN_S
        ]
        due = sorted(due)[:MAX_ASKED]
        for number in due:
            self._holes[number].asked_s = now_s
        return sorted(number & 0xFFFF for number in due)  # as aiortc packs them

    def _release(self, now_s: float) -> list[Frame]:
        frames = self._run()
        while self._held:
            first = min(self._held)
            if now_s - self._held[first].arrived_s < self._wait_s and len(self._held) <= MAX_HELD:
                break
            self._give_up(first)
            frames += self._run()
        return frames

    def _give_up(self, first: int) -> None:
        self.lost_packets += first - self._next
        for missing in range(self._next, first):
            self._holes.pop(missing, None)
        self._next = first
        self._parts.clear()
        self._timestamp = None
        self._torn = self._joined
        self._after_loss = True

    def _run(self) -> list[Frame]:
        """Take every packet that is next in order."""
        frames: list[Frame] = []
        while (packet := self._held.pop(self._next, None)) is not None:
            self._next += 1
            if self._joined:
                self._join(packet, frames)
            elif packet.data:
                frames.append(self._frame(packet.data, packet.timestamp))
        return frames

    def _join(self, packet: _Held, frames: list[Frame]) -> None:
        if self._timestamp is not None and packet.timestamp != self._timestamp:
            self._finish(frames)  # a frame whose sender set no marker
        if packet.data or self._parts:  # padding between frames belongs to none
            self._timestamp = packet.timestamp
            self._parts.append(packet.data)
        if packet.marker:
            self._finish(frames)

    def _finish(self, frames: list[Frame]) -> None:
        if self._parts and self._timestamp is not None and not self._torn:
            frames.append(self._frame(b"".join(self._parts), self._timestamp))
        self._parts.clear()
        self._timestamp = None
        self._torn = False

    def _frame(self, data: bytes, timestamp: int) -> Frame:
        after_loss, self._after_loss = self._after_loss, False
        return Frame(data, timestamp, after_loss)
