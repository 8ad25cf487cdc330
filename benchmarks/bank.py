"""How near the rendered effects come to recordings of the same thing.

A clip is brought to 48 kHz mono, cut to its first 6 s of sound, and described by 48 log-mel bands, 60 Hz to 14 kHz
(frames of 2048, hop 512, the loudest at 0 dB, floor -70 dB, frames more than 45 dB under the loudest left out): the
mean of each band over time, its standard deviation, its modulation (mean absolute change from frame to frame), and, of
the whole, how the loudness falls over the first second (20 steps, floor -40 dB). The distance of two clips is the mean
absolute difference in dB over the first three, plus a third of that over the last. The distance between an effect and
a class is symmetric: the mean over rendered variants of the distance to the nearest recording, and the mean over
recordings of that to the nearest variant, halved. An effect is right when its own class is nearer than the median of
the others; how often it is the nearest of all (rank 1) or among the nearest three is printed too.

White noise bursts with the lengths of the rendered sounds are the floor; the recordings themselves (one half of each
class against the other half) are the ceiling. No recording is part of any rendered sound, but the octave levels of
textures were set after averages over recordings of `../shared/sounds`: the figure says how like, not how general.

    python benchmarks/bank.py [--recordings MANIFEST] [--variants 5] [--split valid]
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.errors import BankError
from livefoley.foley import audio_file
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.render_cache import RenderCache
from livefoley.foley.rendered import RenderedSounds

Features = NDArray[np.float64]

CLASSES: dict[str, tuple[str, tuple[str, ...]]] = {
    # class: (effect, parts of the captions of its recordings)
    "rain": (
        "RAIN_Steady",
        ("steady rain", "heavy rain", "light rain", "rain falling outdoors", "steady moderate rain"),
    ),
    "thunder": ("THUN_Clap", ("thunder clap rolling", "thunder boom")),
    "wind": ("WIND_Steady", ("gusty wind", "steady wind", "wind blowing over", "wind in the trees")),
    "surf": ("WATRSurf_Beach", ("sea waves rolling", "surf", "ocean waves", "waves breaking")),
    "stream": ("WATRFlow_Stream", ("river rushing",)),
    "pour": ("WATRPour_Glass", ("liquid glugging",)),
    "fire": ("FIRECrkl_Fire", ("fire crackling", "fireplace")),
    "sizzle": ("FIRESizz_Frying", ("sauna stove",)),
    "crowd": ("CRWDWalla_Murmur", ("busy restaurant",)),
    "applause": ("CRWDApls_Applause", ("applause of", "audience applauding", "burst of applause")),
    "traffic": ("AMBTraf_Street", ("city traffic", "city street")),
    "engine": ("VEHCar_Idle", ("engine running", "engine idling")),
    "train": ("TRNMisc_Ride", ("inside a moving train",)),
    "birds": (
        "AMBBird_Morning",
        ("birds singing", "small bird singing", "birds tweeting", "forest ambience with birds"),
    ),
    "gull": ("BIRDSea_Gull", ("seagull",)),
    "owl": ("BIRDPrey_Owl", ("owl hooting",)),
    "crickets": ("ANMLInsc_Crickets", ("crickets",)),
    "cicadas": ("ANMLInsc_Cicadas", ("cicadas",)),
    "frog": ("ANMLAmph_Frog", ("frog croaking",)),
    "keyboard": ("CMPTKey_Typing", ("keyboard",)),
    "mouse": ("CMPTKey_Mouse", ("mouse button",)),
    "clock": ("CLOCKTick_Ticking", ("clock ticking",)),
    "step concrete": ("FEETHmn_Concrete", ("footstep on a hard floor",)),
    "step sand": ("FEETHmn_Sand", ("footstep on sand",)),
    "step snow": ("FEETHmn_Snow", ("footstep crunching in snow",)),
    "step metal": ("FEETHmn_Metal", ("footstep on metal", "booted step on a metal")),
    "step water": ("FEETHmn_Water", ("steps splashing",)),
    "wood": ("WOODImpt_Hit", ("chopping into wood",)),
    "wood block": ("WOODImpt_Block", ("wood block", "woodblock", "claves")),
    "metal": ("METLImpt_Hit", ("metal impact", "metal clank", "striking metal")),
    "glass": ("GLASImpt_Hit", ("glass clink", "glass tapped")),
    "glass break": ("GLASBrk_Shatter", ("glass shattering",)),
    "box": ("OBJPack_Box", ("cardboard box",)),
    "soft hit": ("OBJMisc_SoftHit", ("dull impact", "dull body hit")),
    "heavy drop": ("OBJMisc_HeavyDrop", ("heavy slam",)),
    "punch": ("FGHTImpt_Punch", ("punch landing",)),
    "coin": ("OBJCoin_Drop", ("coin dropped",)),
    "whoosh": ("WHSH_Whoosh", ("whoosh", "airy swoosh", "quick swoosh")),
    "swish": ("SWSH_Swish", ("light swish",)),
    "riser": ("DSGNRise_Riser", ("riser", "pad rising")),
    "boom": ("DSGNBoom_Boom", ("cinematic boom", "trailer impact")),
    "explosion": (
        "EXPLReal_Blast",
        ("explosion with debris", "rumbling explosion", "bassy explosion", "short explosion"),
    ),
    "drum roll": ("MUSCPerc_DrumRoll", ("snare drum roll",)),
    "crash": ("MUSCPerc_Crash", ("cymbal crash",)),
    "taiko": ("MUSCPerc_Taiko", ("taiko hit",)),
    "fanfare": ("MUSCBrass_Fanfare", ("fanfare",)),
    "sad notes": ("MUSCBrass_Failure", ("sad trombone", "sad muted trumpet")),
    "ding": ("BELLMisc_Ding", ("bell ding", "small electronic bell", "triangle struck, ringing")),
    "church bell": ("BELLLrg_Church", ("church bell", "large bell struck", "tubular bell struck")),
    "gong": ("BELLGong_Gong", ("gong hit", "tam-tam")),
    "doorbell": ("BELLDoor_DingDong", ("doorbell", "ding-dong")),
    "bicycle bell": ("VEHBike_Bell", ("bicycle bell",)),
    "phone": ("COMTelph_Ring", ("telephone",)),
    "cash register": ("MECHMisc_CashRegister", ("cash register",)),
    "whistle": ("WHSTHmn_Referee", ("whistle blow", "referee whistle")),
    "car horn": ("VEHHorn_Car", ("car horn",)),
    "door": ("DOORWood_Close", ("door closing", "heavy door slam")),
    "creak": ("DOORAntq_Creak", ("creaking slowly", "creaking in the wind")),
    "knock": ("DOORKnck_Knock", ("knocking on",)),
    "heartbeat": ("HMNHart_Beat", ("heart beating",)),
    "zip": ("OBJZipr_Zip", ("zipper",)),
    "bite": ("FOODEat_Bite", ("crunchy bite",)),
    "notification": ("UIAlert_Notification", ("notification tone", "confirmation chime")),
    "error": ("UIAlert_Error", ("error tone", "wrong answer")),
    "click": ("UIClick_Click", ("button click", "tiny click")),
    "switch": ("MECHSwtch_Flip", ("switch toggle", "switch flip")),
    "boing": ("TOONBoing_Boing", ("cartoon boing",)),
    "slide up": ("TOONWhis_SlideUp", ("tone sliding up",)),
    "scratch": ("COMPhono_Scratch", ("scratched back and forth", "vinyl record scratch")),
}

RATE, FRAME, HOP, BANDS = 48_000, 2048, 512, 48
TARGET = 0.9


def _filters() -> NDArray[np.float64]:
    """Return the mel triangles, ``[BANDS, FRAME // 2 + 1]``."""
    mel = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (60.0, 14_000.0)), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    f = np.arange(FRAME // 2 + 1) * RATE / FRAME
    rise = (f - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - f) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0, np.minimum(rise, fall))
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)


