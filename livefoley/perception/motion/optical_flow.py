"""What moves in a picture against the camera, and how abruptly it stops or turns.

Dense optical flow (DIS: T. Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016) proposes where
everything went, and is often wrong for what is small, fast or plain. So three explanations of the new picture compete
at every place: the material went on as before, it stands still, or it went where the flow says. Inertia is believed
until another explains the picture clearly better; what nothing explains says nothing. The velocity the material had is
carried along with it (a leaky memory, as of an accelerometer), which makes a sudden loss of speed visible where it
happens, however fast the thing came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import Tick, s_from_ticks
from livefoley.perception.motion.decoder import Grey

Map: TypeAlias = NDArray[np.float32]
"""Something at every second pixel, ``[h/2, w/2]`` or ``[h/2, w/2, 2]``; speeds in picture widths a second."""

MEMORY_S = 0.10  # how long the velocity before counts
BASELINE_S = 6.0  # how long the room's own unrest is remembered
MAX_GAP_S = 0.5  # pictures further apart say nothing of movement
STILL_PX = 0.3  # flow below this, in pixels of the small picture, is the method's own noise
MIN_MARGIN = 1.5  # grey levels
BLIND = 4.0  # margins of error from which an explanation is no longer believed
UNEXPLAINED = 3.5  # margins of error that count towards a cut
CUT_SHARE = 0.3  # of the picture unexplained: nothing can be said of the rest either
EVIDENT = 0.25  # margins by which a movement explains a place better than stillness, where it is seen to move
EVIDENT_WINDOW = 9  # a plain thing is seen to move by its edges
FADING = 0.7  # what is left of the credit of a movement that is not seen at all, a picture later
FORGOTTEN = 0.06
GUESS_WINDOW = 3
WINDOW = 5  # where explanations are compared, in pixels of a map


@dataclass(frozen=True, slots=True)
class Motion:
    """What happened at the picture ``at``, seen from the step to it and the step after it (``gap`` ticks).

    ``after`` is the velocity after it, ``speed`` its length where it is more than the room's unrest. ``came`` is the
    velocity that the material had, ``before`` its length, ``loss`` what it lost of that along its direction;
    ``braking`` is the loss at this picture alone, ``gain`` the speed it gained. ``blind`` is 1 where no movement
    explains the next picture, ``unexplained`` the share of such places (more
    strictly), ``light`` the change of mean luma.
    """

    at: Tick
    gap: Tick
    after: Map
    speed: Map
    came: Map
    before: Map
    loss: Map
    braking: Map
    gain: Map
    blind: Map
    unexplained: float
    light: float


class MotionField:
    """Pictures in, ``Motion`` out; those of another size begin anew. ``reset`` at a cut."""

    def __init__(self) -> None:
        self._flow: Any
        self._shape: tuple[int, int] = (0, 0)
        self._velocity: Map
        self._memory: Map
        self._credit: Map
        self.reset()

    def reset(self) -> None:
        """Forget the pictures so far; the room's unrest stays."""
        self._last: Grey | None = None
        self._last_detail: Map | None = None
        self._last_light = 0.0
        self._last_at: Tick = 0

    def feed(self, grey: Grey, at: Tick) -> Motion | None:
        """Take the next picture; return what happened at the one before. None for the first and after a gap."""
        if grey.shape != self._shape:
            self._prepare((grey.shape[0], grey.shape[1]))
        last, last_detail, last_at, last_light = self._last, self._last_detail, self._last_at, self._last_light
        detail, light = _detail(grey), float(grey.mean())
        self._last, self._last_detail, self._last_at, self._last_light = grey, detail, at, light
        if last is None or last_detail is None or not 0 < s_from_ticks(at - last_at) <= MAX_GAP_S:
            self._clear()
            return None
        return self._step(last, last_detail, grey, detail, abs(light - last_light), last_at, at - last_at)

    def _prepare(self, shape: tuple[int, int]) -> None:
        self.reset()
        self._flow = _search()
        self._shape = shape
        h, w = shape[0] // 2, shape[1] // 2
        self._width = float(w)
        self._grid = np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1).astype(np.float32)
        self._camera = Camera(self._grid)
        self._clear()
        self._unrest = np.zeros((h, w), np.float32)
        self._noise = MIN_MARGIN / 4

    def _step(self, last: Grey, last_detail: Map, grey: Grey, detail: Map, light: float, at: Tick, gap: Tick) -> Motion:
        if not self._moving and float(smooth(_difference(detail, last_detail)).max()) < MIN_MARGIN:
            return self._nothing(at, gap, light)
        scale = s_from_ticks(gap) * self._width  # widths a second to pixels of a map
        flow = self._flow.calc(last, grey, self._guess(scale))[::2, ::2] / 2
        camera = self._camera.feed(flow)
        went = (flow - camera) / scale
        stay = self._grid + camera

        def error(velocity: Map) -> Map:
            return smooth(_difference(_sample(detail, stay + velocity * scale), last_detail))

        still = smooth(_difference(_sample(detail, stay), last_detail))
        margin = self._margin(still)
        on, on_error = self._onward(error, margin / 4, 1.0 / scale)
        after, best = _choose((on, on_error), (went, error(went)), still, margin, STILL_PX / scale)
        shown = smooth((still - best > EVIDENT * margin).astype(np.float32), EVIDENT_WINDOW) > 0.01
        blind = np.clip(best / (BLIND * margin) - 1.0, 0.0, 1.0).astype(np.float32)
        unexplained = float(np.mean(best > UNEXPLAINED * margin))
        if unexplained > CUT_SHARE:
            after, blind = np.zeros_like(after), np.ones_like(blind)
        motion = self._compare(after, blind, at, gap, (unexplained, light))
        self._carry(after, shown, after * scale + camera, s_from_ticks(gap))
        return motion

    def _guess(self, scale: float) -> Map | None:
        """Return the flow to start the search from, in pixels of the whole picture: everything goes on as it did."""
        if not self._moving:
            return None
        share = smooth((_length(self._velocity) > 0).astype(np.float32), GUESS_WINDOW)
        around = smooth(self._velocity, GUESS_WINDOW) / np.maximum(share, 0.1)[..., None]
        return np.asarray(cv2.resize(around, self._shape[::-1]) * np.float32(2 * scale), np.float32)

    def _margin(self, still: Map) -> float:
        """Return by how much an explanation must be better: twice the noise, which a cut must not raise."""
        noise = _middle(still.ravel())
        self._noise += 0.1 * (min(noise, 1.5 * self._noise + 0.1) - self._noise)
        return max(MIN_MARGIN, 2.0 * min(noise, 2.0 * self._noise))

    def _onward(self, error: Callable[[Map], Map], gain: float, step: float) -> tuple[Map, Map]:
        """Return the velocity as before, or a little more or less where that fits better, and its error."""
        velocity, best = self._velocity, error(self._velocity)
        if not self._moving:
            return velocity, best
        moves = _length(velocity) > 0
        velocity, shift = velocity.copy(), moves * np.float32(step)
        for axis, way in ((1, shift), (1, -shift), (0, shift), (0, -shift)):
            trial = velocity.copy()
            trial[..., axis] += way
            found = error(trial)
            better = (found < best - gain) & moves
            np.copyto(velocity[..., axis], trial[..., axis], where=better)
            np.copyto(best, found, where=better)
        return velocity, best

    def _nothing(self, at: Tick, gap: Tick, light: float) -> Motion:
        """Nothing moved, and nothing differs enough for any flow to explain it better."""
        none, still = self._credit, self._velocity
        return Motion(at, gap, still, none, still, none, none, none, none, none, 0.0, light)

    def _compare(self, after: Map, blind: Map, at: Tick, gap: Tick, whole: tuple[float, float]) -> Motion:
        sure = self._credit * (1.0 - blind)
        before = _length(self._memory)
        loss = _lost(self._memory, before, after) * sure
        braking = _lost(self._memory, before, after, self._velocity) * sure
        speed = _length(after)
        gain = np.maximum(0, speed - np.maximum(before, _length(self._velocity))) * (1.0 - blind)
        shown = self._above_unrest(speed * (1.0 - blind), s_from_ticks(gap))
        return Motion(at, gap, after, shown, self._memory, before * self._credit, loss, braking, gain, blind, *whole)

    def _above_unrest(self, speed: Map, gap_s: float) -> Map:
        weight = np.float32(1.0 - np.exp(-gap_s / BASELINE_S))
        self._unrest += weight * (smooth(speed) - self._unrest)
        return np.where(speed > 2.0 * self._unrest, speed, np.float32(0))

    def _carry(self, after: Map, shown: NDArray[np.bool_], way: Map, gap_s: float) -> None:
        """Take what is known of the material along its ``way`` to the next picture; the fastest lies on top.

        Where the picture does not show (``shown``) that anything moves, inertia alone is soon believed no more: what
        was once seen wrongly would fly on over a plain wall, and stop where the next edge is.
        """
        agrees = _dot(after, self._velocity) > 0.4 * np.maximum(_length(after), _length(self._velocity)) ** 2
        credit = np.minimum(1.0, np.where(agrees, self._credit + 0.5, 0.2)).astype(np.float32)
        memory = self._memory * np.float32(np.exp(-gap_s / MEMORY_S))
        faster = _length(after) >= _length(memory)
        credit = np.where(faster, credit, self._credit) * np.where(shown, 1.0, FADING).astype(np.float32)
        memory = np.where(faster[..., None], after, memory) * (credit > FORGOTTEN)[..., None]
        here = _sorted_places(_length(memory), 1e-3)
        there = np.rint(self._grid[here] + way[here]).astype(int)
        h, w = self._credit.shape
        inside = (there[:, 0] >= 0) & (there[:, 0] < w) & (there[:, 1] >= 0) & (there[:, 1] < h)
        here, there = (here[0][inside], here[1][inside]), there[inside]
        self._clear()
        self._moving = bool(len(there))
        for target, source in ((self._velocity, after), (self._memory, memory), (self._credit, credit)):
            target[there[:, 1], there[:, 0]] = source[here]

    def _clear(self) -> None:
        h, w = self._shape[0] // 2, self._shape[1] // 2
        self._velocity = np.zeros((h, w, 2), np.float32)  # of the material that is now at each place
        self._memory = np.zeros((h, w, 2), np.float32)  # the same, leaking: the speed it had a moment ago
        self._moving = False
        self._credit = np.zeros((h, w), np.float32)  # 0..1: one look at a movement may be a mistake, three are none


