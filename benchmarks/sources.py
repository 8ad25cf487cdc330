"""Who makes which sound best: ``python benchmarks/sources.py [--takes N] [--classes NAME ...] [--write]``.

Every class of ``judged_words.yaml`` is asked for in the words for tuning and in its train recordings' captions, in both
languages, of every source by itself; the judge (YAMNet, extra ``evaluate``) says what it takes them for. Right is a
take that has one of the class's tags among the five best and, where the class has train recordings, is nearest to
these: the mean of both shares. ``quality.py`` reports on other words, and on the captions with other seeds. What a
source refuses is not counted: others are asked then.

``--write`` writes ``livefoley/foley/strengths.yaml``, by which ``auto`` asks. A class there is what these words are
read as (``foley.strengths.class_of``); it has the shares of that of ours which is read so most often.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import yaml
from common import ROOT, print_result, print_table, quiet
from takes import MANIFEST, WORDS, Taker, right_tag

from livefoley.core.cues import CueKind, SoundSource
from livefoley.core.errors import LivefoleyError
from livefoley.foley import strengths
from livefoley.train.corpus.recordings import labels
from livefoley.train.evaluate import JUDGED_SOURCE, Yardstick

SOURCES = (SoundSource.STUDENT, SoundSource.BANK, SoundSource.PROCEDURAL)
LANGUAGES = ("en", "zh")
KINDS = (CueKind.BED, CueKind.ACCENT)
FEWEST = 0.2
"""A source that makes fewer than this share of a class's takes is not known to make it."""
PROOF = 2
"""How many of a class's words have to be read as a class of ``strengths``: one may be read wrong."""
LEAST = 0.3
"""Of a class that nobody reaches this share of, nothing is written: so few takes tell nobody from another."""
CAPTIONS = 4
SECONDS = 4.0
HEADER = """\
# How well each maker of sounds makes a class: the share of its sounds that are taken for it, words alone, 0 to 1.
# A class is what is found in a description: a kind of ambience (rain, surf, fire), a family of movements (chop,
# footstep), or one of those that `asks` in foley/strengths.py names (dog, helicopter). A maker is asked before another
# where its share is higher; the student first where it lies within five points of the best. What is not listed goes by
# `USUAL` in foley/strengths.py. `n` is of how many words and seeds a share is.
#
# Do not edit; made by
#
#     python benchmarks/sources.py --takes {takes} --write
"""


def words_of(name: str) -> list[str]:
    """Return the words for tuning of a class, in both languages, and what its train recordings are called."""
    entry = _entry(name)
    return [*(text for language in LANGUAGES for text in entry["tune"][language]), *_captions().get(name, ())]


@cache
def _captions() -> dict[str, list[str]]:
    """Return the most usual captions of the train recordings of each class, in both languages."""
    counts: dict[str, Counter[str]] = {}
    for label in labels(MANIFEST):
        if label.split == "train" and JUDGED_SOURCE in label.source:
            for text in (label.english, label.chinese):
                counts.setdefault(Yardstick.group(label), Counter())[text] += 1
    return {name: [text for text, _ in own.most_common(CAPTIONS)] for name, own in counts.items()}


def _entry(name: str) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = WORDS["judged"].get(name) or WORDS["tagged"][name]
    return entry


def strength(name: str, source: str, takes: int, taker: Taker, yardstick: Yardstick) -> float | None:
    """Return the share of what a source makes of a class that is recognised; None where it makes next to nothing."""
    tagged, near = [], []
    words = words_of(name) * takes
    for number, text in enumerate(words):
        take = taker.take(text, source, number, SECONDS)
        if not take.refused:
            tagged.append(right_tag(taker.judge, take.heard, _entry(name)["tags"]))
            near.append(yardstick.recognise(take.heard) == name)
    if len(tagged) < FEWEST * len(words):
        return None
    judged = name in WORDS["judged"] and name in yardstick.groups
    return float(np.mean([np.mean(tagged), np.mean(near)] if judged else [np.mean(tagged)]))


def read_as(names: Iterable[str]) -> dict[str, Counter[str]]:
    """Return as which classes of ``strengths`` how many words of each of ours are read."""
    return {
        name: Counter(
            read for text in words_of(name) for read in {strengths.class_of(text, kind) for kind in KINDS} if read
        )
        for name in names
    }


def table_of(shares: Mapping[str, Mapping[str, float]], takes: int) -> dict[str, dict[str, float]]:
    """Return the shares of each class of ``strengths`` by source: those of ours whose words are read so most often."""
    known = read_as(shares)
    table: dict[str, dict[str, float]] = {}
    for read in sorted({each for counts in known.values() for each in counts}):
        most = max(counts[read] for counts in known.values())
        own = [name for name, counts in known.items() if counts[read] == most >= PROOF]
        sources = {str(source): [shares[name][source] for name in own if source in shares[name]] for source in SOURCES}
        means = {source: round(float(np.mean(each)), 2) for source, each in sources.items() if each}
        if max(means.values(), default=0.0) >= LEAST:
            table[read] = means | {"n": takes * sum(len(words_of(name)) for name in own)}
    return table


def main() -> None:
    known = [*WORDS["judged"], *WORDS["tagged"]]
    parser = argparse.ArgumentParser(description="Measure who makes which sound best.")
    parser.add_argument("--takes", type=int, default=2, help="seeds for each of a class's words")
    parser.add_argument("--classes", nargs="+", choices=known, default=known, metavar="NAME")
    parser.add_argument("--write", action="store_true", help="write livefoley/foley/strengths.yaml")
    arguments = parser.parse_args()
    quiet()
    if arguments.write and arguments.classes != known:
        sys.exit("error: --write wants all classes")
    try:
        yardstick = Yardstick(MANIFEST)
        taker = Taker(yardstick.judge)
    except LivefoleyError as error:
        sys.exit(f"error: {error}")
    reads, rows = read_as(arguments.classes), []
    shares: dict[str, dict[str, float]] = {}
    for name in arguments.classes:
        found = {str(source): strength(name, source, arguments.takes, taker, yardstick) for source in SOURCES}
        shares[name] = {source: share for source, share in found.items() if share is not None}
        cells = (f"{shares[name][source]:.0%}" if source in shares[name] else "-" for source in SOURCES)
        rows.append((name, *cells, ", ".join(reads[name])))
        print(".", end="", file=sys.stderr, flush=True)
    print_table(("class", *SOURCES, "read as"), rows)
    if arguments.write:
        table = yaml.safe_dump({"classes": table_of(shares, arguments.takes)}, sort_keys=False, default_flow_style=None)
        path = ROOT / "livefoley" / "foley" / "strengths.yaml"
        path.write_text(HEADER.format(takes=arguments.takes) + table, "utf-8")
    best = float(np.mean([max(own.values(), default=0.0) for own in shares.values()]))
    print_result(
        "best source of each class recognised, words for tuning", round(best, 4), "share", None, 0.8, best >= 0.8
    )


if __name__ == "__main__":
    main()
