"""What a room learns from its own microphone: ``python benchmarks/microphone.py``.

The demo's play, whose contacts are known, with four microphones laid under it: one that hears the hits, one that hears
them under the host's voice, the voice alone, and hits that belong to something else (0.37 s late). The first again with
moments that are seen 25 ms off (standard deviation), as on real footage. And the shared footage with its
own sound. Each is seen and heard as a room sees and hears it.

Before and after: how far the movements' moments are from the onsets they belong to (median of those within 60 ms), how
many sounds would be laid at full level on an onset within 60 ms that stands out by 10 dB, and how many movements are
held for silent. Value: the median distance with hits that are seen roughly; baseline: without learning.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import common
import numpy as np
from common import FOOTAGE, print_result, print_table
from numpy.typing import NDArray

from livefoley.core.events import MotionKind, MotionOnset, PerceptionEvent, Speech
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s, ticks_from_stamp
from livefoley.demo.clip import make_clip
from livefoley.demo.recording import read_sound
from livefoley.demo.voice import host
from livefoley.dsp.onsets import SoundOnsets
from livefoley.engine.microphone.own_sound import NEAR, Advice, OwnSound
from livefoley.media.files.file_source import read_items
from livefoley.perception.hearing.vad import SpeechDetector
from livefoley.perception.motion.analyser import MotionAnalyser

TARGET_MS = 3.0
TOLD_AFTER: Tick = ticks_from_s(0.3)  # a movement is told of so long after it, a voice a little sooner
HEARD_STRENGTH = 0.25  # what a room with the default sensitivity turns into sound
BLOCK = 1024
NEAR_MS = NEAR * 1000 / TICK_RATE
ROUGHLY_MS = 25.0
STANDS_OUT_DB = 10.0
Mono = NDArray[np.float32]


@dataclass(frozen=True)
class Figures:
    """Of one microphone: movements, their distances in ms before and after, and the rest as counts."""

    movements: int
    before_ms: list[float]
    after_ms: list[float]
    doubled_before: int
    doubled_after: int
    unlikely: int
    hears: bool
    core: float


def movements(clip: Path) -> list[MotionOnset]:
    """Return the impacts that would sound, in ticks from the first stamp of the file."""
    analyser, found = MotionAnalyser(), []
    for item in read_items(clip):
        if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO:
            analyser.configure(item)
        elif isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
            pts, dts = (ticks_from_stamp(stamp, item.time_base) for stamp in (item.pts, item.dts))
            found += analyser.feed(Unit(item, pts, dts, 0))
    found += analyser.flush()
    onsets = [event for event in found if isinstance(event, MotionOnset)]
    return [each for each in onsets if each.kind is MotionKind.IMPACT and each.strength >= HEARD_STRENGTH]


def roughly(seen: Sequence[MotionOnset]) -> list[MotionOnset]:
    """Return the movements with moments that are a little off."""
    off = np.random.default_rng(6).normal(0.0, ROUGHLY_MS / 1000, len(seen))
    moved = [replace(each, at=each.at + ticks_from_s(by_s)) for each, by_s in zip(seen, off, strict=True)]
    return sorted(moved, key=lambda each: each.at)


def knocks(moments_s: Sequence[float], samples: int) -> Mono:
    """Return a quiet room with a knock of 25 dB below full scale at each moment."""
    rng = np.random.default_rng(5)
    sound = rng.normal(0, 5e-4, samples)
    for moment_s in moments_s:
        at = ticks_from_s(moment_s)
        body = np.exp(-np.arange(7200) / 800) * rng.normal(0, 0.12, 7200)
        sound[at : at + 7200] += body[: max(0, samples - at)]
    return sound.astype(np.float32)


def learned(seen: Sequence[MotionOnset], sound: Mono) -> Figures:
    """Let one microphone hear ``sound`` and be told of what is seen."""
    own, detector, hearing = OwnSound(), SoundOnsets(), SpeechDetector()
    onsets, advice, coming = [], list[tuple[MotionOnset, Advice]](), list(seen)
    cost_s = 0.0
    for start in range(0, len(sound), BLOCK):
        block = sound[start : start + BLOCK]
        onsets += [each.at for each in detector.feed(block, start)]
        voices: list[PerceptionEvent] = hearing.feed(block, start)
        began_s = time.process_time()
        own.hear(block, start)
        for voice in voices:
            if isinstance(voice, Speech):
                own.speech(voice)
        while coming and coming[0].at + TOLD_AFTER <= start:
            advice.append((coming[0], own.advise(coming.pop(0))))
        cost_s += time.process_time() - began_s
    loud = [at for at in onsets if stands_out_db(sound, at) >= STANDS_OUT_DB]
    return Figures(
        movements=len(advice),
        before_ms=[ms for onset, _ in advice if (ms := away_ms(onset.at, onsets)) <= NEAR_MS],
        after_ms=[away_ms(said.at, onsets) for onset, said in advice if away_ms(onset.at, onsets) <= NEAR_MS],
        doubled_before=sum(away_ms(onset.at, loud) <= NEAR_MS for onset, _ in advice),
        doubled_after=sum(away_ms(said.at, loud) <= NEAR_MS and said.gain_db > -3.0 for _, said in advice),
        unlikely=sum(said.likelihood < 0.5 for _, said in advice),
        hears=own.statistics().hears,
        core=cost_s * TICK_RATE / len(sound),
    )


def away_ms(at: Tick, onsets: Sequence[Tick]) -> float:
    """Return how far the nearest onset is."""
    return min((abs(at - onset) for onset in onsets), default=10 * TICK_RATE) * 1000 / TICK_RATE


def stands_out_db(sound: Mono, at: Tick) -> float:
    """Return by how much the 40 ms after ``at`` are louder than the 400 ms before."""
    body, before = sound[at : at + 1920], sound[max(0, at - 19200) : max(1, at - 480)]
    powers = [float(np.mean(np.square(part))) + 1e-9 if len(part) else 1e-9 for part in (body, before)]
    return float(10.0 * np.log10(powers[0] / powers[1]))


def row(name: str, found: Figures) -> tuple[str, ...]:
    """Return a line of the table."""
    before, after = (f"{np.median(each):.1f}" if each else "-" for each in (found.before_ms, found.after_ms))
    doubled = f"{found.doubled_before} -> {found.doubled_after}"
    hears = "yes" if found.hears else "no"
    return name, str(found.movements), hears, f"{before} -> {after}", doubled, str(found.unlikely), f"{found.core:.4f}"


def main() -> None:
    """Print the table and the value."""
    common.CACHE.mkdir(parents=True, exist_ok=True)
    clip = make_clip(common.CACHE / "demo.mp4")
    seen, contacts_s = movements(clip.path), [contact.s for contact in clip.contacts]
    samples = ticks_from_s(clip.seconds)
    hits, voice = knocks(contacts_s, samples), host().mean(axis=0)[:samples]
    found = {
        "the play, hits": learned(seen, hits),
        "the play seen roughly, hits": learned(roughly(seen), hits),
        "the play, hits and voice": learned(seen, hits + voice),
        "the play, voice alone": learned(seen, voice),
        "the play, other hits": learned(seen, knocks([at_s + 0.37 for at_s in contacts_s], samples)),
    }
    for name in ("tears_of_steel_fight", "friday", "nasa_13013", "big_buck_bunny_bird", "room"):
        if (path := FOOTAGE / f"{name}.mp4").exists():
            found[name] = learned(movements(path), read_sound(path).mean(axis=0))
    heads = ("microphone", "movements", "hears", "away, ms", "doubled", "held for silent", "cores")
    print_table(heads, [row(name, figures) for name, figures in found.items()])
    best = found["the play seen roughly, hits"]
    value, before = float(np.median(best.after_ms)), float(np.median(best.before_ms))
    print_result("microphone_moments", value, "ms", before, TARGET_MS, value <= TARGET_MS)


if __name__ == "__main__":
    main()
