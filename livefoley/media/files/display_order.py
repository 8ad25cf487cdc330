"""When each packet is shown, for containers that store no presentation times: found out by decoding.

AVI and ASF tell when a packet is decoded, a bare stream of H.264 or HEVC tells no times at all.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import av

CONTAINERS = ("avi", "asf", "h264", "hevc")
_DEEPEST = 20  # packets a decoder may hold back: 16 reference frames and some


class DisplayOrder:
    """Gives packets of such a container their presentation times; feed in decode order, out in the same, some later.

    The n-th picture that leaves the decoder is shown at the n-th stamp of the track. Costs a decode without loop
    filter. A packet whose picture does not come out is shown at its own stamp; one without any follows the one before.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        context.copy_opaque = True
        context.options = {"skip_loop_filter": "all"}
        self._stamps: deque[int] = deque()
        self._waiting: deque[tuple[int, Any]] = deque()
        self._shown: dict[int, int] = {}
        self._count = 0
        self._next = 0  # the stamp of a packet that has none

    def feed(self, packet: Any) -> list[Any]:
        """Take the next packet; return those whose ``pts`` is right now."""
        packet.opaque = self._count
        self._waiting.append((self._count, packet))
        if packet.dts is None:
            packet.dts = packet.pts if packet.pts is not None else self._next
        self._next = packet.dts + (packet.duration or 0)
        self._stamps.append(packet.dts)
        self._count += 1
        self._decode(packet)
        return self._ready(_DEEPEST)

    def flush(self) -> list[Any]:
        """Return the rest."""
        self._decode(None)
        return self._ready(0)

    def _decode(self, packet: Any) -> None:
        try:
            frames = self._context.decode(packet)
        except (av.FFmpegError, ValueError):
            return
        for frame in frames:
            if self._stamps:
                self._shown[frame.opaque] = self._stamps.popleft()

    def _ready(self, most: int) -> list[Any]:
        ready = []
        while self._waiting and (self._waiting[0][0] in self._shown or len(self._waiting) > most):
            number, packet = self._waiting.popleft()
            packet.pts = self._shown.pop(number, packet.dts)
            ready.append(packet)
        return ready
