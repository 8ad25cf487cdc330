"""One clock for the tracks of a publisher: RTP timestamps unwrapped and brought together by its sender reports.

RTP clocks start anywhere; only RTCP sender reports (RFC 3550, 6.4.1) say how they belong together. Before the first
reports a track begins at its arrival; from then on the sound's clock is the master and the picture follows it.
"""

from __future__ import annotations

from dataclasses import dataclass

STEP_S = 0.04  # beyond this the picture jumps to its place, below it slides there unseen
SLIDE_S = 0.001  # the most a frame is moved against the one before it
SMOOTHING = 0.2  # the weight of a new report; a sender's clock is read with some jitter
OUTLIER_S = 1.0


class Unwrap:
    """Turns 32-bit RTP timestamps into ones that count on."""

    def __init__(self) -> None:
        self._last: int | None = None

    def feed(self, timestamp: int) -> int:
        """Return ``timestamp`` unwrapped, near the last one fed; steps back of up to half the range stay steps back."""
        if self._last is None:
            self._last = timestamp
        else:
            self._last = self.near(timestamp)
        return self._last

    def near(self, timestamp: int) -> int:
        """Return ``timestamp`` unwrapped without taking it as the last."""
        last = self._last or 0
        return last + (timestamp - last + (1 << 31)) % (1 << 32) - (1 << 31)

    @property
    def begun(self) -> bool:
        """Whether anything was fed."""
        return self._last is not None


@dataclass(slots=True)
class _Track:
    rate: int
    unwrap: Unwrap
    offset_s: float = 0.0  # timeline = RTP seconds + this
    ntp_s: float | None = None  # sender's clock = RTP seconds + this
    last: int | None = None


class TrackSync:
    """Places the units of ``audio`` (48000) and ``video`` (90000) on one timeline that begins at the first unit."""

    def __init__(self) -> None:
        self._tracks = {"audio": _Track(48000, Unwrap()), "video": _Track(90000, Unwrap())}
        self._began_s: float | None = None

    def place(self, kind: str, timestamp: int, now_s: float) -> int | None:
        """Return the pts of a unit in its track's own rate; None for one that goes back in time."""
        track = self._tracks[kind]
        first = not track.unwrap.begun
        at_s = track.unwrap.feed(timestamp) / track.rate
        if self._began_s is None:
            self._began_s = now_s
        if first:
            track.offset_s = now_s - self._began_s - at_s
        if kind == "video":
            self._follow(track)
        pts = round((at_s + track.offset_s) * track.rate)
        if track.last is not None and pts <= track.last:
            return None
        track.last = pts
        return pts

    def report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Take a sender report: ``ntp_s`` and ``timestamp`` are the same moment. Useless before the first unit."""
        track = self._tracks[kind]
        if not track.unwrap.begun:
            return
        found = ntp_s - track.unwrap.near(timestamp) / track.rate
        if track.ntp_s is None or abs(found - track.ntp_s) > OUTLIER_S:
            track.ntp_s = found
        else:
            track.ntp_s += SMOOTHING * (found - track.ntp_s)

    def offset_s(self) -> float | None:
        """Return how far the picture is behind its place (s); None while that is unknown."""
        audio, video = self._tracks["audio"], self._tracks["video"]
        if audio.ntp_s is None or video.ntp_s is None:
            return None
        return video.offset_s - (audio.offset_s + video.ntp_s - audio.ntp_s)

    def _follow(self, video: _Track) -> None:
        behind_s = self.offset_s()
        if behind_s is None:
            return
        if abs(behind_s) > STEP_S:
            video.offset_s -= behind_s
        else:
            video.offset_s -= max(-SLIDE_S, min(SLIDE_S, behind_s))
