"""How good sounds made from words alone are: by whom they are recognised as what was asked for, class by class.

    python benchmarks/quality.py [--recordings MANIFEST] [--library FOLDER ...] [--takes N] [--quick]
        [--beside FIGURES] [--out out/quality]

Every class is asked for in its recordings' captions and, as nobody types captions, in other words for the same thing
that neither training nor whoever builds the makers has seen (``judged_words.yaml``, ``fresh``); in English and Chinese,
five seconds, without an envelope or onsets, through ``auto`` (what ``livefoley generate`` does) and through each source
by itself. The judge is YAMNet (extra ``evaluate``), which had no part in training:

- *recognised*: the class most common among the five nearest train recordings. Silence is left out on both sides. Noise,
  clicks and tones lie among the recordings, and what is like none of them is nothing: a clip of silence, noise or a
  click is never right.
- *tagged*: a right name among the judge's own five best tags. No recording is looked at; the names are in
  ``judged_words.yaml``.

Classes count alike (macro average); intervals are 95 %, by drawing units anew within each class: takes for captions,
wordings for other words, recordings for what is made of recordings. Beside: the held-out recordings themselves, white
noise with their envelopes, the student told their envelopes and onsets, and an earlier run (``--beside``).
``--recordings`` is a manifest of the form of ``shared/sounds`` with recordings held out (``split`` valid; all of them
where there is no split), ``--library`` a folder of recordings that ``auto`` may play.

What the judge cannot tell: it says of the real recordings how often it is wrong; it hears nothing above 7.5 kHz, no
stereo and no level, takes a class for right that is merely nearer than nine others, and has one network's taste. Ten
classes are no measure of free words: ``phrases.py`` is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from common import print_result, print_table, quiet
from takes import AUTO, MANIFEST, SOURCES, WORDS, Taker, right_tag

from livefoley.core.errors import LivefoleyError
from livefoley.foley.student.features import HOP, Floats, level_db, referenced
from livefoley.foley.student.student import open_student
from livefoley.train import evaluate
from livefoley.train.evaluate import Judged, Yardstick, interval, share
from livefoley.train.judge import frechet, principal_axes

SEED = 50_000
"""Far from the seeds by which ``sources.py`` chooses."""
LANGUAGES = ("en", "zh")
CAPTIONS, PARAPHRASED = "captions", "other words"
NOISE = "white noise, their envelope"
TARGETS = {PARAPHRASED: 0.75, CAPTIONS: 0.80}
WITH_RECORDINGS = 0.88


def main() -> None:
    arguments = _arguments()
    quiet()
    before = earlier(arguments.beside)
    try:
        yardstick = Yardstick(arguments.recordings, references=MANIFEST)
        taker = Taker(yardstick.judge, arguments.library, arguments.model)
    except LivefoleyError as error:
        sys.exit(f"error: {error}")
    print(f"{len(yardstick.valid)} held-out, {len(yardstick.train)} train recordings, {len(yardstick.groups)} classes")
    sources = (AUTO,) if arguments.quick else SOURCES
    heard = {
        (source, words): list(from_words(yardstick, taker, source, words, arguments.takes))
        for words in (PARAPHRASED, CAPTIONS)
        for source in sources
    }
    found = headline(heard, yardstick)
    beside = {} if arguments.quick else others(yardstick, arguments.model)
    for name, judged in beside.items():
        found |= figures(name, judged, yardstick)
    print_rows("beside, of the held-out recordings", beside, yardstick)
    by_class(heard, sources, beside.get("real", []))
    makers(heard)
    if beside:
        found |= distances({"auto": heard[AUTO, CAPTIONS], **beside}, yardstick)
    print_beside(arguments.beside, before, found)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "figures.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    verdict(found, bool(arguments.library))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how good sounds made from words alone are.")
    parser.add_argument("--recordings", type=Path, default=MANIFEST, help="a manifest with held-out recordings")
    parser.add_argument("--library", type=Path, action="append", default=[], help="recordings that auto may play")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--takes", type=int, default=10, help="sounds per class and language")
    parser.add_argument("--quick", action="store_true", help="auto alone, with four takes at most")
    parser.add_argument("--beside", type=Path, help="the figures.json of an earlier run")
    parser.add_argument("--out", type=Path, default=Path("out/quality"), help="where figures.json goes")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.takes = min(arguments.takes, 4)
    return arguments


# ---- sounds from words ----


def from_words(yardstick: Yardstick, taker: Taker, source: str, words: str, takes: int) -> Iterator[Judged]:
    """Yield what the judge makes of each class in each language, ``takes`` times, by one source."""
    asked = captions(yardstick) if words == CAPTIONS else wordings(yardstick.groups, "fresh")
    for group in yardstick.groups:
        for language in LANGUAGES:
            texts = asked.get((group, language), ())
            for number in range(takes if texts else 0):
                text = texts[number % len(texts)]
                take = taker.take(text, source, SEED + number)
                unit = text if words == PARAPHRASED else f"{language}{number}"
                heard_as = yardstick.recognise(take.heard, without=take.titles.splitlines())
                yield Judged(group, language, heard_as, take.heard, unit, take.source)


def captions(yardstick: Yardstick) -> dict[tuple[str, str], list[str]]:
    """Return the captions of the held-out recordings by class and language."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for label in yardstick.valid:
        for language, text in zip(LANGUAGES, (label.english, label.chinese), strict=True):
            if text:
                found.setdefault((yardstick.group(label), language), {})[text] = None
    return {key: list(texts) for key, texts in found.items()}


