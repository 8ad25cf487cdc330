"""Pictures of another size are seen as if there had been none before them."""

from __future__ import annotations

import numpy as np

from livefoley.core.ticks import TICK_RATE
from livefoley.perception.motion.decoder import Grey
from livefoley.perception.motion.optical_flow import Motion, MotionField

SIZES = ((90, 160), (160, 160))
PICTURES = 20


def falls(size: tuple[int, int]) -> list[Grey]:
    """Return pictures in which a thing with a pattern falls."""
    rng = np.random.default_rng(5)
    thing = rng.integers(50, 250, (25, 40))
    pictures = rng.integers(90, 93, (PICTURES, *size))
    for number, picture in enumerate(pictures):
        top = 10 + 3 * number
        picture[top : top + 25, 60:100] = thing[: size[0] - top]
    return list(pictures.astype(np.uint8))


def test_pictures_of_another_size_begin_anew() -> None:
    field, at = MotionField(), 0
    for size in SIZES * 3:
        alone, seen, expected = MotionField(), list[Motion](), list[Motion]()
        for picture in falls(size):
            at += TICK_RATE // 20
            seen += filter(None, [field.feed(picture, at)])
            expected += filter(None, [alone.feed(picture, at)])
        assert len(seen) == PICTURES - 1
        assert any(motion.speed.any() for motion in seen)
        assert all(np.array_equal(a.after, b.after) for a, b in zip(seen, expected, strict=True))
