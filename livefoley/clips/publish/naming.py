"""Where a published clip lies: a template filled from what never changes about the clip, so a second try finds it."""

from __future__ import annotations

import re
from string import Formatter

from livefoley.clips.model import ClipMetadata
from livefoley.core.errors import ConfigError

DEFAULT_NAME = "{room}/{date}/{time}-{content_id}"
FIELDS = ("room", "date", "time", "kind", "heat", "content_id")

_LITERAL = re.compile(r"[A-Za-z0-9._/-]*")
_UNDATED = "undated"


def check_name(template: str) -> str:
    """Return a template that is good; raises ``ValueError`` that says what would be right."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("has a brace too many or too few") from None
    for literal, field, form, conversion in parts:
        if not _LITERAL.fullmatch(literal) or ".." in literal:
            raise ValueError("may hold letters, digits, '.', '_', '-' and '/' besides its fields")
        if field is not None and (field not in FIELDS or form or conversion):
            raise ValueError(f"knows no {{{field}}}; there are {', '.join(f'{{{each}}}' for each in FIELDS)}")
    if "content_id" not in [field for _, field, _, _ in parts]:
        raise ValueError("must hold {content_id}, or clips would overwrite each other")
    if template.startswith("/") or template.endswith("/") or "//" in template:
        raise ValueError("is a path without an empty part, like {room}/{content_id}")
    return template


class Naming:
    """Fills a template. Raises ``ConfigError`` for one that is no use."""

    def __init__(self, template: str = DEFAULT_NAME) -> None:
        try:
            self._template = check_name(template)
        except ValueError as error:
            raise ConfigError(f"clips.publish.name {error}") from None

    def prefix(self, metadata: ClipMetadata) -> str:
        """Return the key of the clip's directory: no slash at either end. The time is UTC, of its first picture."""
        date, _, time = (metadata.start_at or "").partition("T")
        return self._template.format(
            room=metadata.room,
            date=date or _UNDATED,
            time=time[:8].replace(":", "-") or _UNDATED,
            kind=metadata.kind,
            heat=metadata.heat.value,
            content_id=metadata.content_id,
        )