def _choose(
    onward: tuple[Map, Map], flown: tuple[Map, Map], still: Map, margin: float, floor: float
) -> tuple[Map, Map]:
    """Return the velocity by the best explanation, each a velocity and its error (``still`` is that of none)."""
    velocity, best = onward
    went, error = flown
    fits = (_length(went - velocity) < 0.5 * _length(velocity)) & (error <= best + margin / 2)
    better = (error < best - margin) | fits
    velocity, best = velocity.copy(), best.copy()
    np.copyto(velocity, went, where=better[..., None])
    np.copyto(best, error, where=better)
    slow = (_length(velocity) < floor) & (still <= best + margin / 2)
    stopped = (still < best - margin) | slow
    velocity *= ~stopped[..., None]
    np.copyto(best, still, where=stopped)
    return velocity, best


class Camera:
    """Finds the affine movement most of the picture makes (pan, shake, zoom), by reweighted least squares."""

    def __init__(self, grid: Map) -> None:
        places = grid[3::6, 3::6].reshape(-1, 2)
        centre = places.mean(0)
        self._design = _affine((places - centre) / 50.0)
        self._everywhere = _affine((grid - centre) / 50.0)
        self._still = np.zeros_like(grid)

    def feed(self, flow: Map) -> Map:
        """Return the camera's part of ``flow``, both ``[h, w, 2]``."""
        points = np.ascontiguousarray(flow[3::6, 3::6]).reshape(-1, 2)
        if np.count_nonzero(np.abs(points) < 0.05) > 0.7 * points.size:
            return self._still  # on a tripod
        design = self._design
        model = np.zeros((3, 2), np.float32)
        model[0] = _middle(points[:, 0]), _middle(points[:, 1])
        for _ in range(2):
            residual = _length(points - design @ model)
            scale = max(0.15, 1.5 * _middle(residual))
            weight = np.where(residual < 3 * scale, 1.0 / (1.0 + (residual / scale) ** 2), 0.0)
            weighted = design * weight[:, None]
            model = np.linalg.solve(design.T @ weighted + 1e-3 * np.eye(3), weighted.T @ points).astype(np.float32)
        return np.asarray(self._everywhere @ model, np.float32)


