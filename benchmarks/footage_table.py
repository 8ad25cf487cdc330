"""What is heard on real footage, and why: ``python benchmarks/footage_table.py [--out DIRECTORY] [--clips NAME ...]``.

Each clip of shared/footage is rendered as ``livefoley render`` does, without a description and with an honest one
(``eyes.DESCRIPTIONS``). In the directory lie the foley alone, the report with every sound's reason, and spectrograms of
the original and the foley: a triangle for each sound, a bar for each moment at which something sounds by moving, as it
was labelled by eye (``eyes_moments.csv``). A table in Markdown says of each what is heard, and what of it fits. Value:
the share of the sounds that fit where a clip is described; its baseline is that without a description.
"""

from __future__ import annotations

import argparse
import io
import json
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from common import FOOTAGE, print_result, quiet
from eyes import DESCRIPTIONS, MOMENTS, Moment, read_moments
from rich.console import Console

from livefoley.commands.render import render_file
from livefoley.core.cues import Stereo
from livefoley.core.families import Family, family_of
from livefoley.core.ticks import TICK_RATE
from livefoley.demo.spectrogram import draw

BEFORE_S = 0.3
LEGEND = ("a sound of ours", "labelled by eye")


@dataclass(frozen=True)
class Heard:
    """One sound, as the report tells it."""

    at_s: float
    lasts: bool
    effect: str
    why: str

    @property
    def family(self) -> Family | None:
        """What it is a sound of."""
        return family_of(self.effect)

    def fits(self, moments: list[Moment]) -> bool:
        """Say whether it is a sound of a moment's family."""
        return any(self.is_near(moment) and self.family in moment.families for moment in moments)

    def is_near(self, moment: Moment) -> bool:
        """Say whether it is about a moment; what lasts is heard a little before it is seen."""
        return moment.near(self.at_s + (BEFORE_S if self.lasts else 0.0))

    def told(self) -> str:
        """Return it in a line of the table."""
        family = f", {self.family.value}" if self.family is not None else ""
        return f"{self.at_s:.2f} s {self.effect}{family}: {self.why}"


def samples_of(path: Path) -> Stereo:
    """Return a file's sound, ``[2, n]`` at 48 kHz; none where it has none."""
    resampler = av.AudioResampler("fltp", "stereo", TICK_RATE)
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.zeros((2, 0), np.float32)
        blocks = [made.to_ndarray() for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    return np.concatenate(blocks, axis=1).astype(np.float32)


def rendered(clip: Path, description: str, name: str, out: Path) -> tuple[list[Heard], list[str]]:
    """Render a clip; return what is heard, and its ambience, and leave files of ``name`` in ``out``."""
    stem, report = out / f"{name}.stem.wav", out / f"{name}.json"
    console = Console(file=io.StringIO())
    render_file(clip, description, out / f"{name}.mp4", stem=stem, report=report, seed=0, force=True, console=console)
    told = json.loads(report.read_text(encoding="utf-8"))
    heard = [Heard(each["at_s"], each["kind"] == "lasting", each["asked_for"], each["why"]) for each in told["sounds"]]
    return heard, [f"{each['at_s']:.1f} s {each['place'] or 'a quiet room'}" for each in told["places"]]


def picture(clip: Path, name: str, heard: list[Heard], moments: list[Moment], out: Path) -> None:
    """Draw the spectrograms of a clip and of its foley."""
    foley = samples_of(out / f"{name}.stem.wav")
    bars = [(moment.start_s - 0.05, moment.end_s + 0.05) for moment in moments]
    panels = [("original", samples_of(clip)), ("foley alone", foley)]
    draw(out / f"{name}.png", panels, foley.shape[1] / TICK_RATE, [each.at_s for each in heard], bars, LEGEND)


def row(clip: str, description: str, heard: list[Heard], places: list[str], moments: list[Moment]) -> tuple[str, ...]:
    """Return a row of the table."""
    right = [each for each in heard if each.fits(moments)]
    other = [each for each in heard if each not in right and any(each.is_near(moment) for moment in moments)]
    false = [each for each in heard if each not in right and each not in other]
    missed = [
        f"{moment.start_s:g} s {'/'.join(sorted(moment.families))}"
        for moment in moments
        if moment.counts and not any(each.is_near(moment) and each.family in moment.families for each in right)
    ]
    wrong = {"of another family": [f"{each.at_s:.2f} s" for each in other]}
    wrong |= {"nothing sounds there": [f"{each.at_s:.2f} s" for each in false], "not heard": missed}
    return (
        clip,
        description or "none",
        "<br>".join([*(each.told() for each in heard), *(f"ambience from {each}" for each in places)]) or "nothing",
        ", ".join(f"{each.at_s:.2f} s" for each in right) or "-",
        "<br>".join(f"{what}: {', '.join(which)}" for what, which in wrong.items() if which) or "-",
    )


def main() -> None:
    """Render, draw, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--footage", type=Path, default=FOOTAGE)
    parser.add_argument("--out", type=Path, default=Path("out/footage"), help="where stems, reports and pictures go")
    parser.add_argument("--clips", nargs="*", help="names of some of the clips")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    quiet()
    rows: list[tuple[str, ...]] = []
    fits: dict[str, list[bool]] = {"without": [], "described": []}
    for clip, moments in read_moments(MOMENTS).items():
        if options.clips and clip not in options.clips:
            continue
        for way, description in (("without", ""), ("described", DESCRIPTIONS[clip])):
            name = f"{Path(clip).stem}.{way}"
            heard, places = rendered(options.footage / clip, description, name, options.out)
            picture(options.footage / clip, name, heard, moments, options.out)
            rows.append(row(clip, description, heard, places, moments))
            fits[way] += [each.fits(moments) for each in heard]
    for each in (("clip", "description", "what is heard", "fits", "does not"), ("---",) * 5, *rows):
        print(f"| {' | '.join(each)} |")
    without, described = (round(sum(fits[way]) / len(fits[way]), 3) if fits[way] else 0.0 for way in fits)
    print_result("sounds on real footage that fit", described, "share of sounds", without, None, True)


if __name__ == "__main__":
    main()
