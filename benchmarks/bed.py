"""What an endless bed costs: CPU seconds per second of sound, in the state it stays in for hours.

Beside it stands what a streamer would do instead: ffmpeg decoding a looped file (MP3, FLAC), in the same run.

    python benchmarks/bed.py [--seconds 240] [--describe TEXT ...]
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from livefoley.core.cues import Stereo
from livefoley.foley import audio_file
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.foley.render_cache import RenderCache
from livefoley.foley.rendered import RenderedSounds

PLACES = (
    "雨夜的街道, rain on a window",
    "busy cafe",
    "a forest with birds",
    "thunderstorm at the sea",
    "篝火, 夏夜",
    "football stadium",
    "quiet room with a clock",
)
TARGET = 0.015
BLOCK = 960
WARM_S = 40


def cost(place: str, seconds: int) -> tuple[float, float, float, float]:
    """Return CPU s to the first 200 ms, per second while filling up and steadily, and the longest read in ms."""
    start = time.process_time()
    bed = ProceduralBed(1, place, RenderedSounds(RenderCache()))
    bed.read(9600)
    first = time.process_time() - start
    start = time.process_time()
    bed.read(WARM_S * 48000)
    filling = (time.process_time() - start) / WARM_S
    longest, start = 0.0, time.process_time()
    for _ in range(seconds * 48000 // BLOCK):
        before = time.process_time()
        bed.read(BLOCK)
        longest = max(longest, time.process_time() - before)
    return first, filling, (time.process_time() - start) / seconds, longest * 1000


def loop_cost(path: Path, seconds: int) -> float:
    """Return CPU s per second of ffmpeg decoding ``path`` in a loop to 48 kHz stereo floats."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", str(path), "-t", str(seconds)]
    subprocess.run([*command, "-ar", "48000", "-ac", "2", "-f", "f32le", "-y", "/dev/null"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / seconds


def write_mp3(path: Path, samples: Stereo) -> None:
    """Write ``[2, n]`` as MP3 at 192 kb/s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp3", rate=48000, layout="stereo", bit_rate=192_000)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, 0
        resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=48000, frame_size=1152)
        for block in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))


def baselines(seconds: int) -> dict[str, float]:
    """Return the cost of decoding a looped file, empty without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        return {}
    loop = ProceduralBed(1, PLACES[0]).read(30 * 48000)
    with tempfile.TemporaryDirectory() as folder:
        flac, mp3 = Path(folder) / "loop.flac", Path(folder) / "loop.mp3"
        flac.write_bytes(audio_file.flac(loop))
        write_mp3(mp3, loop)
        return {"mp3": loop_cost(mp3, seconds), "flac": loop_cost(flac, seconds)}


def main() -> None:
    """Print the table and the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=240, help="seconds of bed to measure each place over")
    parser.add_argument("--describe", nargs="*", default=PLACES)
    args = parser.parse_args()
    print(f"{'place':34s} {'first, s':>9s} {'filling':>9s} {'steady':>9s} {'longest read, ms':>17s}")
    worst = 0.0
    for place in args.describe:
        first, filling, steady, longest = cost(place, args.seconds)
        worst = max(worst, steady)
        print(f"{place:34s} {first:9.2f} {filling:9.4f} {steady:9.4f} {longest:17.0f}")
    peers = baselines(args.seconds)
    for name, figure in peers.items():
        print(f"{'ffmpeg, looped ' + name:34s} {'':9s} {'':9s} {figure:9.4f}")
    result = {
        "name": "bed: CPU per second of sound, dearest place",
        "value": round(worst, 5),
        "unit": "core",
        "baseline": round(peers["mp3"], 5) if peers else None,
        "target": TARGET,
        "pass": worst <= TARGET,
    }
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
