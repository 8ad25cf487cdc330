"""Loudness and true peaks as ffmpeg's ``ebur128`` meter sees them."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest

from livefoley.core.cues import Stereo
from livefoley.dsp import levels, loudness
from livefoley.dsp.limiter import Limiter
from tests.dsp.chunks import fed, noise, sine
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

SOUNDS = {
    "noise": noise(144_000, 0.2),
    "tone between the samples": np.pad(sine(12_000.0, 96_000, 0.9, np.pi / 4), ((0, 0), (24_000, 24_000))),
    "square wave": 0.8 * np.sign(sine(441.0, 144_000)),
    "a burst in silence": np.pad(sine(997.0, 48_000, 0.5), ((0, 0), (48_000, 48_000))),
}


def metered(samples: Stereo) -> tuple[float, float]:
    """Return integrated loudness in LUFS and true peak in dBTP."""
    raw = ["-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "pipe:0"]
    command = [require("ffmpeg"), "-hide_banner", "-nostats", *raw, "-af", "ebur128=peak=true", "-f", "null", "-"]
    done = subprocess.run(
        command, input=samples.T.astype("<f4").tobytes(), capture_output=True, check=True, timeout=LIMIT_S
    )
    summary = done.stderr.decode().rpartition("Summary:")[2]
    loudness, peak = re.search(r"I:\s+(\S+) LUFS", summary), re.search(r"Peak:\s+(\S+) dBFS", summary)
    assert loudness is not None
    assert peak is not None
    return float(loudness[1]), float(peak[1])


@pytest.mark.parametrize("name", SOUNDS)
def test_loudness_and_true_peak_agree(name: str) -> None:
    samples = np.asarray(SOUNDS[name], np.float32)
    integrated, peak = metered(samples)
    assert loudness.integrated_lufs(samples) == pytest.approx(integrated, abs=0.1)
    assert levels.true_peak_db(samples) == pytest.approx(peak, abs=0.3)


@pytest.mark.parametrize("name", SOUNDS)
def test_what_the_limiter_lets_out_is_below_the_ceiling(name: str) -> None:
    limiter = Limiter(-1.0)
    samples = np.asarray(SOUNDS[name], np.float32) * 4.0
    out = np.concatenate((fed(limiter.feed, samples, (1024,)), limiter.flush()), axis=1)
    assert metered(out)[1] <= -0.9
