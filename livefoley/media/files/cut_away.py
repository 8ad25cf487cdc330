"""Pictures that an edit list cuts away: they are decoded, for what follows needs them, and not seen.

Players hide them; outputs that are streams have no way to say so. So they are put where nobody can see them: all of
them within a millisecond, right before the first picture that is shown. What nothing that is shown needs is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from livefoley.core.media import Packet, SourceItem
from livefoley.core.ticks import SAMPLES, Tick, ticks_from_stamp

MOST = 3000  # pictures that wait for one that is shown, and their bytes: a minute of a long group
MOST_BYTES = 256 << 20


class CutAway:
    """Takes one track's items in decode order, and for each whether it is cut away; gives those that are needed.

    ``dropped`` counts those that were given up because too many waited.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._held: list[tuple[SourceItem, bool]] = []
        self._bytes = 0
        self._last: Tick | None = None  # when the last picture that was given is decoded
        self._lost = False  # too many were held: nothing can be decoded up to the next keyframe

    def feed(self, items: Iterable[SourceItem], hidden: bool) -> list[SourceItem]:
        """Take what a packet amounts to; return what can go on."""
        given: list[SourceItem] = []
        for item in items:
            given += self._feed(item, hidden)
        return given

    def flush(self) -> list[SourceItem]:
        """Return the rest: what is cut away at the end is needed by nothing."""
        while self._held and self._held[-1][1]:
            self._held.pop()
        return self._release()

    def _feed(self, item: SourceItem, hidden: bool) -> list[SourceItem]:
        if not self._held and not hidden and not self._lost:
            if isinstance(item, Packet):
                self._last = ticks_from_stamp(item.dts, item.time_base)
            return [item]
        given: list[SourceItem] = []
        if isinstance(item, Packet) and item.keyframe:
            given = self._release() if self._shown() else self._forget()
            self._lost = False
        if self._lost:
            self.dropped += 1
            return given
        self._held.append((item, hidden))
        if isinstance(item, Packet):
            self._bytes += len(item.data)
            if not hidden and item.dts >= min(packet.pts for packet in self._shown()):
                return given + self._release()  # what comes later is shown later, too
        if len(self._held) > MOST or self._bytes > MOST_BYTES:
            self._lost = True
            given += self._forget(dropped=True)
        return given

    def _shown(self) -> list[Packet]:
        return [item for item, hidden in self._held if isinstance(item, Packet) and not hidden]

    def _forget(self, dropped: bool = False) -> list[SourceItem]:
        """Return the parameters among what waits; nothing needs its pictures, or they are ``dropped``."""
        kept: list[SourceItem] = [item for item, _ in self._held if not isinstance(item, Packet)]
        self.dropped += (len(self._held) - len(kept)) * dropped
        self._held, self._bytes = [], 0
        return kept

    def _release(self) -> list[SourceItem]:
        """Return what waits, the hidden pictures put together before the first that is shown."""
        shown = self._shown()
        if not shown:
            return self._forget()
        first = min(packet.pts for packet in shown)
        early = sorted(p.pts for p, hidden in self._held if isinstance(p, Packet) and hidden and p.pts < first)
        at = ticks_from_stamp(first, shown[0].time_base)
        places = {pts: at - len(early) + rank for rank, pts in enumerate(early)}
        before = next(index for index, (_, hidden) in enumerate(self._held) if not hidden)
        decoded = min(ticks_from_stamp(shown[0].dts, shown[0].time_base), at - len(early)) - before
        held, self._held, self._bytes = self._held, [], 0
        given: list[SourceItem] = []
        for index, (item, hidden) in enumerate(held):
            if not isinstance(item, Packet):
                given.append(item)
                continue
            dts = ticks_from_stamp(item.dts, item.time_base)  # between pictures that are shown: decoded in its turn
            dts = decoded + index if index < before else dts
            dts = dts if self._last is None else max(dts, self._last)
            if hidden and item.pts in places:
                item = replace(item, pts=places[item.pts], dts=min(dts, places[item.pts]), time_base=SAMPLES)
            self._last = ticks_from_stamp(item.dts, item.time_base)
            given.append(item)
        return given
