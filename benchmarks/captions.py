"""How well clips are captioned: ``python benchmarks/captions.py [--manifest FILE] [--details]``.

Clips of half a minute: the lines of a language one after the other, in noise at 20 and at 10 dB, and every mix of the
manifest as it is. Each is heard by the listener of a live room, whose text is the baseline, and then written down by
what captions clips (``clips.captions: full``), as the clips' worker does it. Value: the share of characters (Chinese)
and words (English) that are wrong. Beside it the processor time it takes.

The settings were chosen on the odd lines (train); even lines and mixes (valid) had no part in it, and are the value.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import print_result, print_table
from numpy.typing import NDArray
from speech import LANGUAGES, NOISES, SPEECH, Clip, clips, compose, errors, hear, read

from livefoley.core.events import Transcript
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.ears.normalise import is_han
from livefoley.perception.ears.transcriber import Transcriber

SNRS_DB = (20.0, 10.0)


@dataclass(frozen=True)
class Trial:
    """A clip, and what became of it: edits and units by language, live and with time."""

    name: str
    split: str
    seconds: float
    live: dict[str, tuple[int, int]]
    full: dict[str, tuple[int, int]]
    cost_s: float


@dataclass(frozen=True)
class Piece:
    """A clip to be captioned."""

    name: str
    split: str
    sound: NDArray[np.float32]
    text: str


def pieces(fixtures: Sequence[Clip]) -> Iterator[Piece]:
    """Give the clips."""
    for number, (split, language) in enumerate((s, each) for s in ("train", "valid") for each in LANGUAGES):
        lines = [c for c in fixtures if c.snr_db is None and c.languages == (language,) and _split(c) == split]
        for snr_db in SNRS_DB if lines else ():
            sound, _ = compose(lines, snr_db, noise=NOISES[number % len(NOISES)])
            yield Piece(f"{language} lines at {snr_db:g} dB", split, sound, " / ".join(line.text for line in lines))
    for clip in fixtures:
        if clip.snr_db is not None:
            yield Piece(f"{clip.name}", "valid", read(clip.path), clip.text)


def _split(clip: Clip) -> str:
    return "train" if int("".join(filter(str.isdigit, clip.name)) or 0) % 2 else "valid"


def caption(piece: Piece, transcriber: Transcriber, details: bool) -> Trial:
    """Hear a clip live, then write it down."""
    live = [each for each in hear(piece.sound, []) if isinstance(each, Transcript) and each.final and each.text]
    began_s = time.process_time()
    full = transcriber.transcribe(piece.sound, 0, live, math.inf)
    cost_s = time.process_time() - began_s
    spoken = {language: [part for part in piece.text.split(" / ") if _is(part, language)] for language in LANGUAGES}
    live_errors, full_errors = (
        {lang: errors(said, [each.text for each in written], lang) for lang, said in spoken.items() if said}
        for written in (live, full)
    )
    if details:
        print(f"{piece.name}\n  said {piece.text}")
        for name, written in (("live", live), ("full", full)):
            print(f"  {name} {' / '.join(each.text for each in written)}")
    return Trial(piece.name, piece.split, len(piece.sound) / TICK_RATE, live_errors, full_errors, cost_s)


def _is(text: str, language: str) -> bool:
    return is_han(text) == (language == "zh")


def rate(trials: Sequence[Trial], language: str | None = None, *, live: bool = False) -> float:
    """Return the share of units that are wrong."""
    found = [
        pair
        for trial in trials
        for each, pair in (trial.live if live else trial.full).items()
        if language in (None, each)
    ]
    return sum(wrong for wrong, _ in found) / max(1, sum(units for _, units in found))


def main() -> None:
    """Caption everything, print the table, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, default=SPEECH / "manifest.csv")
    parser.add_argument("--details", action="store_true", help="print what was said and written")
    given = parser.parse_args()
    transcriber = Transcriber("base", "cpu")
    trials = [caption(piece, transcriber, given.details) for piece in pieces(clips(given.manifest))]
    rows = [
        (trial.split, trial.name, f"{trial.seconds:.0f}", f"{rate([trial], live=True):.3f}", f"{rate([trial]):.3f}",
         f"{trial.cost_s:.1f}")
        for trial in trials
    ]  # fmt: skip
    for split in ("train", "valid"):
        some = [trial for trial in trials if trial.split == split]
        for language in LANGUAGES:
            rates = f"{rate(some, language, live=True):.3f}", f"{rate(some, language):.3f}"
            rows.append((split, f"all {language}", f"{sum(trial.seconds for trial in some):.0f}", *rates, ""))
    print_table(("set", "clip", "seconds", "live", "full", "processor s"), rows)
    valid = [trial for trial in trials if trial.split == "valid"]
    value, baseline = rate(valid), rate(valid, live=True)
    cost = 20 * sum(trial.cost_s for trial in trials) / sum(trial.seconds for trial in trials)
    print(f"\n{cost:.2f} s of a processor for 20 s of sound")
    print_result("captions", round(value, 4), "error rate", round(baseline, 4), round(baseline, 4), value < baseline)


if __name__ == "__main__":
    main()
