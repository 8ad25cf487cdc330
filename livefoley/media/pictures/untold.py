"""What an output cannot say of the pictures it carries, in words: the log tells it once, its statistics as long as it
is so.
"""

from __future__ import annotations

from typing import Any

from livefoley.core.media import OutputItem, TrackInfo


class Untold:
    """For an output whose ``protocol`` (its name for people) has no place for how pictures are turned."""

    def __init__(self, protocol: str, sink: str, log: Any) -> None:
        self.problem = ""
        self._protocol = protocol
        self._sink = sink
        self._log = log

    def look(self, item: OutputItem) -> None:
        """Take what goes out; never raises."""
        if not isinstance(item, TrackInfo) or item.kind != "video":
            return
        problem = untold(item, self._protocol)
        if problem and problem != self.problem:
            self._log.warning(problem, sink=self._sink)
        self.problem = problem


def untold(info: TrackInfo, protocol: str) -> str:
    """Return what is lost of a track on its way through ``protocol``, and what to do; empty when nothing is."""
    how = info.display.told()
    if not how:
        return ""
    return (
        f"{protocol} has no place for pictures that are to be shown {how}: they lie as stored there; turn them before"
    )
