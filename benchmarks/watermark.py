"""How surely the watermark of a live stream is read in what is cut out of it, and what laying it costs.

    python benchmarks/watermark.py

Streams of 90 s are mixed as a room mixes them, with ambience and hits or with hits alone, encoded by ffmpeg, and cut
anywhere. The same streams without the mark, and recordings, must have none. The cost is the processor time of the mixer
with the mark less that without.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from common import ROOT, print_result, require

from livefoley.core.cues import Cue, CueKind, Sound, Stereo
from livefoley.core.events import Speech
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.ring import TickRing
from livefoley.engine.mixer import Mixer, MixSettings
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.detect import detect
from livefoley.marks.streaming import StreamEmbedder

SHARED = ROOT.parent / "shared"
ID = "00c0ffee12345678" * 2
SECONDS = 90
BLOCK = 2048
TARGET = 0.95
EXCERPTS_S = {5: 6, 10: 6, 30: 3}  # how many of each length are cut out of a stream
ENCODINGS = (("aac", "96k"), ("aac", "128k"), ("libopus", "96k"))
RAW = ("-f", "f32le", "-ar", str(TICK_RATE), "-ac", "2")
PLACES = ("a quiet shop", "rain outside", "商场人声 a mall crowd", "一间安静的直播间")
ORIGINALS = ("talks on", "a sentence now and then", "outdoors", "music", "silence")
HITS = ("FOOTSTEPS", "GLASS", "CLOTH", "PAPER", "PLASTIC", "OBJECTS", "CERAMICS")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream to be mixed: its original ``[2, n]``, when somebody speaks, and whether it has ambience."""

    what: str
    original: Stereo
    spoken: tuple[tuple[float, float], ...]
    place: str | None
    seed: int


def read_samples(path: Path) -> Stereo:
    """Return what a file sounds like, ``[2, n]``."""
    return ffmpeg("-i", path, *RAW, "pipe:1")


def ffmpeg(*arguments: object, given: bytes = b"") -> Stereo:
    """Return the raw sound that ffmpeg makes of ``given``."""
    command = ["ffmpeg", "-v", "error", *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, check=True)
    return np.ascontiguousarray(np.frombuffer(done.stdout, "<f4").reshape(-1, 2).T)


def sounds(*names: str) -> Stereo:
    """Return recordings of these categories, one behind the other."""
    paths = [path for name in names for path in sorted((SHARED / "sounds" / name).glob("*.opus"))[:8]]
    return np.concatenate([read_samples(path) for path in paths], axis=1)


