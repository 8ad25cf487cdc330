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

TABLE_Y = 560  # where things stand on the table
FRONT_Y = 602  # where the balls bounce, nearer to the camera
GRAVITY = 1800.0  # pixels a second squared: the ball is as large as a basketball

# Most contacts fall on frames that are no multiples of three: on B-frames, and beside the grid of a 10 fps sampling.
MALLET_HITS = (121, 145, 169, 181, 194, 779, 794, 811)
BALL_HITS = ((247, 271, 291, 307, 320), (845, 865, 881))
BOX_HITS = (436, 473)
CUP_DOWN = 535
WALK = (540, 800)  # somebody passes outside: seen, not heard

MALLET_X, MALLET_Y = 846.0, 548.0  # the face of the mallet when it hits
BOX_X, BOX_SIZE = 250.0, 118.0
CUP_X = 548.0
BALL_RADIUS = 48.0

_STRIKE_S, _REST_ANGLE = 0.14, 12.0
_BALL_PX_S, _BALL_FLIGHT_S = 300.0, 1.2  # how fast it goes, and its flight before it is first seen to land
_BOX_DROP_S, _BOX_CARRY_S = 0.45, 1.4  # falls from the hand, after being carried in
_CUP_DOWN_S, _CARRY_S = 0.55, 1.0


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
    """Up smoothly, down ever faster; between two series of strikes it rests just above the block."""
    hits = [frame / FPS for frame in MALLET_HITS]
    coming = next((hit for hit in hits if hit > t), None)
    gone = next((hit for hit in reversed(hits) if hit <= t), None)
    if coming is None or ((gone is None or coming - gone > 1.5) and t < coming - 0.9):
        return _REST_ANGLE * (1.0 if gone is None else _smooth((t - gone - 0.12) / 0.5))
    first = gone is None or coming - gone > 1.5
    begin, start = (coming - 0.9, _REST_ANGLE) if first else (gone + 0.06, 0.0)  # type: ignore[operator]
    top = 36.0 if coming - begin > 0.6 else 22.0
    if t >= coming - _STRIKE_S:
        return top * (1.0 - ((t - coming + _STRIKE_S) / _STRIKE_S) ** 2)
    return start + (top - start) * _smooth((t - begin) / (coming - _STRIKE_S - begin))


def _smooth(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * part * (3.0 - 2.0 * part)


# ---- the balls ----


def ball(flight: tuple[int, ...], t: float) -> Pose | None:
    """Return the ball of a flight (its contact frames), or None when it is not in the room."""
    times = [frame / FPS for frame in flight]
    x = ball_x(flight, t)
    if t < times[0] - _BALL_FLIGHT_S or x > WIDTH + BALL_RADIUS:
        return None
    return Pose(x, FRONT_Y - BALL_RADIUS - _height(times, t), (t - times[0]) * 260.0)


def ball_x(flight: tuple[int, ...], t: float) -> float:
    """Return how far it has come; it goes on at the same speed."""
    return 320.0 + (t - flight[0] / FPS) * _BALL_PX_S


def _height(times: list[float], t: float) -> float:
    """Return the height over the table: parabolas between the contacts."""
    for begin, end in pairwise((times[0] - _BALL_FLIGHT_S, *times)):
        if t <= end:
            return 0.5 * GRAVITY * (t - begin) * (end - t)
    return 0.0  # it rolls


# ---- the boxes, the cup, the passer-by ----


def box(number: int, t: float) -> Pose | None:
    """Return the middle of a box's foot: carried in by a hand and dropped, the second one onto the first."""
    left = BOX_HITS[number] / FPS - t
    if left > _BOX_DROP_S + _BOX_CARRY_S:
        return None
    x, rest = BOX_X + 10.0 * number, TABLE_Y - number * BOX_SIZE
    drop = 0.5 * GRAVITY * _BOX_DROP_S**2
    if left > _BOX_DROP_S:
        return Pose(x, rest - drop - 520.0 * _smooth((left - _BOX_DROP_S) / _BOX_CARRY_S))
    fallen = _BOX_DROP_S - max(0.0, left)
    return Pose(x, rest - drop + 0.5 * GRAVITY * fallen**2)


def box_hand(number: int, t: float) -> Pose | None:
    """Return the hand above a box: it opens where the box falls from, and goes up again."""
    opened = BOX_HITS[number] / FPS - _BOX_DROP_S
    held = box(number, min(t, opened))
    if held is None or t > opened + 1.4:
        return None
    return Pose(held.x, held.y - 640.0 * _smooth((t - opened) / 1.4))


def cup(t: float) -> Pose | None:
    """Return the cup's foot; a hand brings it down briskly."""
    left = CUP_DOWN / FPS - t
    if left > _CUP_DOWN_S + _CARRY_S:
        return None
    if left > _CUP_DOWN_S:
        return Pose(CUP_X, TABLE_Y - 230.0 - 380.0 * _smooth((left - _CUP_DOWN_S) / _CARRY_S))
    return Pose(CUP_X, TABLE_Y - 230.0 * (1.0 - (1.0 - max(0.0, left) / _CUP_DOWN_S) ** 2))


def cup_hand(t: float) -> Pose | None:
    """Return the hand on the cup, at the cup's foot; it lets go a moment after the cup stands."""
    down = CUP_DOWN / FPS
    held, gone = cup(min(t, down)), t - down - 0.25
    if held is None or gone > 1.4:
        return None
    return Pose(held.x, held.y - 640.0 * _smooth(gone / 1.4))


def passer_by(t: float) -> tuple[float, float] | None:
    """Return how far somebody outside has come (0..1 of the window) and the phase of the step in radians."""
    begin, end = (frame / FPS for frame in WALK)
    if not begin <= t <= end:
        return None
    return (t - begin) / (end - begin), 2.0 * math.pi * 0.9 * (t - begin)
