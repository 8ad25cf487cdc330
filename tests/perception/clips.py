"""Little films with known contacts: drawn by cv2 from closed-form movement, encoded by libx264, given as units.

Every movement is a function of continuous time, so a contact has a true moment, and the frame nearest to it is the one
that shows it. The room has texture and the camera has noise: what a decoder gives is never clean.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, ticks_from_stamp

WIDTH, HEIGHT = 1280, 720
FLOOR = 600
AS_NEAR = 2 * TICK_RATE // 200  # a contact within 5 ms of the middle between two frames is shown by both
Picture = NDArray[np.uint8]
Draw = Callable[[Picture, float], None]


@dataclass(frozen=True)
class Film:
    """What is drawn at each moment, and when something hits something (seconds)."""

    name: str
    seconds: float
    draw: Draw
    contacts: tuple[float, ...]
    cut_s: float | None = None


@dataclass(frozen=True)
class Clip:
    """An encoded film: the track, its units in decode order, frame times and contact times in ticks."""

    film: Film
    fps: Fraction
    track: TrackInfo
    units: list[Unit]

    @property
    def frame_ticks(self) -> list[int]:
        return sorted(unit.pts for unit in self.units)

    @property
    def contact_frames(self) -> list[int]:
        """The presentation tick of the frame nearest to each contact."""
        return [frames[0] for frames in self.showing]

    @property
    def showing(self) -> list[list[int]]:
        """The frames that show each contact, the nearest first: two of them within 5 ms of the middle between."""
        ticks = np.array(self.frame_ticks)
        shown = []
        for contact in self.film.contacts:
            away = np.abs(ticks - ticks[0] - contact * TICK_RATE)
            near = ticks[away <= away.min() + AS_NEAR]
            shown.append(
                sorted((int(tick) for tick in near), key=lambda tick: abs(tick - ticks[0] - contact * TICK_RATE))
            )
        return shown


# ---- encoding ----


def encode(
    film: Film,
    fps: int | Fraction = 30,
    *,
    codec: str = "libx264",
    b_frames: int = 3,
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    noise: float = 2.0,
    origin: int = 48_000,
) -> Clip:
    """Draw and encode ``film``; B-frames as libx264's ``bf`` (adaptive)."""
    rate = Fraction(fps)
    pictures = (shoot(film, n / rate, n, size, noise) for n in range(int(film.seconds * rate)))
    defaults = {"preset": "veryfast", "crf": "24", "bf": str(b_frames), "g": str(int(2 * rate))}
    return Clip(film, rate, *_units(pictures, rate, codec, options or defaults, size, origin))


def shoot(film: Film, at: Fraction, number: int, size: tuple[int, int], noise: float) -> Picture:
    """Draw one frame ``[h, w, 3]``, with a camera's noise."""
    picture = background()
    film.draw(picture, float(at))
    if size != (WIDTH, HEIGHT):
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    grain = _grain()[(number * 37) % 97 :][: size[1], : size[0], None] if noise else 0
    return np.clip(picture.astype(np.float32) + noise * grain, 0, 255).astype(np.uint8)


_cache: dict[str, NDArray[np.generic]] = {}


