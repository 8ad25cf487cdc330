"""Whether the sentence encoder may decide what a word means that no list knows: ``python benchmarks/meaning.py``.

Words that no list holds (``words_phrases/unknown.csv``) are given the meaning of the concept of lexicon.yaml whose
words lie nearest on average. Every second one chooses the threshold, the others are judged, as ``words.py`` judges.
Value: the share of what is decided that is right. Livefoley leaves such words unknown as long as this is far below 0.9:
a wrong ambience is worse than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from common import print_result, print_table
from numpy.typing import NDArray
from words import PHRASES, Phrase, judge, load

from livefoley.foley.description.entries import Entry, content, tables
from livefoley.foley.description.reader import Description, read
from livefoley.foley.description.words import Text
from livefoley.foley.student.embed import TextEncoder

TARGET = 0.9
THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7)
WORDS = 24  # of a concept


@dataclass(frozen=True)
class Tally:
    """What became of some words at a threshold."""

    decided: int
    right: int
    false_places: int

    @property
    def share(self) -> float:
        """Return the share of right ones."""
        return self.right / max(1, self.decided)


def concepts(encoder: TextEncoder) -> tuple[list[str], NDArray[np.float32]]:
    """Return a word of each concept that has a sound, and where its words lie ``[concepts, 512]``."""
    names, centres = [], []
    for item in content()["entries"]:
        words = [*item.get("words", ())[: WORDS // 2], *item.get("zh", ())[: WORDS // 2]]
        if words and _entry(words[0], item) is not None:
            vector = np.mean([encoder.encode(word) for word in words], axis=0)
            names.append(words[0])
            centres.append(vector / np.linalg.norm(vector))
    return names, np.array(centres, np.float32)


def _entry(word: str, item: dict[str, Any]) -> Entry | None:
    """Return what a word means, where that is a sound and the word is no other line's."""
    found = tables().entries.find(Text(word))
    return found[0].tag if len(found) == 1 and found[0].tag.says_something else None


def tally(phrases: list[Phrase], nearest: list[tuple[str, float]], threshold: float) -> Tally:
    """Judge what is decided at a threshold."""
    decided = [(phrase, name) for phrase, (name, value) in zip(phrases, nearest, strict=True) if value >= threshold]
    verdicts = [judge(phrase, read(name)) for phrase, name in decided]
    return Tally(len(verdicts), sum(each.right for each in verdicts), sum(not each.place for each in verdicts))


def main() -> None:
    """Decide, print the table, judge."""
    phrases, encoder = load(PHRASES / "unknown.csv"), TextEncoder()
    names, centres = concepts(encoder)
    vectors = np.array([encoder.encode(re.sub("^(a|an|the) ", "", phrase.text)) for phrase in phrases])
    alike = vectors @ centres.T
    nearest = [(names[int(row.argmax())], float(row.max())) for row in alike]
    rows, tuned = [], []
    for threshold in THRESHOLDS:
        halves = [tally(phrases[half::2], nearest[half::2], threshold) for half in (0, 1)]
        tuned.append((halves[0].share, halves[1]))
        rows += [
            (name, f"{threshold:g}", str(each.decided), f"{each.share:.2f}", str(each.false_places))
            for name, each in zip(("tune", "test"), halves, strict=True)
        ]
    print_table(("set", "threshold", "decided", "right", "false ambiences"), rows)
    left = sum(judge(phrase, Description()).right for phrase in phrases) / len(phrases)
    print(f"\nleft unknown, {left:.2f} of {len(phrases)} words are right, and none makes a false ambience")
    value = max(tuned, key=lambda pair: pair[0])[1].share
    print_result("meaning", round(value, 4), "share right", None, TARGET, value >= TARGET)


if __name__ == "__main__":
    main()
