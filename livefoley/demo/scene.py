"""The demo's little play: what moves in the room and when, as closed-form functions of time. No drawing here.

Every contact falls on a frame, so the sound of it has one right moment. Positions are pixels of a 1280x720 picture,
times are seconds, frames count at 30 a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT, FPS = 1280, 720, 30
SECONDS = 30
FRAMES = SECONDS * FPS

TABLE_Y = 560  # where things stand on the table
GRAVITY = 2600.0  # pixels a second squared

MALLET_HITS = (120, 144, 168, 180, 192, 780, 795, 810)
BALL_HITS = ((246, 270, 290, 306, 319), (846, 866, 882))
BOX_HITS = (435, 474)
CUP_DOWN = 534
WALK = (540, 800)  # somebody passes outside: seen, not heard

MALLET_X, MALLET_Y = 846.0, 548.0  # the face of the mallet when it hits
BOX_X, BOX_SIZE = 250.0, 118.0
CUP_X = 548.0
BALL_RADIUS = 34.0

_LIFT_S, _STRIKE_S, _REST_ANGLE, _RAISED_ANGLE = 0.30, 0.14, 12.0, 46.0
_CUP_FALL_S = 0.55


@dataclass(frozen=True, slots=True)
class Contact:
    """One thing touches another at ``frame``; ``x`` in 0..1 from left to right."""

    frame: int
    x: float
    what: str

    @property
    def s(self) -> float:
        """The moment in seconds from the first frame."""
        return self.frame / FPS


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a thing is: its centre (or foot) in pixels, and its turn in degrees, clockwise."""

    x: float
    y: float
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the host: an asset's name, when it begins, and where in it there is voice (seconds)."""

    name: str
    start_s: float
    voiced_s: tuple[tuple[float, float], ...]

    @property
    def spans_s(self) -> tuple[tuple[float, float], ...]:
        """Where there is voice, in seconds of the clip."""
        return tuple((self.start_s + begin, self.start_s + end) for begin, end in self.voiced_s)


LINES = (
    Line("countdown", 0.5, ((0.30, 0.76), (1.09, 2.38))),
    Line("shot", 11.2, ((0.30, 0.88), (1.25, 2.43))),
    Line("cup", 18.4, ((0.29, 1.50), (1.78, 3.43))),
    Line("walk", 22.8, ((0.30, 2.34),)),
    Line("soldout", 26.2, ((0.54, 1.18), (1.55, 2.73))),
)


def contacts() -> tuple[Contact, ...]:
    """Return every contact of the play in order."""
    found = [Contact(frame, MALLET_X / WIDTH, "mallet") for frame in MALLET_HITS]
    for flight in BALL_HITS:
        found += [Contact(frame, ball_x(flight, frame / FPS) / WIDTH, "ball") for frame in flight]
    found += [Contact(frame, BOX_X / WIDTH, "box") for frame in BOX_HITS]
    found.append(Contact(CUP_DOWN, CUP_X / WIDTH, "cup"))
    return tuple(sorted(found, key=lambda contact: contact.frame))


# ---- the mallet ----


def mallet(t: float) -> Pose:
    """Return the mallet's face; the angle is how far it is raised."""
    return Pose(MALLET_X, MALLET_Y, _raised(t))


def _raised(t: float) -> float:
    """Up smoothly, down ever faster, a small rebound; between the strikes it hovers."""
    hits = [frame / FPS for frame in MALLET_HITS]
    coming = next((hit for hit in hits if hit > t), None)
    gone = next((hit for hit in reversed(hits) if hit <= t), None)
    angle = _rebound(t - gone) if gone is not None else _REST_ANGLE
    if coming is None:
        return angle
    start = angle if gone is None or coming - gone > 1.0 else 0.0
    lift_s = min(_LIFT_S, coming - _STRIKE_S - (gone + 0.06 if gone is not None else -1e9))
    if t >= coming - _STRIKE_S:
        return _RAISED_ANGLE * (1.0 - ((t - coming + _STRIKE_S) / _STRIKE_S) ** 2)
    if t >= coming - _STRIKE_S - lift_s:
        part = (t - coming + _STRIKE_S + lift_s) / lift_s
        return start + (_RAISED_ANGLE - start) * _smooth(part)
    return angle if coming - (gone or -9.0) > 1.0 else 0.0


def _rebound(since_s: float) -> float:
    """It lies still on the wood for a tenth of a second, then is taken back to rest."""
    return _REST_ANGLE * _smooth((since_s - 0.12) / 0.5)


def _smooth(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * part * (3.0 - 2.0 * part)


# ---- the balls ----


def ball(flight: tuple[int, ...], t: float) -> Pose | None:
    """Return the ball of a flight (its contact frames), or None when it is not in the room."""
    times = [frame / FPS for frame in flight]
    x = ball_x(flight, t)
    if t < times[0] - 0.7 or x > WIDTH + BALL_RADIUS or x < -BALL_RADIUS:
        return None
    return Pose(x, TABLE_Y - BALL_RADIUS - _height(times, t), (t - times[0]) * 260.0)


def ball_x(flight: tuple[int, ...], t: float) -> float:
    """Return how far it has flown; it goes on at the same speed."""
    return (330.0 if len(flight) > 3 else 600.0) + (t - flight[0] / FPS) * 300.0


def _height(times: list[float], t: float) -> float:
    """Return the height over the table: parabolas between the contacts."""
    if t <= times[0]:
        return 0.5 * GRAVITY * (times[0] - t) ** 2
    for begin, end in pairwise(times):
        if t <= end:
            return 0.5 * GRAVITY * (t - begin) * (end - t)
    return 0.0  # it rolls


# ---- the boxes, the cup, the passer-by ----


def box(number: int, t: float) -> Pose | None:
    """Return the centre of a box's foot: the second one lands on the first."""
    hit = BOX_HITS[number] / FPS
    if t < hit - 0.7:
        return None
    rest = TABLE_Y - number * BOX_SIZE
    lean = (-2.0, 3.0)[number]
    return Pose(BOX_X + 10.0 * number, rest - 0.5 * GRAVITY * max(0.0, hit - t) ** 2, lean * max(0.0, hit - t) * 9.0)


def cup(t: float) -> Pose | None:
    """Return the cup's foot; a hand brings it down briskly and leaves."""
    down = CUP_DOWN / FPS
    left = down - t
    if left > 1.6:
        return None
    if left > _CUP_FALL_S:  # carried in from above
        return Pose(CUP_X, TABLE_Y - 230.0 - 380.0 * _smooth((left - _CUP_FALL_S) / 1.0))
    if left > 0.0:
        return Pose(CUP_X, TABLE_Y - 230.0 * (1.0 - (1.0 - left / _CUP_FALL_S) ** 2))
    return Pose(CUP_X, TABLE_Y)


def cup_hand(t: float) -> Pose | None:
    """Return the hand on the cup; it lets go after the cup stands."""
    gone = t - CUP_DOWN / FPS - 0.25
    held = cup(min(t, CUP_DOWN / FPS))
    if held is None or gone > 1.2:
        return None
    return Pose(held.x, held.y - 640.0 * _smooth(gone / 1.2))


def passer_by(t: float) -> tuple[float, float] | None:
    """Return how far somebody outside has come (0..1 of the window) and the phase of the step in radians."""
    begin, end = (frame / FPS for frame in WALK)
    if not begin <= t <= end:
        return None
    return (t - begin) / (end - begin), 2.0 * math.pi * 0.9 * (t - begin)