def lasting(samples: Stereo, db: float) -> Stereo:
    """Return ``samples`` again and again for the length of a stream, at a level of ``db``."""
    wanted = SECONDS * TICK_RATE
    whole = np.tile(samples, (1, -(-wanted // samples.shape[1])))[:, :wanted]
    return np.asarray(whole * (10 ** (db / 20) / np.sqrt(np.mean(whole**2))), np.float32)


def streams() -> Iterator[Stream]:
    """Yield every original with ambience and hits, and with hits alone."""
    voice = np.concatenate([read_samples(path) for path in sorted((SHARED / "speech").glob("*.wav"))], axis=1)
    room = np.random.default_rng(1).normal(0, 10 ** (-62 / 20), (2, SECONDS * TICK_RATE)).astype(np.float32)
    said = lasting(voice, -22)
    sometimes = said * np.repeat(np.arange(SECONDS) % 12 < 3, TICK_RATE).astype(np.float32)
    given = {
        "talks on": (said + room, ((0.0, float(SECONDS)),)),
        "a sentence now and then": (sometimes + room, tuple((at, at + 3.0) for at in np.arange(0.0, SECONDS, 12))),
        "outdoors": (lasting(sounds("CROWDS", "VEHICLES"), -26), ()),
        "music": (lasting(sounds("MUSICAL", "BELLS"), -20), ()),
        "silence": (np.zeros_like(room), ()),
    }
    for seed, what in enumerate(ORIGINALS):
        original, spoken = given[what]
        yield Stream(f"{what}, ambience and hits", original, spoken, PLACES[seed % len(PLACES)], seed)
        yield Stream(f"{what}, hits alone", original, spoken, None, seed)


def mixed(stream: Stream, *, marked: bool) -> tuple[Stereo, float]:
    """Return the program of a room at its default levels, and the processor seconds of a second."""
    rng, hits = np.random.default_rng(stream.seed), lasting(sounds(*HITS), -20)
    original = TickRing(SECONDS + 2.0)
    original.write(stream.original, 0)
    make_mark = partial(StreamEmbedder, ID) if marked else None
    mixer = Mixer(MixSettings(), original, bed_s=SECONDS + 2.0, make_mark=make_mark)
    for begin_s, end_s in stream.spoken:
        mixer.speech(Speech(round(begin_s * TICK_RATE), True, -20.0))
        mixer.speech(Speech(round(end_s * TICK_RATE), False))
    if stream.place is not None:
        bed = ProceduralBed(stream.seed, stream.place)
        mixer.add_bed(np.concatenate([bed.read(4800) for _ in range((SECONDS + 1) * 10)], axis=1), 0)
    at, blocks, took_s = 0, [], 0.0
    for number, start in enumerate(range(0, (SECONDS - 1) * TICK_RATE, BLOCK)):
        if start >= at:
            place = int(rng.integers(0, hits.shape[1] - TICK_RATE))
            hit = hits[:, place : place + TICK_RATE // 2] * np.linspace(1, 0, TICK_RATE // 2, dtype=np.float32)
            mixer.place(Cue(number, CueKind.ACTION, start + 4 * BLOCK, 0), Sound(hit), start)
            at = start + int(rng.uniform(1, 9) * TICK_RATE)
        began_s = time.process_time()
        blocks.append(mixer.mix(start, BLOCK).program)
        took_s += time.process_time() - began_s
    return np.concatenate(blocks, axis=1), took_s / (SECONDS - 1)


def encoded(samples: Stereo, codec: str, bitrate: str) -> Stereo:
    """Return what a player makes of ``samples`` encoded by ffmpeg."""
    encode = ["ffmpeg", "-v", "error", *RAW, "-i", "pipe:0", "-c:a", codec, "-b:a", bitrate, "-f", "matroska", "pipe:1"]
    made = subprocess.run(encode, input=samples.T.tobytes(), capture_output=True, check=True)
    return ffmpeg("-i", "pipe:0", *RAW, "pipe:1", given=made.stdout)


def excerpts(samples: Stereo, seed: int) -> Iterator[tuple[int, Stereo]]:
    """Yield pieces cut out anywhere, and how long they are."""
    rng = np.random.default_rng(seed)
    for seconds, count in EXCERPTS_S.items():
        for at in rng.integers(0, samples.shape[1] - seconds * TICK_RATE, count):
            yield seconds, samples[:, int(at) : int(at) + seconds * TICK_RATE]


def recordings() -> list[Path]:
    """Return a hundred recordings, and the voices."""
    paths = sorted(path for path in (SHARED / "sounds").glob("*/*.opus") if path.stat().st_size > 20_000)
    return [*paths[:: max(1, len(paths) // 100)][:100], *sorted((SHARED / "speech").glob("*.wav"))[:10]]


def main() -> None:
    require("ffmpeg")
    if not (SHARED / "sounds").is_dir():
        raise SystemExit("this benchmark needs recordings and speech in ../shared")
    read: Counter[int] = Counter()
    cut: Counter[int] = Counter()
    false = unmarked = 0
    costs = []
    print(f"{'stream':<44} " + "  ".join(f"{seconds:>3} s" for seconds in EXCERPTS_S) + "    (read of so many)")
    for stream in streams():
        (program, cost), (plain, without) = mixed(stream, marked=True), mixed(stream, marked=False)
        costs.append(cost - without)
        found: Counter[int] = Counter()
        of: Counter[int] = Counter()
        for number, how in enumerate(ENCODINGS):
            for seconds, piece in excerpts(encoded(program, *how), 10 * stream.seed + number):
                of[seconds] += 1
                found[seconds] += detect(piece).content_id == ID[:ID_DIGITS]
        for _, piece in excerpts(encoded(plain, *ENCODINGS[0]), stream.seed):
            unmarked += 1
            false += detect(piece).found
        print(f"{stream.what:<44} " + "  ".join(f"{found[s]:>2}/{of[s]}" for s in EXCERPTS_S), flush=True)
        read += found
        cut += of
    for path in recordings():
        unmarked += 1
        false += detect(read_samples(path)).found
    print("all: " + ", ".join(f"{s} s {read[s]} of {cut[s]}" for s in EXCERPTS_S))
    print(f"found where there is none: {false} of {unmarked}; cost: {np.median(costs):.4f} of a core")
    longer = [seconds for seconds in EXCERPTS_S if seconds >= 10]
    value = sum(read[s] for s in longer) / sum(cut[s] for s in longer)
    unit = "share of excerpts of 10 s and more whose mark is read"
    print_result("watermark", round(value, 4), unit, None, TARGET, value >= TARGET and not false)


if __name__ == "__main__":
    main()
