"""How far what was heard lies from what is looked for: syllables in Chinese, words in English; 0 is equal, 1 other.

A recogniser that does not know a phrase writes one that sounds alike (五折 as 舞者), so Chinese is compared by its
toneless pinyin, initial and final apart; English by stems, and by letters where the stems differ.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import snowballstemmer
from pypinyin import Style, lazy_pinyin

PART = 0.4  # a syllable with the same initial or the same final
NEAR = 0.2  # two initials, or two finals, that speakers and recognisers take for each other
STEM_LETTERS = 5  # a shorter word is its own stem: "let's" is no "let"
MIN_SKELETON = 4  # letters
FAR = 1.0
MAX_LETTERS_OFF = 0.34  # of a word's letters; beyond this it is another word

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_NEAR_INITIALS = {
    frozenset(pair)
    for pair in (
        *(("z", "zh"), ("c", "ch"), ("s", "sh"), ("n", "l"), ("f", "h"), ("l", "r"), ("b", "p"), ("d", "t")),
        *(("j", "q"), ("j", "zh"), ("q", "ch"), ("x", "sh"), ("g", "k"), ("z", "c"), ("zh", "ch"), ("x", "s")),
        *(("j", "z"), ("q", "c")),
    )
}
_NEAR_FINALS = {
    frozenset(pair)
    for pair in (
        *(("an", "ang"), ("en", "eng"), ("in", "ing"), ("ian", "iang"), ("uan", "uang"), ("un", "ong"), ("an", "ian")),
        *(("ie", "ian"), ("e", "uo"), ("o", "uo"), ("ei", "ui"), ("ou", "u"), ("ian", "in"), ("ie", "ve"), ("e", "ie")),
        *(("a", "an"), ("ia", "ian"), ("i", "e"), ("ing", "eng"), ("en", "in"), ("ao", "ou")),
    )
}
_STEMMER = snowballstemmer.stemmer("english")


def syllables(text: str) -> list[str]:
    """Return the toneless pinyin of ``text``, one for each Chinese character; other runs stay as they are."""
    return [str(syllable) for syllable in lazy_pinyin(text, style=Style.NORMAL, v_to_u=False)]


@lru_cache(maxsize=65536)
def syllable_distance(one: str, other: str) -> float:
    """Return the distance of two toneless syllables: the sum of that of their initials and finals, 1 if both differ."""
    if one == other:
        return 0.0
    (initial, final), (initial_2, final_2) = _parts(one), _parts(other)
    start = _part_distance(initial, initial_2, _NEAR_INITIALS)
    end = _part_distance(final, final_2, _NEAR_FINALS)
    return FAR if start == end == PART else start + end


def _part_distance(one: str, other: str, near: set[frozenset[str]]) -> float:
    if one == other:
        return 0.0
    return NEAR if frozenset((one, other)) in near else PART


def _parts(syllable: str) -> tuple[str, str]:
    initial = next((each for each in _INITIALS if syllable.startswith(each)), "")
    return initial, syllable[len(initial) :]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the word's stem (Porter's second stemmer); short words are their own."""
    return str(_STEMMER.stemWord(word)) if len(word) >= STEM_LETTERS else word


@lru_cache(maxsize=65536)
def word_distance(one: str, other: str) -> float:
    """Return 0 for words of one stem, the share of letters that differ for similar ones, 1 for others.

    Words with the same consonants (``sale``, ``sail``) differ by no more than `NEAR`.
    """
    if one == other or stem(one) == stem(other):
        return 0.0
    if len(one) >= MIN_SKELETON and len(other) >= MIN_SKELETON and _skeleton(one) == _skeleton(other):
        return NEAR
    longer = max(len(one), len(other))
    if one[0] != other[0] or abs(len(one) - len(other)) > MAX_LETTERS_OFF * longer:
        return FAR
    share = _letters_off(one, other) / longer
    return share if share <= MAX_LETTERS_OFF else FAR


@lru_cache(maxsize=65536)
def _skeleton(word: str) -> str:
    """Return the consonants of a word, doubled ones once, and whether it begins with a vowel."""
    consonants = [letter for letter, _ in itertools.groupby(word) if letter not in "aeiouy"]
    return ("-" if word[0] in "aeiouy" else "") + "".join(consonants)


def _letters_off(one: str, other: str) -> int:
    """Return Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        diagonal, row[0] = row[0], index
        for column, other_letter in enumerate(other, 1):
            change = diagonal + (letter != other_letter)
            diagonal = row[column]
            row[column] = min(change, row[column] + 1, row[column - 1] + 1)
    return row[-1]
