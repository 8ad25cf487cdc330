"""Tells what was said from what a recogniser makes up when nobody speaks: loops, the wrong script, mere noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from livefoley.perception.ears.normalise import is_han

MIN_SCORE = -1.1  # mean log probability of a token
MAX_NO_SPEECH = 0.75  # with a score below `DOUBTFUL_SCORE`
DOUBTFUL_SCORE = -0.7
LONGEST_LOOP = 40  # tokens of the phrase that is repeated
TWICE = 6  # a phrase of so many tokens is not said twice in a row; shorter ones may be said up to thrice
THRICE = 3
_OTHER_SCRIPTS = ((0x0400, 0x052F), (0x0590, 0x06FF), (0x0900, 0x0E7F), (0x3040, 0x30FF), (0xAC00, 0xD7AF))

Item = TypeVar("Item")


def without_loop(tokens: Sequence[Item]) -> list[Item]:
    """Return ``tokens`` up to where they begin to repeat a phrase over and over."""
    for start in range(len(tokens)):
        for length in range(1, min(LONGEST_LOOP, (len(tokens) - start) // 2) + 1):
            times = _times(tokens, start, length)
            if times > (1 if length >= TWICE else THRICE):
                return list(tokens[: start + length])
    return list(tokens)


def _times(tokens: Sequence[Item], start: int, length: int) -> int:
    phrase = tokens[start : start + length]
    times = 1
    while tokens[start + times * length : start + (times + 1) * length] == phrase:
        times += 1
    return times


def is_made_up(text: str, language: str, score: float, no_speech: float) -> bool:
    """Say whether ``text`` is better not believed."""
    if score < MIN_SCORE or (no_speech > MAX_NO_SPEECH and score < DOUBTFUL_SCORE):
        return True
    letters = [character for character in text if character.isalnum()]
    if not letters:
        return True
    foreign = sum(any(low <= ord(each) <= high for low, high in _OTHER_SCRIPTS) for each in letters)
    chinese = sum(map(is_han, letters))
    return (
        foreign > 0 or (language == "en" and chinese > 0) or (language == "zh" and chinese == 0 and len(letters) > 12)
    )
