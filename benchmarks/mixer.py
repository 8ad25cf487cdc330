"""What the mix costs: one original, a bed, and 1, 8 or 32 overlapping cues, as a share of one core.

    python benchmarks/mixer.py

The peer in the same run is ffmpeg mixing as many inputs with ``amix`` and ``alimiter`` (which limits sample peaks, not
true peaks, and neither ducks nor gives a stem). Both do raw float sound in memory or from a pipe, no codec; the figures
are processor seconds per second of sound. The original is loud enough to keep the limiter at work; the figure with the
limiter idle stands beside it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable

import numpy as np

from livefoley.core.cues import Cue, CueKind, Sound
from livefoley.core.events import Speech
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.ring import TickRing
from livefoley.engine.mixer import Mixer, MixSettings

SECONDS = 60
BLOCK = 1024
TARGET = 0.02
LAYERS = (1, 8, 32)


def noise(seconds: float, level: float, seed: int) -> np.ndarray:
    """Return noise, ``[2, n]`` float32."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((2, round(seconds * TICK_RATE))) * level).astype(np.float32)


def room(layers: int, level: float) -> Mixer:
    """Return a mixer with ``layers`` cues sounding at every moment, a bed, and speech half of the time."""
    original = TickRing(SECONDS + 2.0)
    original.write(noise(SECONDS + 1, level, 1), 0)
    mixer = Mixer(MixSettings(stem=True), original, bed_s=SECONDS + 2.0)
    mixer.add_bed(noise(SECONDS + 1, 0.1, 2), 0)
    sound = Sound(noise(SECONDS + 1, 0.1, 3))
    for number in range(layers):
        kind = CueKind.ACTION if number % 2 else CueKind.ACCENT
        mixer.place(Cue(number, kind, 0, 0, pan=number / layers - 0.5), sound, 0)
    for second in range(0, SECONDS, 4):
        mixer.speech(Speech(second * TICK_RATE, True, -20.0))
        mixer.speech(Speech((second + 2) * TICK_RATE, False))
    return mixer


def cpu_s(work: Callable[[], None]) -> float:
    """Return the processor seconds of the best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def own_share(layers: int, level: float) -> float:
    """Return the share of a core the mixer takes."""
    mixers = [room(layers, level) for _ in range(3)]

    def work() -> None:
        mixer = mixers.pop()
        for start in range(0, SECONDS * TICK_RATE, BLOCK):
            mixer.mix(start, BLOCK)

    return cpu_s(work) / SECONDS


def ffmpeg_share(layers: int) -> float | None:
    """Return the share of a core ffmpeg takes for the same number of inputs, start-up taken off; None without it."""
    if shutil.which("ffmpeg") is None:
        return None
    inputs = layers + 2  # the original and the bed
    split = "".join(f"[a{number}]" for number in range(inputs))
    volumes = "".join(f"[a{number}]volume=0.25[b{number}];" for number in range(inputs))
    mixed = "".join(f"[b{number}]" for number in range(inputs))
    graph = f"asplit={inputs}{split};{volumes}{mixed}amix={inputs}:normalize=0,alimiter=limit=0.89:level=0"

    def seconds(length: int) -> float:
        sound = noise(length, 0.3, 1).T.tobytes()
        raw = ["-f", "f32le", "-ar", str(TICK_RATE), "-ac", "2", "-i", "pipe:0"]
        command = ["ffmpeg", "-hide_banner", "-nostats", "-benchmark", "-threads", "1", *raw]
        command += ["-filter_complex_threads", "1", "-af", graph, "-f", "f32le", "-y", "pipe:1"]
        done = subprocess.run(command, input=sound, capture_output=True, check=True)
        found = re.search(rb"utime=([\d.]+)s stime=([\d.]+)s", done.stderr)
        assert found is not None
        return float(found[1]) + float(found[2])

    return min(seconds(SECONDS + 1) - seconds(1) for _ in range(3)) / SECONDS


def main() -> None:
    print(f"{SECONDS} s of sound in blocks of {BLOCK}, share of one core (processor time)\n")
    print(f"{'cues':>5}  {'limiter at work':>15}  {'limiter idle':>12}  {'ffmpeg amix+alimiter':>20}")
    loud: dict[int, float] = {}
    peer: dict[int, float | None] = {}
    for layers in LAYERS:
        loud[layers], quiet, peer[layers] = own_share(layers, 0.5), own_share(layers, 0.02), ffmpeg_share(layers)
        shown = "absent" if peer[layers] is None else f"{peer[layers]:.5f}"
        print(f"{layers:>5}  {loud[layers]:>15.5f}  {quiet:>12.5f}  {shown:>20}")
    value, baseline = round(loud[8], 5), peer[8]
    figure = {
        "name": "mixer",
        "value": value,
        "unit": "share of one core, 8 cues, limiter at work",
        "baseline": None if baseline is None else round(baseline, 5),
        "target": TARGET,
        "pass": value <= TARGET,
    }
    print("\n" + json.dumps(figure))


if __name__ == "__main__":
    main()
