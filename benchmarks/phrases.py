"""What free descriptions sound like: ``python benchmarks/phrases.py [--phrases FILE] [--all] [--library FOLDER ...]``.

Descriptions as operators and streamers type them, in both languages (``phrases.csv``), through ``auto`` (what
``livefoley generate`` does), three takes each. The judge is YAMNet (extra ``evaluate``): its five best tags for what
sounds, silence left out. A take is right when one of the tags that ``must`` be there is, and none that ``must_not``;
wrong when one of these is, or when no tag that must or ``may`` be there is; unclear else. Nobody making it is refused.

The columns are ``text``, ``must``, ``may``, ``must_not`` (names of YAMNet's classes, several apart by ``;``; without a
``must`` one of ``may`` is enough), ``seconds`` and ``set``. ``tune`` is the half that may be looked at while sounds are
made better; ``fresh`` is the value, and nobody looks at which of it are missed. A file of one's own needs no ``set``:
all of it counts.

The tags are one network's, for 0.96 s each and no higher than 7.5 kHz: it has no name for some sounds (a zip is often
nothing to it), so that even recordings do not reach 100 %. Value: the share of takes that are right.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import print_result, print_table, quiet
from takes import AUTO, SOURCES, Take, Taker

from livefoley.core.errors import LivefoleyError

PHRASES = Path(__file__).with_name("phrases.csv")
TUNE, FRESH = "tune", "fresh"
TARGET, SEEDS, BEST, DRAWS = 0.75, 3, 5, 2000
RIGHT, UNCLEAR, WRONG, REFUSED = "right", "unclear", "wrong", "refused"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A description and the tags its sound must, may and must not have."""

    text: str
    must: frozenset[str]
    may: frozenset[str]
    must_not: frozenset[str]
    seconds: float
    part: str

    def verdict(self, tags: Sequence[str], refused: bool) -> str:
        """Return what a sound with these best tags is."""
        heard = set(tags)
        if refused:
            return REFUSED
        if heard & self.must_not:
            return WRONG
        if heard & (self.must or self.may):
            return RIGHT
        return UNCLEAR if heard & self.may else WRONG


@dataclass(frozen=True, slots=True)
class Told:
    """One take of a phrase, its best tags and what it is."""

    phrase: Phrase
    take: Take
    tags: list[str]
    verdict: str


def load(path: Path, names: Sequence[str]) -> list[Phrase]:
    """Return the phrases of a file; exit with one line for one that cannot be read or has tags that do not exist."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        phrases = [_phrase(row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError) as error:
        sys.exit(f"error: {path}: {error!r}; want the columns text, must, may, must_not, seconds")
    unknown = {tag for each in phrases for tag in each.must | each.may | each.must_not} - set(names)
    if unknown or not phrases:
        sys.exit(f"error: {path}: {'no phrases' if not phrases else f'no tags of the judge: {sorted(unknown)}'}")
    return phrases


def _phrase(row: dict[str, str]) -> Phrase:
    must, may, must_not = (
        frozenset(tag.strip() for tag in (row[column] or "").split(";") if tag.strip())
        for column in ("must", "may", "must_not")
    )
    return Phrase(row["text"], must, may, must_not, float(row.get("seconds") or 4.0), row.get("set") or FRESH)


def judged(phrases: Sequence[Phrase], taker: Taker, source: str) -> list[Told]:
    """Return three takes of every phrase by a source."""
    told = []
    for phrase in phrases:
        for seed in range(1, SEEDS + 1):
            take = taker.take(phrase.text, source, seed, phrase.seconds)
            tags = taker.judge.tags(take.heard, BEST)
            told.append(Told(phrase, take, tags, phrase.verdict(tags, bool(take.refused))))
    return told


def share(told: Sequence[Told], verdict: str = RIGHT) -> float:
    """Return how many takes are right (or what else is asked for)."""
    return sum(each.verdict == verdict for each in told) / len(told) if told else 0.0


def interval(told: Sequence[Told]) -> tuple[float, float]:
    """Return the 95 % confidence interval of the share that is right: phrases are drawn anew (bootstrap)."""
    shares: dict[str, list[bool]] = {}
    for each in told:
        shares.setdefault(each.phrase.text, []).append(each.verdict == RIGHT)
    means = np.array([np.mean(own) for own in shares.values()])
    drawn = means[np.random.default_rng(0).integers(0, len(means), (DRAWS, len(means)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def row(name: str, told: Sequence[Told]) -> tuple[str, ...]:
    low, high = interval(told)
    english, chinese = ([each for each in told if each.phrase.text.isascii() is ascii_] for ascii_ in (True, False))
    rest = (f"{share(told, verdict):.0%}" for verdict in (UNCLEAR, WRONG, REFUSED))
    both = (f"{share(own):.0%}" if own else "-" for own in (english, chinese))
    return name, f"{share(told):.1%}", f"{low:.0%} to {high:.0%}", *both, *rest, str(len(told))


def by_source(told: Sequence[Told]) -> None:
    """Print who made the takes, and how many of each are right, wrong and refused."""
    rows = []
    for source, count in Counter(each.take.source or "nobody" for each in told).most_common():
        own = [each for each in told if (each.take.source or "nobody") == source]
        rows.append(
            (source, str(count), *(f"{share(own, verdict):.0%}" for verdict in (RIGHT, UNCLEAR, WRONG, REFUSED)))
        )
    print("\nwho made them")
    print_table(("", "takes", RIGHT, UNCLEAR, WRONG, REFUSED), rows)


def missed(told: Sequence[Told]) -> None:
    """Print what is not right, phrase by phrase."""
    print()
    for each in told:
        if each.verdict != RIGHT:
            said = each.take.refused or f"{each.take.source}: {', '.join(each.tags)}"
            print(f"  {each.verdict:8s} {each.phrase.text}: {said}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what free descriptions sound like.")
    parser.add_argument("--phrases", type=Path, help="a CSV of one's own")
    parser.add_argument("--library", type=Path, action="append", default=[], help="recordings that auto may play")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--all", action="store_true", help="every source by itself, too")
    parser.add_argument("--tune", action="store_true", help="print what is missed of the phrases one may look at")
    arguments = parser.parse_args()
    quiet()
    try:
        taker = Taker(libraries=arguments.library, model=arguments.model)
        phrases = load(arguments.phrases or PHRASES, taker.judge.names)
    except LivefoleyError as error:
        sys.exit(f"error: {error}")
    rows, told = [], []
    for part in (TUNE, FRESH):
        own = [phrase for phrase in phrases if phrase.part == part]
        for source in SOURCES if own and arguments.all else (AUTO,) if own else ():
            found = judged(own, taker, source)
            rows.append(row(f"{part}, {source}", found))
            if part == FRESH and source == AUTO:
                told = found
            if source == AUTO and (arguments.phrases or (arguments.tune and part == TUNE)):
                missed(found)
    print_table(("", RIGHT, "95 %", "en", "zh", UNCLEAR, WRONG, REFUSED, "takes"), rows)
    by_source(told)
    value = share(told)
    passed = value >= TARGET and share(told, REFUSED) == 0
    print_result("free descriptions with a right sound", round(value, 4), "share", None, TARGET, passed)


if __name__ == "__main__":
    main()