def wordings(groups: list[str], kind: str) -> dict[tuple[str, str], list[str]]:
    """Return other words for the classes that have some; ``kind`` is ``tune`` or ``fresh``."""
    judged = WORDS["judged"]
    return {
        (name, language): judged[name][kind][language] for name in groups if name in judged for language in LANGUAGES
    }


# ---- what they are compared with ----


def others(yardstick: Yardstick, model: str) -> dict[str, list[Judged]]:
    """Return what the judge makes of the held-out recordings themselves and of what is made in their likeness."""
    student, noise = open_student(model, "cpu"), np.random.default_rng(0)
    makes: dict[str, tuple[Callable[[str, Floats, int], Floats], tuple[str, ...]]] = {
        "real": (lambda _text, like, _seed: like, ("en",)),
        NOISE: (lambda _text, like, _seed: white(like, noise), ("en",)),
        "student, their envelope": (lambda text, like, seed: evaluate.remade(student, text, like, seed), LANGUAGES),
    }
    return {name: evaluate.attempts(yardstick, make, languages=languages) for name, (make, languages) in makes.items()}


def white(like: Floats, rng: np.random.Generator) -> Floats:
    """Return white noise as long as ``like`` and with its envelope."""
    level = np.interp(np.arange(len(like)), np.arange(len(like) // HOP) * HOP, level_db(like))
    return referenced((rng.standard_normal(len(like)) * 10 ** (level / 20)).astype(np.float32))


def distances(judged: dict[str, list[Judged]], yardstick: Yardstick) -> dict[str, float]:
    """Print how far from real patches those of each source lie, along the axes in which train recordings differ."""
    train = np.concatenate(yardstick.train_patches)
    sets = {name: np.concatenate([one.heard.patches for one in own]) for name, own in judged.items()} | {"train": train}
    size = min(len(patches) for patches in sets.values())
    axes, rng = principal_axes(train), np.random.default_rng(0)
    even = {name: patches[rng.permutation(len(patches))[:size]] for name, patches in sets.items()}
    found = {f"distance, {name}": round(frechet(even[name], even["real"], axes), 2) for name in even if name != "real"}
    print(f"\nFrechet distance to the held-out recordings ({size} patches that sound, {len(axes)} principal axes)")
    for name, value in found.items():
        print(f"  {name.partition(', ')[2]:30s} {value:7.1f}")
    return found


# ---- tables ----


def figures(name: str, judged: list[Judged], yardstick: Yardstick) -> dict[str, float]:
    """Return the figures of one row by their names."""
    low, high = interval(judged)
    values = {"": share(judged), " low": low, " high": high, " tagged": tagged(judged, yardstick)}
    return {f"{name}{what}": round(value, 4) for what, value in values.items()}


def tagged(judged: list[Judged], yardstick: Yardstick) -> float:
    """Return how many have a right name among the judge's five best tags, classes counted alike; silence has none."""
    groups: dict[str, list[bool]] = {}
    for one in judged:
        if one.group in WORDS["judged"]:
            right = right_tag(yardstick.judge, one.heard, WORDS["judged"][one.group]["tags"])
            groups.setdefault(one.group, []).append(right)
    return float(np.mean([np.mean(own) for own in groups.values()])) if groups else 0.0


def print_rows(title: str, rows: dict[str, list[Judged]], yardstick: Yardstick) -> None:
    if not rows:
        return
    print(f"\n{title}")
    table = []
    for name, judged in rows.items():
        if not judged:  # classes of one's own that no other words are known for
            continue
        low, high = interval(judged)
        english, chinese = (share([one for one in judged if one.language == language]) for language in LANGUAGES)
        silent = sum(one.heard.silent for one in judged) / len(judged)
        shares = (f"{share(judged):.1%}", f"{low:.0%} to {high:.0%}", f"{tagged(judged, yardstick):.1%}")
        by_language = (f"{english:.0%}", f"{chinese:.0%}") if len({one.language for one in judged}) > 1 else ("", "")
        table.append((name, *shares, *by_language, f"{silent:.0%}", str(len(judged))))
    print_table(("", "recognised", "95 %", "tagged", "en", "zh", "silent or refused", "sounds"), table)


def headline(heard: dict[tuple[str, str], list[Judged]], yardstick: Yardstick) -> dict[str, float]:
    found: dict[str, float] = {}
    for words in (PARAPHRASED, CAPTIONS):
        rows = {source: judged for (source, said), judged in heard.items() if said == words}
        print_rows(f"words alone: {words}", rows, yardstick)
        for source, judged in rows.items():
            found |= figures(f"{source}, {words}", judged, yardstick)
    return found


def by_class(heard: dict[tuple[str, str], list[Judged]], sources: tuple[str, ...], real: list[Judged]) -> None:
    print("\nby class, other words / captions")
    rows = []
    for group in sorted({one.group for judged in heard.values() for one in judged}):
        cells = [
            " / ".join(_percent([one for one in heard[source, words] if one.group == group]) for words in TARGETS)
            for source in sources
        ]
        own = [one for words in TARGETS for one in heard[AUTO, words] if one.group == group and not one.right]
        wrong = Counter(one.heard_as or "nothing" for one in own).most_common(3)
        cells += [_percent([one for one in real if one.group == group])]
        rows.append((group, *cells, ", ".join(f"{name} {count}" for name, count in wrong)))
    print_table(("class", *sources, "real", "auto is taken for"), rows)


def _percent(judged: list[Judged]) -> str:
    return f"{share(judged):.0%}" if judged else "-"


def makers(heard: dict[tuple[str, str], list[Judged]]) -> None:
    """Print who made what ``auto`` gave, and how much of each was right."""
    print("\nwho made what auto gave")
    made = [one for words in TARGETS for one in heard[AUTO, words]]
    rows = []
    for source, count in Counter(one.source or "nobody" for one in made).most_common():
        right = sum(one.right for one in made if (one.source or "nobody") == source)
        rows.append((source, str(count), f"{right / count:.0%}"))
    print_table(("", "sounds", "recognised"), rows)


def earlier(path: Path | None) -> dict[str, float]:
    """Return the figures of an earlier run, none without a file; exit with one line for one that cannot be read."""
    if path is None:
        return {}
    try:
        return {str(name): float(value) for name, value in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        sys.exit(f"error: {path}: {error}")


def print_beside(path: Path | None, before: Mapping[str, float], found: Mapping[str, float]) -> None:
    """Print the figures of an earlier run beside these."""
    shown = [name for name in found if name in before and not name.endswith((" low", " high"))]
    if shown:
        print(f"\nbeside {path}")
        print_table(("", "then", "now"), [(name, f"{before[name]:.3f}", f"{found[name]:.3f}") for name in shown])


def verdict(found: Mapping[str, float], with_recordings: bool) -> None:
    """Print what is short of its target, and the last line: of captions, beside white noise where it was judged."""
    targets = {CAPTIONS: WITH_RECORDINGS} if with_recordings else TARGETS
    reached = {words: found[f"{AUTO}, {words}"] for words in targets}
    short = [
        f"{words} {reached[words]:.1%} < {least:.0%}" for words, least in targets.items() if reached[words] < least
    ]
    print("\n" + ("short of what is wanted: " + "; ".join(short) if short else "everything wanted is reached"))
    name = "sounds made from captions alone recognised"
    print_result(name, reached[CAPTIONS], "share", found.get(NOISE), targets[CAPTIONS], not short)


if __name__ == "__main__":
    main()