FILTERS = _filters()


def features(samples: Stereo) -> Features | None:
    """Return the description of a clip, ``[3 * BANDS + 20]``, None for silence."""
    mono = samples.mean(axis=0).astype(np.float64)
    loud = np.flatnonzero(np.abs(mono) > 0.02 * np.abs(mono).max(initial=0.0))
    if len(loud) < 64:
        return None
    mono = mono[max(0, loud[0] - 240) : loud[0] + 6 * RATE]
    mono = np.pad(mono, (FRAME // 2, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(mono, FRAME)[::HOP] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ FILTERS.T
    total = 10 * np.log10(power.sum(axis=1) + 1e-12)
    level = 10 * np.log10(power / power.max() + 1e-7)
    kept = level[total > total.max() - 45]
    change = np.abs(np.diff(kept, axis=0)).mean(axis=0) if len(kept) > 1 else np.zeros(BANDS)
    fall = np.maximum(np.pad(total - total.max(), (0, 94), constant_values=-40.0)[:94], -40.0)
    steps = fall[: 94 // 20 * 20].reshape(20, -1).mean(axis=1)
    return np.concatenate((kept.mean(axis=0), kept.std(axis=0), change, steps))


def distances(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``[len(some), len(others)]`` in dB."""
    apart = np.abs(some[:, None] - others[None])
    return apart[..., : 3 * BANDS].mean(axis=2) + apart[..., 3 * BANDS :].mean(axis=2) / 3


def apart(some: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the symmetric distance between two sets of clips."""
    table = distances(some, others)
    return float((table.min(axis=1).mean() + table.min(axis=0).mean()) / 2)


def recordings(manifest: Path, split: str) -> dict[str, NDArray[np.float64]]:
    """Return the features of the recordings of each class that has any."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if split in ("", row["split"])]
    out: dict[str, list[Features]] = {}
    for row in rows:
        mine = [name for name, (_, parts) in CLASSES.items() if any(part in row["caption_en"] for part in parts)]
        if mine:
            try:
                described = features(audio_file.read(manifest.parent / row["path"], 20.0))
            except BankError as error:
                print(error)
                continue
            for name in mine:
                if described is not None:
                    out.setdefault(name, []).append(described)
    return {name: np.array(clips) for name, clips in out.items()}


def rendered(effect_name: str, variants: int) -> list[Stereo]:
    """Return the first variants of an effect, its strengths in turn."""
    effect, rendered = EFFECTS[effect_name], RenderedSounds(RenderCache())
    return [rendered.effect(effect, k, k % len(effect.layers)).take().samples for k in range(variants)]


@dataclass(frozen=True, slots=True)
class Row:
    """One class: how far its own recordings are, how far the others' (median), and who is nearest."""

    name: str
    clips: int
    own: float
    others: float
    rank: int
    nearest: str


def rank(sets: dict[str, NDArray[np.float64]], classes: dict[str, NDArray[np.float64]]) -> list[Row]:
    """Return a row for each set of clips against all classes."""
    rows = []
    for name, clips in sets.items():
        far = {other: apart(clips, theirs) for other, theirs in classes.items()}
        order = sorted(far, key=lambda other: far[other])
        rest = float(np.median([far[other] for other in far if other != name]))
        rows.append(Row(name, len(classes[name]), far[name], rest, order.index(name) + 1, order[0]))
    return rows


def shares(rows: list[Row]) -> tuple[float, float, float]:
    """Return the shares of rank 1, rank 3 or better, and nearer than the median of the other classes."""
    n = len(rows)
    return (
        sum(r.rank == 1 for r in rows) / n,
        sum(r.rank <= 3 for r in rows) / n,
        sum(r.own < r.others for r in rows) / n,
    )


def bursts(sounds: list[Stereo], seed: int) -> NDArray[np.float64]:
    """Return the features of white noise as long as ``sounds``, with 5 ms ends."""
    rng = np.random.default_rng(seed)
    out = []
    for sound in sounds:
        noise = rng.standard_normal((2, sound.shape[1])).astype(np.float32)
        ramp = np.minimum(1, np.arange(sound.shape[1]) / 240)
        described = features(noise * ramp * ramp[::-1])
        if described is not None:
            out.append(described)
    return np.array(out)


def main() -> None:
    """Print the table and the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "shared" / "sounds" / "manifest.csv"
    parser.add_argument("--recordings", type=Path, default=default, metavar="MANIFEST")
    parser.add_argument("--variants", type=int, default=5)
    parser.add_argument("--split", default="", help="only recordings of this split (train or valid); all unless given")
    args = parser.parse_args()
    if not args.recordings.exists():
        parser.exit(1, f"{args.recordings}: no such manifest of recordings\n")
    classes = recordings(args.recordings, args.split)
    sounds = {name: rendered(CLASSES[name][0], args.variants) for name in classes}
    ours = {name: np.array([f for f in map(features, clips) if f is not None]) for name, clips in sounds.items()}
    rows = rank(ours, classes)
    print(f"{'class':15s} {'effect':24s} {'clips':>5s} {'own, dB':>8s} {'others, dB':>10s} {'rank':>5s}  nearest")
    for row in sorted(rows, key=lambda r: (r.rank, r.own)):
        effect = CLASSES[row.name][0]
        print(
            f"{row.name:15s} {effect:24s} {row.clips:5d} {row.own:8.2f} {row.others:10.2f} {row.rank:5d}  {row.nearest}"
        )
    first, third, median = shares(rows)
    noise = shares(rank({name: bursts(clips, k) for k, (name, clips) in enumerate(sounds.items())}, classes))
    halves = {name: clips[::2] for name, clips in classes.items() if len(clips) >= 4}
    other = {name: clips[1::2] if name in halves else clips for name, clips in classes.items()}
    ceiling = shares(rank(halves, other))
    print(f"\n{'':24s} {'rank 1':>8s} {'rank <= 3':>10s} {'nearer than median':>19s}")
    table = (("rendered", (first, third, median), rows), ("white noise bursts", noise, rows))
    for label, figures, of in (*table, ("recordings, other half", ceiling, halves)):
        print(f"{label:24s} {figures[0]:8.2f} {figures[1]:10.2f} {figures[2]:19.2f}   ({len(of)} classes)")
    result = {
        "name": "bank: share of effects nearer to recordings of their own class than to the median of the others",
        "value": round(median, 3),
        "unit": "share",
        "baseline": round(noise[2], 3),
        "target": TARGET,
        "pass": median >= TARGET,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
