"""The playlists of HLS, as text: the live window over a track's segments, and what names tracks. Format: RFC 8216."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from livefoley.core.media import Track, TrackInfo
from livefoley.formats.codec_names import codec_name

_LEAST_TARGETS = 3  # in target durations, what a live playlist holds at least (RFC 8216, 6.2.2)
_NAMES = {Track.SOUND: "With sound", Track.ORIGINAL: "Original"}
_STEP = 100_000  # bit/s; what a variant is said to need is rounded up to these, so that it changes rarely
_LONG = 1.5  # in target durations, a segment that raises what the playlist says of them


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment as the playlist names it; with ``gap`` there is none for its time."""

    uri: str
    init_uri: str
    duration_s: float
    wall_s: float
    discontinuity: bool
    gap: bool = False


class Playlist:
    """The live window over the segments, as text. Sequence numbers rise even over restarts when ``first`` does.

    ``discontinuities`` were before the first entry. A segment much longer than ``target_s`` leaves before its turn.
    """

    def __init__(self, window: int = 6, first: int = 0, target_s: float = 2.0, *, discontinuities: int = 0) -> None:
        self._window = window
        self._sequence = first
        self._discontinuities = discontinuities
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
            if entry.init_uri != init and not entry.gap:
                init = entry.init_uri
                lines.append(f'#EXT-X-MAP:URI="{init}"')
            if entry.gap:
                lines.append("#EXT-X-GAP")
            moment = datetime.fromtimestamp(entry.wall_s, UTC).isoformat(timespec="milliseconds")
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:{moment}", f"#EXTINF:{entry.duration_s:.6f},", entry.uri]
        return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else []), ""])


def multivariant(infos: Mapping[Track, TrackInfo], bits_per_s: Mapping[Track, float]) -> str:
    """Return the playlist that names those of the tracks: pictures with either sound, the programme's unless asked.

    ``bits_per_s`` is the most that a segment of each has had. Without pictures the programme's sound plays alone.
    """
    sounds = [track for track in _NAMES if track in infos]
    first = Track.VIDEO if Track.VIDEO in infos else sounds[0]
    peak = bits_per_s[first] + (max((bits_per_s[track] for track in sounds), default=0) if first is Track.VIDEO else 0)
    codecs = [codec_name(infos[track]) for track in dict.fromkeys([first, *sounds[:1]])]
    told = [f"BANDWIDTH={math.ceil(max(1, peak) / _STEP) * _STEP}"]
    if all(codecs):  # one that has no name would be left out
        told.append(f'CODECS="{",".join(codecs)}"')
    if first is Track.VIDEO:
        width, height = infos[first].display.size(infos[first].width, infos[first].height)
        told += [f"RESOLUTION={width}x{height}"] if width and height else []
    told += ['AUDIO="sound"'] if sounds else []
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for track in sounds:
        chosen = "YES" if track is sounds[0] else "NO"
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="{_NAMES[track]}",DEFAULT={chosen},AUTOSELECT={chosen},'
            f'CHANNELS="2",URI="{track}.m3u8"'
        )
    return "\n".join([*lines, f"#EXT-X-STREAM-INF:{','.join(told)}", f"{first}.m3u8", ""])
