"""Reads what a platform's connector sends of its chat: one line, or a list of them, each judged by itself.

What stands in a line comes from strangers. So a line that is none costs that line, one that is too long is cut, ids
may be numbers or missing, and half a character is no reason to lose the rest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from livefoley.control.state import ChatLine

MAX_BATCH = 2000  # lines; what a longer list holds beyond them is dropped
MAX_CHAT_BYTES = 1024 * 1024  # of a body or a frame: MAX_BATCH lines of 500 bytes
MAX_TEXT, MAX_USER = 2000, 200  # characters; longer ones are cut
NOBODY = frozenset({"", "0", "-1", "none", "null", "undefined", "anonymous"})  # what connectors write for no id
FORM = 'send {"text": "..."} or a list of them'
NO_JSON = f"that is no JSON; {FORM}"


@dataclass(frozen=True, slots=True)
class ReadLines:
    """The lines that were read, how many were none, and why the first of these was none."""

    lines: tuple[ChatLine, ...]
    dropped: int = 0
    reason: str = ""

    @property
    def refused(self) -> bool:
        """Whether nothing of it is chat."""
        return not self.lines and bool(self.reason)


def read_lines(data: bytes | str) -> ReadLines:
    """Return the lines of a body or a frame; one that is no chat at all has no lines and a reason."""
    text = data.removeprefix("\ufeff") if isinstance(data, str) else data.decode("utf-8-sig", "replace")
    try:
        given = _loads(text)
    except ValueError:
        apart = [line for line in text.splitlines() if line.strip()]
        if len(apart) < 2 or not apart[0].lstrip().startswith("{"):
            return ReadLines((), 1, NO_JSON)
        given = [_line_of_json(line) for line in apart]
    if not isinstance(given, list):
        return _read([given], 0, "")
    return _read(given[:MAX_BATCH], max(0, len(given) - MAX_BATCH), f"a list has at most {MAX_BATCH} lines")


def _loads(text: str) -> Any:
    """Return what a JSON text holds; raises ``ValueError``. Figures of any length are taken, as ids and as text."""
    try:
        return json.loads(text, strict=False, parse_int=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _line_of_json(text: str) -> Any:
    try:
        return _loads(text)
    except ValueError:
        return None


def counted(data: bytes) -> int:
    """Return about how many lines a body has that is not read."""
    return max(1, data.count(b'"text"'))


def _read(given: list[Any], beyond: int, too_many: str) -> ReadLines:
    lines, dropped, reason = [], beyond, too_many if beyond else ""
    for number, each in enumerate(given):
        line = _line(each)
        if isinstance(line, ChatLine):
            lines.append(line)
        else:
            dropped += 1
            reason = reason or (f"line {number}: {line}" if len(given) > 1 else line)
    return ReadLines(tuple(lines), dropped, reason)


def _line(given: Any) -> ChatLine | str:
    """Return a line, or why it is none."""
    if not isinstance(given, dict):
        return FORM
    text, user = _text(given.get("text"), MAX_TEXT), _text(given.get("user"), MAX_USER)
    if text is None:
        return f"text: what was written is missing or no text; {FORM}"
    return ChatLine(text, "" if user is None or user.strip().casefold() in NOBODY else user)


def _text(given: Any, most: int) -> str | None:
    """Return a text or a number as text that can be written down; None for what is neither."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return str(given)[:most].encode("utf-8", "replace").decode()
