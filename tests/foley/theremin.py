"""A maker that livefoley does not have: one class, as anybody may add it."""

from __future__ import annotations

import threading

import numpy as np

from livefoley.core.cues import CueKind, Sound, SoundRequest, Stereo
from livefoley.core.errors import ModelError
from livefoley.core.ticks import TICK_RATE
from livefoley.foley.chain import Fit, Offer, Refusal


class Theremin:
    """Plays where somebody speaks of a theremin, a note, or a segment of an ambience. ``fails`` lets it break.

    Implements ``foley.chain.SoundMaker``.
    """

    source = "theremin"

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.asked = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        if "theremin" not in request.prompt:
            return Refusal("only the theremin")
        return Offer(Fit.EXACT, soon_s=0.05, cost_s=0.001)

    def make(self, request: SoundRequest) -> Sound | Refusal:
        self.asked += 1
        self.may_go_on.wait(20.0)
        if self.fails:
            raise ModelError("the theremin is broken")
        length = request.length or (6 * TICK_RATE if request.kind is CueKind.BED else TICK_RATE // 2)
        return Sound(tone(0, length), 0, self.source, request.prompt, seed=request.seed)


def tone(start: int, length: int) -> Stereo:
    """Return 1 kHz from tick ``start`` on."""
    wave = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(start, start + length) / TICK_RATE)
    return np.stack((wave, wave)).astype(np.float32)
