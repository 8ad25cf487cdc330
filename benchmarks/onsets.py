"""Whether what is seen to land is heard to: ``python benchmarks/onsets.py [--clips MANIFEST]``.

Real footage with its own sound: the moments at which a room would lay a sound, from the picture and an honest
description, against the onsets of the clip's own sound. The manifest is a CSV file with the columns ``path`` (seen from
its folder), ``what_happens`` and ``what_happens_zh``; ``hits`` may say yes or no, otherwise the words tell whether
anything hits anything. A clip without sound says how much is laid, and not whether it is right.

Value: F1 at 50 ms, less the mean of the same moments shifted round the clip a hundred times, the mean over the clips
in which something hits and something is heard. Beside it what the movements alone give, whatever the words, and how
much is laid where nothing hits. A clip's track also holds speech, music and echoes: 1 is out of reach.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from common import FOOTAGE, print_result, print_table
from eyes import movements, sounds
from numpy.typing import NDArray

from livefoley.core.events import MotionOnset
from livefoley.core.ticks import TICK_RATE, ticks_from_stamp
from livefoley.dsp.onsets import SoundOnsets
from livefoley.engine.choice import SILENT
from livefoley.foley.description.reader import read

TARGET = 0.15
MOST_WHERE_NOTHING_HITS = 0.3  # a second
NEAR_S = 0.05
SHIFTS = 100
MANIFEST = FOOTAGE / "manifest.csv"
HEARD_STRENGTH = 0.25  # what a room with the default sensitivity turns into sound


@dataclass(frozen=True)
class Case:
    """A clip of the manifest."""

    path: Path
    words: str
    hits: bool


@dataclass(frozen=True)
class Agreement:
    """F1 of moments against what is heard, and the mean of the same moments shifted."""

    f1: float
    chance: float

    @property
    def gain(self) -> float:
        return self.f1 - self.chance


def read_manifest(path: Path) -> list[Case]:
    """Return the clips that are there; the description is the English one, or the Chinese where there is no other."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cases = []
    for row in rows:
        told = row.get("what_happens") or row.get("what_happens_zh") or ""
        said = (row.get("hits") or "").lower()
        hits = said == "yes" if said in ("yes", "no") else anything_hits(told)
        cases.append(Case(path.parent / row["path"], told, hits))
    return [case for case in cases if case.path.exists()]


def anything_hits(words: str) -> bool:
    """Say whether something that is done in ``words`` sounds by landing; what is merely there does not."""
    families = [action.family for action in read(words).actions if action.effects and not action.about]
    return any(family is not None and family not in SILENT for family in families)


def heard(path: Path) -> list[float]:
    """Return the onsets (s) of a file's sound, on the clock of its pictures; empty where there is none."""
    resampler = av.AudioResampler("flt", "mono", TICK_RATE)
    blocks: list[NDArray[np.float32]] = []
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        begins = 0
        for frame in container.decode(audio=0):
            if not blocks and frame.pts is not None and frame.time_base is not None:
                begins = ticks_from_stamp(frame.pts, frame.time_base)
            blocks += [out.to_ndarray()[0] for out in resampler.resample(frame)]
    return [onset.at / TICK_RATE for onset in SoundOnsets().feed(np.concatenate(blocks), begins)]


def f1(moments: list[float], truth: list[float]) -> float:
    """Return F1 at ``NEAR_S``, the closest pairs first and each moment in one pair at most."""
    away = np.abs(np.subtract.outer(moments, truth))
    pairs = 0
    while away.size and away.min() <= NEAR_S:
        moment, onset = np.unravel_index(np.argmin(away), away.shape)
        away[moment], away[:, onset] = np.inf, np.inf
        pairs += 1
    return 2 * pairs / max(1, len(moments) + len(truth))


def agreement(moments: list[float], truth: list[float], length_s: float) -> Agreement:
    """Return how well moments suit what is heard, beside what the same number anywhere would."""
    shifts = np.random.default_rng(1).uniform(0, length_s, SHIFTS)
    shifted = [f1([(moment + shift) % length_s for moment in moments], truth) for shift in shifts]
    return Agreement(f1(moments, truth), float(np.mean(shifted)))


def main() -> None:
    """Measure, print a table and the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, default=MANIFEST)
    options = parser.parse_args()
    laid_by: dict[str, list[Agreement]] = {"words": [], "movement": []}
    silent_s, false = 0.0, 0
    rows = []
    for case in read_manifest(options.clips):
        seen, length_s = movements(case.path, eyes=True)
        stops = [each for each in seen if isinstance(each, MotionOnset)]
        moved = [onset.at / TICK_RATE for onset in stops if onset.strength >= HEARD_STRENGTH]
        laid = [each.start_s for each in sounds(seen, case.words)]
        truth = heard(case.path)
        row = [case.path.name, "yes" if case.hits else "no", str(len(truth)), str(len(moved)), str(len(laid))]
        if case.hits and truth:
            found = [agreement(moments, truth, length_s) for moments in (moved, laid)]
            laid_by["movement"].append(found[0])
            laid_by["words"].append(found[1])
            row += [f"{each.f1:.2f} ({each.chance:.2f})" for each in found]
        else:
            row += ["-", "-"]
        if not case.hits:
            silent_s += length_s
            false += len(laid)
        rows.append((*row, f"{len(laid) / max(1e-9, length_s):.2f}"))
    headings = (
        "clip",
        "hits",
        "heard",
        "moves",
        "laid",
        "F1 of moves (chance)",
        "F1 of laid (chance)",
        "laid a second",
    )
    print_table(headings, rows)
    value, alone = (float(np.mean([each.gain for each in laid_by[way]] or [0.0])) for way in ("words", "movement"))
    rate = false / max(1e-9, silent_s)
    print(f"where nothing hits, {silent_s:.0f} s: {rate:.2f} sounds a second are laid")
    passed = value >= TARGET and rate <= MOST_WHERE_NOTHING_HITS
    print_result("onsets", round(value, 3), "F1 at 50 ms above chance", round(alone, 3), TARGET, passed)


if __name__ == "__main__":
    main()
