"""The tools that clips are made with, opened in the worker that makes them, from settings that are JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from livefoley.clips.marks import Marker
from livefoley.clips.model import PROVIDER, ClipFiles, ClipMetadata, Finding
from livefoley.clips.pipeline import Tools
from livefoley.clips.publish import Naming, StorePublisher, open_store
from livefoley.foley.source import Foley


class NoChecks:
    """Implements ``Checks`` for rooms that want none."""

    def run(self, files: ClipFiles, metadata: ClipMetadata) -> list[Finding]:
        """Find nothing."""
        return []


def open_tools(given: Mapping[str, Any]) -> Tools:
    """Return the tools; raises ``ConfigError`` or ``BankError`` for what cannot be opened.

    ``libraries`` are the operator's sounds, ``place`` is where clips are published.
    """
    return Tools(
        foley=Foley([Path(path) for path in given["libraries"]]),
        checks=NoChecks(),
        marks=Marker(given.get("provider", PROVIDER)),
        publisher=StorePublisher(open_store(given["place"]), Naming()),
    )
