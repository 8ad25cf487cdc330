"""What training says of a recording: its captions, other ways to put them in English and Chinese, and its group.

A recording's own captions come from the manifest. ``captions.yaml`` adds the short names people type ("rain",
"雨声") to those whose English caption fits; its keys also name the groups by which sampling is balanced.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import yaml

_TABLE: dict[str, Any] = yaml.safe_load(
    resources.files("livefoley.train.corpus").joinpath("captions.yaml").read_text("utf-8")
)
NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    group: (entry["fits"], tuple(entry["names"])) for group, entry in _TABLE["names"].items()
}
"""Group: the pattern over English captions that belongs to it, and other names of it."""
RENDERED: dict[str, str] = _TABLE["rendered"]
"""Summaries of our own effects in Chinese."""

_ENGLISH = ("{}", "the sound of {}", "{} sound", "sound of {}, recorded close", "we hear {}")
_CHINESE = ("{}", "{}的声音", "一段{}", "听到{}")
_PATTERNS = {group: re.compile(pattern, re.IGNORECASE) for group, (pattern, _) in NAMES.items()}


def group_of(english: str, category: str) -> str:
    """Return the group a recording is balanced in: the first name that fits its caption, else its category."""
    for group, pattern in _PATTERNS.items():
        if pattern.search(english):
            return group
    return category.lower() or "other"


def captions_for(english: str, chinese: str, category: str) -> list[str]:
    """Return ways to describe a recording; its own captions come first."""
    group = group_of(english, category)
    others = NAMES[group][1] if group in NAMES else ()
    found = [english, english, *(f.format(_bare(english)) for f in _ENGLISH[1:])]
    if chinese:
        found += [chinese, chinese, *(f.format(chinese) for f in _CHINESE[1:])]
    found += [*others, *(("the sound of " + name) if name.isascii() else name + "的声音" for name in others[:6])]
    return list(dict.fromkeys(text for text in found if text.strip()))


def joined(first: str, second: str, number: int) -> str:
    """Return one description of two sounds at once, put in one of several ways."""
    if first.isascii() and second.isascii():
        return (f"{first} and {second}", f"{first}, {second}", f"{first} with {second}")[number % 3]
    return (f"{first}和{second}", f"{first}，{second}", f"{first}, {second}")[number % 3]


def _bare(english: str) -> str:
    return re.sub(r"^(a|an|the) ", "", english.strip())
