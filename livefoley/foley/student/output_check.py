"""What a network makes is looked at before anybody hears it: are these numbers, and at the level of foley?"""

from __future__ import annotations

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import DescriptionError, ModelError, SilentTakeError
from livefoley.dsp.levels import linear_from_db
from livefoley.dsp.loudness import loudest_lufs
from livefoley.foley.student.features import REFERENCE_RMS, Floats

QUIETEST_DB, LOUDEST_DB = -40.0, 60.0
"""How far the loudest tenth of a second may lie from where the network was trained to put it: what is louder than it
was trained to be is turned down, and what lies beyond all sound is broken."""
BELOW_LU, ABOVE_LU = 24.0, 10.0
"""How far a finished sound may lie below its level (a click, whose peak stands in the way); a swell that rises higher
above it is turned down."""
MOST_OFFSET = 0.05
MOST_CLIPPED = 0.001
_TENTH = 4800


def check_curves(**curves: Floats | None) -> None:
    """Raise ``DescriptionError`` for a curve that holds anything but numbers."""
    for name, curve in curves.items():
        if curve is not None and not np.all(np.isfinite(curve)):
            raise DescriptionError(f"{name}: holds values that are no numbers")


def check_mel(mel_db: Floats) -> None:
    """Raise ``ModelError`` for mel frames that are no numbers; inversion would take them for silence."""
    if not np.all(np.isfinite(mel_db)):
        raise ModelError("the model made values that are no numbers")


def check_raw(mono: Floats) -> None:
    """Raise ``ModelError`` for generated sound ``[n]`` that is broken, ``SilentTakeError`` for silence."""
    if not mono.size or not np.all(np.isfinite(mono)):
        raise ModelError("the model made nothing that can be heard")
    squares = np.square(mono, dtype=np.float64)
    whole = len(squares) // _TENTH * _TENTH
    loudest = squares[:whole].reshape(-1, _TENTH).mean(axis=1).max() if whole else squares.mean()
    level_db = 10 * np.log10(loudest + 1e-20) - 20 * np.log10(REFERENCE_RMS)
    if level_db < QUIETEST_DB:
        raise SilentTakeError("the model made silence")
    if level_db > LOUDEST_DB:
        raise ModelError(f"the model's sound is {level_db:.0f} dB too loud")
    if abs(float(mono.mean())) > MOST_OFFSET * max(1.0, 10 ** (level_db / 20)):
        raise ModelError("the model's sound is off centre")


def check_finished(samples: Stereo, wanted_lufs: float) -> Stereo:
    """Return a finished sound ``[2, n]``, turned down where its loudest 400 ms lie far above ``wanted_lufs``.

    Raises ``ModelError`` when it clips, ``SilentTakeError`` when hardly anything is heard.
    """
    clipped = float(np.mean(np.abs(samples) >= 0.999))
    if not np.all(np.isfinite(samples)) or clipped > MOST_CLIPPED:
        raise ModelError(f"{clipped:.1%} of the generated sound is clipped")
    lufs = loudest_lufs(samples)
    if lufs < wanted_lufs - BELOW_LU:
        raise SilentTakeError(f"the generated sound lies at {lufs:.0f} LUFS, not near {wanted_lufs:.0f}")
    above_lu = lufs - wanted_lufs - ABOVE_LU
    return samples if above_lu <= 0 else (samples * np.float32(linear_from_db(-above_lu))).astype(np.float32)
