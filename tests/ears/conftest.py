"""What the tests of the ears share: the real model, loaded once, and the sound of the fixtures."""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE
from livefoley.perception.ears import model
from livefoley.perception.ears.recogniser import Recogniser
from tests.support.peers import shared

Sound = NDArray[np.float32]


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    """Whisper base out of the offline package."""
    return Recogniser(*model.find(), device="cpu")


@pytest.fixture(scope="session")
def line() -> Callable[[str], Sound]:
    """Give a fixture of shared/speech as 48 kHz mono, with a second of silence after it."""
    return _read


def _read(name: str) -> Sound:
    with av.open(str(shared(f"speech/{name}"))) as container:
        resampler = av.AudioResampler("flt", "mono", TICK_RATE)
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.pad(np.concatenate([frame.to_ndarray()[0] for frame in frames]), (0, TICK_RATE))
