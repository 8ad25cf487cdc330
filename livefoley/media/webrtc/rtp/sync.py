"""One clock for the tracks of a publisher: RTP timestamps unwrapped and brought together by its sender reports.

RTP clocks start anywhere; only RTCP sender reports (RFC 3550, 6.4.1) say how they belong together. Before the first
reports the frames that travelled least tell; with the reports the picture is put in its place, and follows the sound's
clock from there.

A publisher reads its clock when it sends, and a busy one sends late: that only ever adds, so of the last reports of a
track the one that was least late tells.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

STEP_S = 0.04  # beyond this the picture jumps to its place, below it slides there unseen
SLIDE_S = 0.001  # the most a frame is moved against the one before it
FIRST_SLIDE_S = 0.004  # the same before the first reports: there is little to be seen as yet, and much to be mended
KEPT_REPORTS = 12  # of each track; a clock that drifts by 200 ppm has gone 2.4 ms further in as many seconds
OUTLIER_S = 1.0  # a report this far off is of another clock: the publisher changed its tracks


class Unwrap:
    """Turns 32-bit RTP timestamps into ones that count on."""

    def __init__(self) -> None:
        self.last: int | None = None

    def near(self, timestamp: int) -> int:
        """Return ``timestamp`` unwrapped, within half the range of the last; does not take it as the last."""
        last = timestamp if self.last is None else self.last
        return last + (timestamp - last + (1 << 31)) % (1 << 32) - (1 << 31)


@dataclass(slots=True)
class _Track:
    rate: int
    unwrap: Unwrap = field(default_factory=Unwrap)
    offset_s: float = 0.0  # timeline = RTP seconds + this
    reports: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_REPORTS))  # sender's clock less RTP seconds
    least_s: float = math.inf  # our clock at arrival = RTP seconds + this, for the frame that travelled least
    early: tuple[float, int] | None = None  # a report that came before the first frame
    pts: int | None = None

    @property
    def ntp_s(self) -> float | None:
        """Sender's clock = RTP seconds + this; None before the first report."""
        return min(self.reports, default=None)


class TrackSync:
    """Places the frames of ``audio`` (48000) and ``video`` (90000) on one timeline that begins at the first frame."""

    def __init__(self) -> None:
        self._tracks = {"audio": _Track(48000), "video": _Track(90000)}
        self._began_s: float | None = None
        self._together = False

    def place(self, kind: str, timestamp: int, now_s: float) -> int | None:
        """Return the pts of a frame in its track's own rate, always growing; None for a frame out of order."""
        track = self._tracks[kind]
        first = track.unwrap.last is None
        at = track.unwrap.near(timestamp)
        if not first and at <= (track.unwrap.last or 0):
            return None
        track.unwrap.last = at
        if first:
            self._begin(track, at, now_s)
        track.least_s = min(track.least_s, now_s - at / track.rate)
        if kind == "video":
            self._follow(track)
        pts = round((at / track.rate + track.offset_s) * track.rate)
        track.pts = pts if track.pts is None else max(pts, track.pts + 1)  # where the picture was moved back
        return track.pts

    def report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Take a sender report: ``ntp_s`` and ``timestamp`` are the same moment."""
        track = self._tracks[kind]
        if track.unwrap.last is None:
            track.early = ntp_s, timestamp
            return
        found = ntp_s - track.unwrap.near(timestamp) / track.rate
        if track.ntp_s is not None and abs(found - track.ntp_s) > OUTLIER_S:
            track.reports.clear()
        track.reports.append(found)

    def offset_s(self) -> float | None:
        """Return how far the picture is behind its place (s); None while that is unknown."""
        audio, video = self._tracks["audio"], self._tracks["video"]
        if audio.ntp_s is None or video.ntp_s is None:
            return None
        return video.offset_s - (audio.offset_s + video.ntp_s - audio.ntp_s)

    def _begin(self, track: _Track, at: int, now_s: float) -> None:
        if self._began_s is None:
            self._began_s = now_s
        track.offset_s = now_s - self._began_s - at / track.rate
        if track.early is not None:
            ntp_s, timestamp = track.early
            track.reports.append(ntp_s - track.unwrap.near(timestamp) / track.rate)

    def _follow(self, video: _Track) -> None:
        """Move the picture towards its place."""
        behind_s, slide_s = self.offset_s(), SLIDE_S
        if behind_s is None:
            behind_s, slide_s = self._arrived_behind_s(), FIRST_SLIDE_S
        elif not self._together:
            self._together, slide_s = True, abs(behind_s)
        if abs(behind_s) <= STEP_S:
            behind_s = max(-slide_s, min(slide_s, behind_s))
        video.offset_s -= behind_s

    def _arrived_behind_s(self) -> float:
        """Return how far the picture is behind its place as far as arrivals tell (s)."""
        audio, video = self._tracks["audio"], self._tracks["video"]
        if audio.unwrap.last is None:
            return 0.0
        return video.offset_s - (audio.offset_s + video.least_s - audio.least_s)