def background() -> Picture:
    """Return a room: a wall with stains, a floor with boards."""
    if "background" not in _cache:
        rng = np.random.default_rng(7)
        stains = cv2.resize(rng.random((24, 40), dtype=np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        fine = cv2.GaussianBlur(rng.random((HEIGHT, WIDTH), dtype=np.float32), (0, 0), 3)
        grey = 110 + 50 * (stains - 0.5) + 160 * (fine - 0.5)
        grey[FLOOR:] = grey[FLOOR:] * 0.7 + 20 * np.sin(np.arange(WIDTH) / 23.0)
        _cache["background"] = np.clip(np.stack((grey * 0.9, grey, grey * 1.05), -1), 0, 255).astype(np.uint8)
    return _cache["background"].copy()  # type: ignore[return-value]


def _grain() -> NDArray[np.float32]:
    if "grain" not in _cache:
        _cache["grain"] = np.random.default_rng(1).standard_normal((2400, 2000), dtype=np.float32)
    return _cache["grain"]  # type: ignore[return-value]


def _units(
    pictures: object, rate: Fraction, codec: str, options: dict[str, str], size: tuple[int, int], origin: int
) -> tuple[TrackInfo, list[Unit]]:
    """Encode into a container in memory and read it back: the packets are then as MP4 and FLV carry them."""
    memory = io.BytesIO()
    form = "webm" if codec.startswith("libvpx") else "mp4"
    with av.open(memory, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = size[0], size[1], "yuv420p"
        stream.codec_context.thread_count = 2
        for picture in pictures:  # type: ignore[attr-defined]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    memory.seek(0)
    return read(memory, origin)


def read(source: object, origin: int = 48_000) -> tuple[TrackInfo, list[Unit]]:
    """Return the video track of a file and its units, the first frame at tick ``origin``."""
    with av.open(source) as container:  # type: ignore[call-overload]
        stream = container.streams.video[0]
        context = stream.codec_context
        codec = {"libdav1d": "av1"}.get(context.codec.canonical_name, context.codec.canonical_name)
        track = TrackInfo(MediaKind.VIDEO, codec, bytes(context.extradata or b""), context.width, context.height)
        base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
        packets = [
            Packet(MediaKind.VIDEO, bytes(packet), packet.pts, packet.dts, base, bool(packet.is_keyframe))
            for packet in container.demux(stream)
            if packet.size
        ]
    first = min(packet.pts for packet in packets)
    return track, [
        Unit(p, origin + ticks_from_stamp(p.pts - first, base), origin + ticks_from_stamp(p.dts - first, base), 1)
        for p in packets
    ]


# ---- drawing ----

_SUB = 16  # cv2's fixed point: positions to 1/16 pixel, so slow movement is smooth


def _at(*values: float) -> tuple[int, ...]:
    return tuple(round(value * _SUB) for value in values)


def disc(picture: Picture, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    """A ball with a mark on it."""
    cv2.circle(picture, _at(x, y), round(radius * _SUB), colour, -1, cv2.LINE_AA, 4)
    cv2.circle(
        picture, _at(x - radius / 3, y - radius / 3), round(radius / 4 * _SUB), (235, 235, 235), -1, cv2.LINE_AA, 4
    )


def box(picture: Picture, x: float, y: float, w: float, h: float, colour: tuple[int, int, int]) -> None:
    """A box with a band; ``x, y`` is the middle of its foot."""
    cv2.rectangle(picture, _at(x - w / 2, y - h), _at(x + w / 2, y), colour, -1, cv2.LINE_AA, 4)
    band = tuple(c // 2 for c in colour)
    cv2.rectangle(picture, _at(x - w / 2, y - h * 0.65), _at(x + w / 2, y - h * 0.45), band, -1, cv2.LINE_AA, 4)


def limb(picture: Picture, points: list[tuple[float, float]], thick: int, colour: tuple[int, int, int]) -> None:
    """A bent limb."""
    for a, b in pairwise(points):
        cv2.line(picture, _at(*a), _at(*b), colour, thick, cv2.LINE_AA, 4)


# ---- films ----


def bouncing_ball(seconds: float = 8.0, gravity: float = 2600.0, seed: int = 1) -> Film:
    """A ball thrown across the room again and again; it bounces three times each throw, then lies."""
    rng = np.random.default_rng(seed)
    throws: list[tuple[float, float, float, list[tuple[float, float]]]] = []
    contacts: list[float] = []
    start = 0.7
    while start < seconds - 2.0:
        height, vx = rng.uniform(300, 420), rng.uniform(120, 320)
        at, speed = start + float(np.sqrt(2 * height / gravity)), float(np.sqrt(2 * height * gravity))
        hops = []
        for bounce in range(4):
            speed *= 0.78 if bounce < 3 else 0.0  # the last time it stays
            hops.append((at, speed))
            contacts.append(at)
            at += 2 * speed / gravity
        throws.append((start, height, vx, hops))
        start = at + rng.uniform(0.9, 1.2)

    def draw(picture: Picture, t: float) -> None:
        for begin, height, vx, hops in throws:
            if not begin - 0.3 <= t < hops[-1][0] + 0.5:
                continue
            since = min(max(0.0, t - begin), hops[-1][0] - begin)
            y = height - gravity * since**2 / 2
            for at, speed in hops:
                if t >= at:
                    y = max(0.0, speed * (t - at) - gravity * (t - at) ** 2 / 2)
            disc(picture, 200 + vx * since, FLOOR + 30 - 48 - y, 48, (60, 70, 200))

    return Film("ball", seconds, draw, tuple(c for c in contacts if c < seconds - 0.2))


def falling_boxes(seconds: float = 8.0, seed: int = 2) -> Film:
    """Boxes of several sizes fall and stay where they land, one at a time."""
    rng = np.random.default_rng(seed)
    colours = ((40, 90, 170), (150, 120, 40), (70, 160, 80), (40, 40, 60))
    falls: list[tuple[float, float, float, float, tuple[int, int, int]]] = []
    at = 1.0
    while at < seconds - 0.3:
        falls.append((at, rng.uniform(150, 1130), rng.uniform(60, 150), rng.uniform(60, 130), colours[len(falls) % 4]))
        at += rng.uniform(0.45, 0.95)

    def fallen(left: float) -> float:
        return max(0.0, left) * (1600 - 900 * left)

    def draw(picture: Picture, t: float) -> None:
        for landing, x, w, h, colour in falls:
            if landing - t > 0.75 or t - landing > 3.0:
                continue
            box(picture, x, FLOOR + 40 - fallen(landing - t), w, h, colour)

    return Film("boxes", seconds, draw, tuple(fall[0] for fall in falls))


def hammering_hand(seconds: float = 8.0, seed: int = 3) -> Film:
    """An arm swings a hammer on a table: a slow rise, a rest, a fast blow, a small rebound."""
    rng = np.random.default_rng(seed)
    blows: list[float] = []
    at = 1.2
    while at < seconds - 0.3:
        blows.append(at)
        at += rng.uniform(0.55, 1.1)

    def angle(t: float) -> float:
        """Degrees above the table."""
        after = [b for b in blows if b <= t]
        ahead = [b for b in blows if b > t]
        rise = 1.0
        if after:
            since = t - after[-1]
            if since < 0.16:
                return float(2.5 * np.sin(np.pi * since / 0.16) ** 2)
            rise = min(1.0, (since - 0.16) / 0.35)
        top = 62 * (3 * rise**2 - 2 * rise**3)
        if ahead and ahead[0] - t < 0.12:
            return float(top * (1 - (1 - (ahead[0] - t) / 0.12) ** 2))
        return float(top)

    def draw(picture: Picture, t: float) -> None:
        cv2.rectangle(picture, (300, 520), (1000, 560), (50, 80, 120), -1)
        a = np.deg2rad(angle(t))
        pivot, reach = (980.0, 470.0), 330.0
        hand = (pivot[0] - reach * np.cos(a), pivot[1] - reach * np.sin(a))
        limb(picture, [(1180.0, 560.0), pivot, hand], 46, (120, 150, 210))
        across = (hand[0] - 60 * np.sin(a), hand[1] + 60 * np.cos(a) - 12)
        cv2.line(picture, _at(*hand), _at(*across), (60, 60, 70), 56, cv2.LINE_AA, 4)

    return Film("hammer", seconds, draw, tuple(blows))


def walking_figure(seconds: float = 8.0) -> Film:
    """Somebody walks across the room; a foot swings forward, comes down and stays."""
    step, stride, speed = 0.52, 118.0, 118.0 / 0.52
    first = 0.9

    def foot(t: float, side: int) -> tuple[float, float]:
        """Place of a foot, height above the floor; it is in the air for 0.8 of a step every second step."""
        cycle = (t - first) / step - side
        number, phase = divmod(cycle, 2.0)  # lands at phase 0
        ground = 150 + stride * (2 * number + side + 0.5) + speed * first
        if phase < 1.2:
            return ground, 0.0
        swing = (phase - 1.2) / 0.8
        return ground + 2 * stride * swing * (1.5 - 0.5 * swing), 62 * np.sin(np.pi * swing**0.8) + 18 * (1 - swing)

    def draw(picture: Picture, t: float) -> None:
        hip = (150 + speed * t, FLOOR - 190 + 5 * np.cos(2 * np.pi * (t - first) / step))
        cv2.line(picture, _at(hip[0], hip[1]), _at(hip[0], hip[1] - 170), (90, 60, 50), 90, cv2.LINE_AA, 4)
        disc(picture, hip[0], hip[1] - 260, 48, (140, 160, 200))
        for side, colour in ((0, (60, 50, 110)), (1, (90, 80, 50))):
            x, height = foot(t, side)
            ankle = (x, FLOOR + 20 - height)
            knee = ((hip[0] + x) / 2 + 28, (hip[1] + ankle[1]) / 2)
            limb(picture, [hip, knee, ankle], 40, colour)
            limb(picture, [ankle, (x + 48, ankle[1] + 4)], 34, (30, 30, 30))

    count = int((min(seconds - 0.2, (WIDTH - 150) / speed) - first) / step) + 1  # then out of the picture
    return Film("walker", seconds, draw, tuple(first + step * n for n in range(-1, count)))


def contact_films(seconds: float = 8.0) -> list[Film]:
    """The films whose contacts are known."""
    return [bouncing_ball(seconds), falling_boxes(seconds), hammering_hand(seconds), walking_figure(seconds)]


def shaken(film: Film, amount: float = 14.0, pan: float = 40.0) -> Film:
    """The same seen by a hand-held camera that also pans (px, px/s)."""

    def draw(picture: Picture, t: float) -> None:
        film.draw(picture, t)
        dx = amount * np.sin(2 * np.pi * 1.3 * t) + pan * np.sin(0.8 * t)
        dy = 0.6 * amount * np.sin(2 * np.pi * 1.7 * t + 1)
        matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        picture[:] = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)

    return Film(film.name + " shaken", film.seconds, draw, film.contacts)


def still(seconds: float = 6.0) -> Film:
    """Nothing moves."""
    return Film("still", seconds, lambda picture, t: None, ())


def fading(seconds: float = 6.0) -> Film:
    """The light goes down and up again, and a lamp flashes for one frame every 1.3 s."""

    def draw(picture: Picture, t: float) -> None:
        light = 0.55 + 0.45 * np.cos(2 * np.pi * t / 3.0)
        bright = 70.0 if t % 1.3 < 0.034 else 0.0
        picture[:] = np.clip(picture * light + bright, 0, 255).astype(np.uint8)

    return Film("fading", seconds, draw, ())


def raining(seconds: float = 6.0) -> Film:
    """Rain before the window: many small streaks, nothing that hits."""
    drops = np.random.default_rng(5).random((160, 3))

    def draw(picture: Picture, t: float) -> None:
        for x, phase, speed in drops:
            y = ((phase + t * (1.2 + speed)) % 1.0) * (HEIGHT + 60) - 30
            cv2.line(picture, _at(x * WIDTH, y), _at(x * WIDTH + 3, y + 34), (190, 190, 185), 2, cv2.LINE_AA, 4)

    return Film("rain", seconds, draw, ())


def cutting(seconds: float = 6.0) -> Film:
    """Another room from the middle on."""
    half = seconds / 2
    other = cv2.flip(background(), -1) // 2 + 40

    def draw(picture: Picture, t: float) -> None:
        if t >= half:
            picture[:] = other

    return Film("cut", seconds, draw, (), half)
