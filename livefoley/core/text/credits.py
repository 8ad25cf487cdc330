"""Whose recordings are heard, as it is told with a sound, a clip or a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose recording is heard in a sound, as its pack told; what it did not tell is empty."""

    title: str
    author: str = ""
    licence: str = ""
    source: str = ""

    def __str__(self) -> str:
        by = f" by {self.author}" if self.author else ""
        return f"{self.title}{by}" + (f" ({self.licence})" if self.licence else "")