def _affine(places: Map) -> Map:
    """Return ``(1, x, y)`` of places ``[..., 2]``."""
    return np.concatenate((np.ones_like(places[..., :1]), places), axis=-1).astype(np.float32)


def _middle(values: Map) -> float:
    """Return the (upper) median of a few values: ``np.median`` takes twenty times as long."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def _detail(grey: Grey) -> Map:
    """Return the picture at half size without its slow parts: light that comes and goes leaves no trace."""
    size = (grey.shape[1] // 2, grey.shape[0] // 2)
    half = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    return half - smooth(half, 25)


def smooth(values: Map, window: int = WINDOW) -> Map:
    """Return the mean over ``window`` x ``window`` pixels around each."""
    return np.asarray(cv2.blur(values, (window, window)), np.float32)


def _search() -> Any:
    """Return what finds flow in pictures of one size: of another one it may read beyond what it keeps of the first."""
    flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow.setFinestScale(1)
    flow.setPatchSize(5)  # smaller and longer than the preset: finds a ball that flies half its width
    flow.setPatchStride(4)
    flow.setGradientDescentIterations(25)
    return flow


def _sample(values: Map, places: Map) -> Map:
    """Return ``values`` at ``places`` ``[h, w, 2]`` (column, row), interpolated."""
    x, y = np.ascontiguousarray(places[..., 0], np.float32), np.ascontiguousarray(places[..., 1], np.float32)
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _difference(one: Map, other: Map) -> Map:
    return np.asarray(cv2.absdiff(one, other), np.float32)


def _length(vectors: Map) -> Map:
    return np.asarray(np.sqrt(vectors[..., 0] ** 2 + vectors[..., 1] ** 2), np.float32)


def _lost(memory: Map, before: Map, velocity: Map, start: Map | None = None) -> Map:
    """Return the speed lost along the direction of ``memory``, from ``start`` (or all of it) to ``velocity``."""
    scale = 1.0 / np.maximum(before, 1e-6)
    had = before if start is None else _dot(memory, start) * scale
    return np.asarray(np.clip(had - _dot(memory, velocity) * scale, 0.0, 3.0 * before), np.float32)


def _dot(a: Map, b: Map) -> Map:
    return np.asarray(a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1], np.float32)


def _sorted_places(values: Map, floor: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns where ``values`` is above ``floor``, the largest last (so that it is written last)."""
    rows, columns = np.nonzero(values > floor)
    order = np.argsort(values[rows, columns])
    return rows[order], columns[order]
