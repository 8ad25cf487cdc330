"""An offer as aiortc's parser can read it: one line in a form it does not know would cost the whole offer. Pure.

Left out are lines nothing depends on here. A missing ``a=setup`` means a peer that connects by itself (RFC 4145, 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable

_FORMS = {
    "fmtp": r"\d+ +\S.*",
    "rtcp-fb": r"(\d+|\*) \S.*",
    "ssrc": r"\d+ [^ :]+:.*",
    "ssrc-group": r"\S+( \d+)*",
    "extmap": r"\d+(/\w+)? \S+",
    "candidate": r"\S+ \d+ \S+ \d+ \S+ \d+ typ \S+.*",
    "rtcp": r"\d+( IN IP[46] \S+)?",
}
_READ = {name: re.compile(form) for name, form in _FORMS.items()}
_EXTENSION = re.compile(r"a=extmap:\S+ \S+")
_RTPMAP, _FMTP = re.compile(r"a=rtpmap:(\d+) "), re.compile(r"a=fmtp:(\d+) ")


def readable(offer: str) -> str:
    """Return ``offer`` without what the parser stumbles over."""
    lines = [_trimmed(line) for line in offer.splitlines()]
    lines = [line for part in _parts([line for line in lines if _is_read(line)]) for line in _described(part)]
    if not any(line.startswith("a=setup:") for line in lines):
        first = next((index for index, line in enumerate(lines) if line.startswith("m=")), len(lines))
        lines.insert(first, "a=setup:actpass")
    return "\r\n".join([*lines, ""])


def stumbles_at(offer: str, parse: Callable[[str], object]) -> str:
    """Return the line of ``offer`` that ``parse`` raises something for, its name alone; empty when there is none."""
    lines = readable(offer).splitlines()
    if _parses(lines, parse):
        return ""
    good, bad = 0, len(lines)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if _parses(lines[:middle], parse) else (good, middle)
    name = re.match(r"[a-z](=[a-z-]+)?", lines[bad - 1])
    return f"the line {name[0]} in it cannot be read" if name else f"line {bad} of it cannot be read"


def _parses(lines: list[str], parse: Callable[[str], object]) -> bool:
    try:
        parse("\r\n".join([*lines, ""]))
    except Exception:  # whatever its lines run into
        return False
    return True


def _trimmed(line: str) -> str:
    """Return a line without the attributes of a header extension, which say nothing to us."""
    found = _EXTENSION.match(line)
    return found[0] if found else line


def _is_read(line: str) -> bool:
    name, _, value = line.removeprefix("a=").partition(":")
    form = _READ.get(name) if line.startswith("a=") else None
    return form is None or form.fullmatch(value.strip()) is not None


def _parts(lines: list[str]) -> list[list[str]]:
    """Return the lines of the session, then those of each medium."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def _described(part: list[str]) -> list[str]:
    """Return a medium without the parameters of formats it does not name."""
    named = {found[1] for line in part if (found := _RTPMAP.match(line))}
    return [line for line in part if not (found := _FMTP.match(line)) or found[1] in named]
