"""How exactly a visible blow is placed, and what watching costs: ``python benchmarks/motion.py [--quick]``.

Value: the 95th percentile of the distance (ms) between reported impacts and the frames that show the contacts, on
rendered films whose contacts are known (24, 30 and 60 fps, with and without B-frames). The frame that shows a contact
is the nearest to it; where it lies within 5 ms of the middle between two frames, both do. Baseline, in the same run:
plain sampling at about 10 fps, without refinement. Beside them the distance from the contact itself (half a frame at
best), onset F1, the CPU seconds a second of stream costs, and, when the footage is there, the agreement with the onsets
of its own sound.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from livefoley.core.events import MotionKind, MotionOnset  # noqa: E402
from livefoley.core.media import TrackInfo, Unit  # noqa: E402
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks  # noqa: E402
from livefoley.dsp.onsets import SoundOnsets  # noqa: E402
from livefoley.perception.hearing.vad import SpeechDetector  # noqa: E402
from livefoley.perception.motion.analyser import MotionAnalyser  # noqa: E402
from tests.perception import clips  # noqa: E402

TARGET_MS = 20.0
MATCH: Tick = TICK_RATE // 10  # a report within 100 ms of a contact is about it
HEARD_STRENGTH = 0.25  # what a room with the default sensitivity turns into sound
ORIGIN: Tick = 48_000
FOOTAGE = ("room.mp4", "tears_of_steel_fight.mp4", "bottles_by_hand.mp4", "cars_from_above.mp4")


@dataclass
class Score:
    """Reports against truth, over any number of clips."""

    found: int = 0
    truth: int = 0
    errors: list[Tick] = field(default_factory=list)
    true_errors: list[Tick] = field(default_factory=list)  # from the contact itself
    late: list[Tick] = field(default_factory=list)
    cpu_s: float = 0.0
    stream_s: float = 0.0

    def add(self, reports: Sequence[Tick], truth: Sequence[Sequence[Tick]], tolerance: Tick) -> None:
        """Count ``reports`` against ``truth``: the ticks, one or more, that are right for each."""
        self.found += len(reports)
        self.truth += len(truth)
        self.errors += match(reports, truth, tolerance)

    @property
    def f1(self) -> float:
        return 2 * len(self.errors) / max(1, self.found + self.truth)

    @property
    def p95_ms(self) -> float:
        return float(np.percentile(self.errors, 95)) / 48 if self.errors else float("nan")

    @property
    def exact(self) -> float:
        return float(np.mean(np.array(self.errors) < 48)) if self.errors else float("nan")


def match(reports: Sequence[Tick], truth: Sequence[Sequence[Tick]], tolerance: Tick) -> list[Tick]:
    """Return the distances of the pairs, each report used once, the closest pairs first."""
    pairs = sorted((min(abs(r - t) for t in ts), i, j) for i, r in enumerate(reports) for j, ts in enumerate(truth))
    used_reports, used_truth, distances = set(), set(), []
    for distance, i, j in pairs:
        if distance <= tolerance and i not in used_reports and j not in used_truth:
            used_reports.add(i)
            used_truth.add(j)
            distances.append(distance)
    return distances


def watch(track: TrackInfo, units: Iterable[Unit], score: Score, *, refine: bool = True) -> list[MotionOnset]:
    """Return the onsets of a track that would be heard; cost and delay go to ``score``."""
    analyser = MotionAnalyser(refine=refine)
    analyser.configure(track)
    onsets: list[MotionOnset] = []
    first: Tick | None = None
    newest = 0
    begun = time.process_time()
    for unit in units:
        first, newest = unit.dts if first is None else first, unit.dts
        found = [event for event in analyser.feed(unit) if isinstance(event, MotionOnset)]
        score.late += [unit.dts - onset.at for onset in found]
        onsets += found
    onsets += [event for event in analyser.flush() if isinstance(event, MotionOnset)]
    score.cpu_s += time.process_time() - begun
    score.stream_s += s_from_ticks(newest - (first or 0))
    return [onset for onset in onsets if onset.strength >= HEARD_STRENGTH]


def impacts(onsets: Iterable[MotionOnset]) -> list[Tick]:
    return [onset.at for onset in onsets if onset.kind is MotionKind.IMPACT]


# ---- rendered films ----


def rendered(console: Console, quick: bool) -> tuple[Score, Score]:
    """Return the scores with refinement and without."""
    table = Table(title="Rendered films: impacts against known contacts")
    for name in ("film", "fps", "B", "contacts", "F1", "p95 ms", "exact", "10 fps: F1", "p95 ms"):
        table.add_column(name, justify="left" if name == "film" else "right")
    total, plain = Score(), Score()
    for fps in (30,) if quick else (24, 30, 60):
        for b_frames in (3,) if quick else (0, 3):
            for film in films():
                rows = [Score(), Score()]
                clip = clips.encode(film, fps, b_frames=b_frames)
                for score, overall, refine in zip(rows, (total, plain), (True, False), strict=True):
                    reports = impacts(watch(clip.track, clip.units, overall, refine=refine))
                    score.add(reports, clip.showing, MATCH)
                    overall.add(reports, clip.showing, MATCH)
                    overall.true_errors += match(
                        reports, [[ORIGIN + round(c * TICK_RATE)] for c in film.contacts], MATCH
                    )
                cells = (film.name, fps, b_frames, rows[0].truth, rows[0].f1, rows[0].p95_ms, rows[0].exact)
                table.add_row(*map(_cell, cells), _cell(rows[1].f1), _cell(rows[1].p95_ms))
    console.print(table)
    return total, plain


def films() -> list[clips.Film]:
    second = clips.bouncing_ball(8.0, seed=2)
    boxes = clips.falling_boxes(8.0, seed=4)
    return [*clips.contact_films(8.0), replace(second, name="ball 2"), replace(boxes, name="boxes 2")]


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


# ---- cost ----


def cost(console: Console) -> float:
    """Print CPU seconds a second of 1080p30 at 6 Mb/s with B-frames; return that of a calm picture."""
    table = Table(title="CPU seconds a second of stream, 1080p30 6 Mb/s with B-frames, one thread")
    for name in ("picture", "decode all", "watch", "decoded", "looked at"):
        table.add_column(name, justify="left" if name == "picture" else "right")
    calm = 0.0
    options = {"preset": "veryfast", "b": "6M", "maxrate": "6M", "bufsize": "6M", "g": "60", "bf": "2"}
    options["b_strategy"] = "0"  # a fixed pattern, as of hardware encoders
    for film in (clips.still(6.0), clips.bouncing_ball(6.0), clips.raining(6.0)):
        clip = clips.encode(film, 30, size=(1920, 1080), options=options, noise=3.0)
        score = Score()
        analyser = MotionAnalyser()
        analyser.configure(clip.track)
        begun = time.process_time()
        for unit in clip.units:
            analyser.feed(unit)
        score.cpu_s = (time.process_time() - begun) / film.seconds
        sampler = analyser.statistics().sampler
        decoded = f"{100 * (1 - sampler.skipped / sampler.units):.0f} %"
        table.add_row(
            film.name,
            f"{_decode_all(clip):.3f}",
            f"{score.cpu_s:.3f}",
            decoded,
            f"{sampler.pictures / film.seconds:.0f} /s",
        )
        calm = calm or score.cpu_s
    console.print(table)
    return calm


def _decode_all(clip: clips.Clip) -> float:
    context = av.CodecContext.create(clip.track.codec, "r")
    context.extradata = clip.track.extradata
    context.thread_count = 1
    begun = time.process_time()
    for unit in clip.units:
        context.decode(av.Packet(unit.packet.data))
    return (time.process_time() - begun) / clip.film.seconds


def listening(console: Console) -> None:
    """Print the CPU seconds a second of sound costs."""
    random = np.random.default_rng(3)
    n = 20 * TICK_RATE
    murmur = np.cumsum(random.standard_normal(n))
    murmur = np.diff(murmur - np.convolve(murmur, np.ones(480) / 480, "same"), prepend=0.0)
    for name, samples in (("silence", np.zeros(n)), ("noise", 0.05 * murmur / murmur.std()), ("speech", _speech(n))):
        if samples is None:
            continue
        detector = SpeechDetector()
        begun = time.process_time()
        for start in range(0, n, 1024):
            detector.feed(samples[start : start + 1024].astype(np.float32), start)
        console.print(f"listening to {name}: {(time.process_time() - begun) / 20:.4f} CPU s/s")


def _speech(n: int) -> NDArray[np.float32] | None:
    path = _shared("speech/live_shop_zh_20db.flac")
    return None if path is None else np.resize(_sound(path), n)


# ---- footage ----


def footage(console: Console) -> None:
    """Print how onsets in the picture agree with onsets of the clip's own sound: an honest, and hard, comparison."""
    table = Table(title="Footage: all motion onsets against the spectral-flux onsets of the clip's own sound")
    for name in ("clip", "impacts", "sweeps", "sounds", "F1 50 ms", "F1 100 ms", "chance 100 ms", "CPU s/s"):
        table.add_column(name, justify="left" if name == "clip" else "right")
    for name in FOOTAGE:
        path = _shared(f"footage/{name}")
        if path is None:
            continue
        score = Score()
        track, units = clips.read(str(path), ORIGIN)
        onsets = watch(track, units, score)
        hits = len(impacts(onsets))
        row = [name, str(hits), str(len(onsets) - hits)]
        row += _agreement([onset.at for onset in onsets], path, score.stream_s)
        table.add_row(*row, f"{score.cpu_s / score.stream_s:.3f}")
    console.print(table)


