"""The playlists of HLS, as text: a live window over the segments. Sans-IO. Format: RFC 8216."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

_LEAST_TARGETS = 3  # in target durations, what a live playlist holds at least (RFC 8216, 6.2.2)
_LONG = 1.5  # in target durations, a segment that raises what the playlist says of them


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment as the playlist names it."""

    uri: str
    init_uri: str
    duration_s: float
    wall_s: float
    discontinuity: bool


class Playlist:
    """The live window over the segments, as text. Sequence numbers rise even over restarts when ``first`` does.

    A segment much longer than ``target_s`` leaves before its turn.
    """

    def __init__(self, window: int = 6, first: int = 0, target_s: float = 2.0) -> None:
        self._window = window
        self._sequence = first
        self._discontinuities = 0
        self._target_s = target_s
        self._entries: deque[Entry] = deque()

    def add(self, entry: Entry) -> list[Entry]:
        """Append a segment and return those that left the window."""
        self._entries.append(entry)
        count = max(len(self._entries) - self._window, self._outlived())
        gone = []
        for _ in range(count):
            left = self._entries.popleft()
            self._sequence += 1
            self._discontinuities += left.discontinuity
            gone.append(left)
        return gone

    @property
    def inits(self) -> set[str]:
        """The initialisation segments that are still needed."""
        return {entry.init_uri for entry in self._entries}

    def _outlived(self) -> int:
        """Return how many segments can leave so that a long one does: those after it are three target durations long.

        A single long gap between keyframes would keep players far behind the live edge for the whole window.
        """
        after_s = 0.0
        for number, entry in enumerate(reversed(self._entries)):
            if entry.duration_s >= _LONG * self._target_s:
                return len(self._entries) - number if after_s >= _LEAST_TARGETS * self._target_s else 0
            after_s += entry.duration_s
        return 0

    @property
    def _target_duration(self) -> int:
        """The longest segment in the window in whole seconds, to the nearest (RFC 8216, 4.3.3.1).

        It falls again after a long one: players stay three times as far behind the live edge.
        """
        return math.floor(max(self._target_s, *(entry.duration_s for entry in self._entries), 0.5) + 0.5)

    def text(self, ended: bool = False) -> str:
        """Return the playlist; ``ended`` says that no more segments come."""
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{self._target_duration}",
            f"#EXT-X-MEDIA-SEQUENCE:{self._sequence}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._discontinuities}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        init = ""
        for entry in self._entries:
            if entry.discontinuity:
                lines.append("#EXT-X-DISCONTINUITY")
            if entry.init_uri != init:
                init = entry.init_uri
                lines.append(f'#EXT-X-MAP:URI="{init}"')
            moment = datetime.fromtimestamp(entry.wall_s, UTC).isoformat(timespec="milliseconds")
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:{moment}", f"#EXTINF:{entry.duration_s:.6f},", entry.uri]
        return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else []), ""])