def _agreement(reports: list[Tick], path: Path, seconds: float) -> list[str]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return ["none", "-", "-", "-"]
    heard = [[ORIGIN + onset.at] for onset in SoundOnsets().feed(_sound(path), 0)]
    scores = []
    for tolerance in (TICK_RATE // 20, TICK_RATE // 10):
        score = Score()
        score.add(reports, heard, tolerance)
        scores.append(score.f1)
    chance = []
    for seed in range(20):  # the same number of reports anywhere
        score = Score()
        anywhere = np.random.default_rng(seed).uniform(0, seconds * TICK_RATE, len(reports)).astype(int)
        score.add([ORIGIN + int(at) for at in anywhere], heard, TICK_RATE // 10)
        chance.append(score.f1)
    return [str(len(heard)), *(f"{score:.2f}" for score in scores), f"{np.mean(chance):.2f}"]


def _sound(path: Path) -> NDArray[np.float32]:
    """Return a file's sound as 48 kHz mono; its first sample lies where its picture begins, to a few ms."""
    resampler = av.AudioResampler("flt", "mono", TICK_RATE)
    with av.open(str(path)) as container:
        blocks = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate(blocks).astype(np.float32)


def _shared(path: str) -> Path | None:
    found = ROOT.parent / "shared" / path
    return found if found.exists() else None


def main() -> None:
    """Print tables, then one line of JSON."""
    quick = "--quick" in sys.argv[1:]
    console = Console(width=120)
    total, plain = rendered(console, quick)
    for name, score in (("refined", total), ("plain 10 fps", plain)):
        console.print(
            f"{name}: F1 {score.f1:.3f}, exact frame {100 * score.exact:.0f} %, p95 {score.p95_ms:.1f} ms "
            f"({np.percentile(score.true_errors, 95) / 48:.1f} ms from the contact itself), "
            f"at most {max(score.late, default=0) / 48:.0f} ms late, {score.cpu_s / score.stream_s:.3f} CPU s/s"
        )
    calm = cost(console)
    console.print(f"calm 1080p30: {calm:.3f} CPU s/s")
    listening(console)
    footage(console)
    value, baseline = round(total.p95_ms, 1), round(plain.p95_ms, 1)
    result = {"name": "motion", "value": value, "unit": "ms", "baseline": baseline, "target": TARGET_MS}
    print(json.dumps(result | {"pass": value <= TARGET_MS}))


if __name__ == "__main__":
    main()
