"""Names of commit f7a608e, as the scripts of the cases import them, for the tree of today.

Python loads this at its start where it lies on its path; it is of use to scripts of the cases alone, and does nothing
in a sidecar or a worker that they start. A module that is still where it was is never touched, except for names that
have left it; so a checkout of that commit runs without a word of this.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import re
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from types import ModuleType, SimpleNamespace
from typing import Any

MOVED = {
    "livefoley.clips.chunks": "livefoley.clips.buffer.chunks",
    "livefoley.clips.job": "livefoley.clips.jobs.job",
    "livefoley.clips.ranges": "livefoley.clips.buffer.ranges",
    "livefoley.clips.render": "livefoley.renders",
    "livefoley.clips.render.layout": "livefoley.renders.layout",
    "livefoley.clips.render.model": "livefoley.renders.model",
    "livefoley.clips.render.piece": "livefoley.renders.piece",
    "livefoley.clips.selection": "livefoley.clips.buffer.selection",
    "livefoley.media.codecs": "livefoley.media.audio_codecs",
    "livefoley.media.mux": "livefoley.media.files.mux",
    "livefoley.media.rtmp.chunks": "livefoley.media.rtmp.protocol.chunks",
    "livefoley.media.rtmp.to_items": "livefoley.media.rtmp.protocol.read_tags",
    "livefoley.media.segmenter": "livefoley.media.hls.segmenter",
    "livefoley.perception.crowd": "livefoley.perception.hearing.crowd",
}
PACKAGES = ("livefoley.clips.render",)


# ---- what is called otherwise today ----


def _segmenter(module: ModuleType) -> None:
    """It is told today who finds a picture's size."""
    now = module.Segmenter

    class Segmenter(now):  # type: ignore[misc, valid-type]
        def __init__(self, target_s: float = 2.0) -> None:
            super().__init__(target_s, importlib.import_module("livefoley.media.files.containers").sized)

    module.Segmenter = Segmenter  # type: ignore[attr-defined]


def _crowd(module: ModuleType) -> None:
    """Its events are evidence today: how far a level rose stands in the words."""
    now = module.CrowdDetector

    class CrowdDetector(now):  # type: ignore[misc, valid-type]
        def feed(self, samples: Any, start: int) -> list[SimpleNamespace]:
            return [_rise(each) for each in super().feed(samples, start)]

    module.CrowdDetector = CrowdDetector  # type: ignore[attr-defined]


def _rise(evidence: Any) -> SimpleNamespace:
    figure = re.search(r"[+-]?\d+", evidence.detail)
    return SimpleNamespace(
        id=evidence.id, at=evidence.at, end=evidence.end, rise_db=float(figure[0]) if figure else 0.0
    )


def _selection(module: ModuleType) -> None:
    """A clip that is refused is none: 0 s long."""
    now = module.select
    refused = importlib.import_module("livefoley.core.errors").InputError

    def select(groups: Any, blocks: Any, events: Any, describes: Any, start: int, end: int) -> Any:
        try:
            return now(groups, blocks, events, describes, start, end)
        except refused as error:
            print(f"no clip: {error}")
            return SimpleNamespace(start=start, end=start, pictures=(), gaps=())

    module.select = select  # type: ignore[attr-defined]


class Signal(StrEnum):
    """Who noticed a moment; a plain name today."""

    KEYWORD = "keyword"
    CHAT = "chat"
    CROWD = "crowd"
    LOUD = "loud"


def _highlights(module: ModuleType) -> None:
    """A highlight's reasons are evidence today, which knows what sort of moment it makes."""
    if hasattr(module, "Reason"):
        return
    now = module.Highlight

    def reason(signal: str, at: int, end: int, score: float, detail: str = "") -> Any:
        return module.Evidence(signal, at, module.Origin.SPEECH, at, end, score, detail)

    def highlight(*, kind: str, reasons: Sequence[Any], **fields: Any) -> Any:
        replace = importlib.import_module("dataclasses").replace
        return now(kind=kind, reasons=tuple(replace(each, kind=each.kind or kind) for each in reasons), **fields)

    module.Signal, module.Reason, module.Highlight = Signal, reason, highlight  # type: ignore[attr-defined]


def _room(module: ModuleType) -> None:
    """Its timeline is its own affair today."""
    now = module.RoomEngine

    class RoomEngine(now):  # type: ignore[misc, valid-type]
        def __getattr__(self, name: str) -> Any:
            if name == "timeline":
                return self._timeline
            raise AttributeError(name)

    module.RoomEngine = RoomEngine  # type: ignore[attr-defined]


def _counters(module: ModuleType) -> None:
    """What the engine counts is a part of its statistics today."""
    if not (hasattr(module, "RoomCounters") and hasattr(module, "EngineStatistics")):
        return
    now, counted = module.EngineStatistics, module.RoomCounters.__dataclass_fields__

    class EngineStatistics(now):  # type: ignore[misc, valid-type]
        def __getattr__(self, name: str) -> Any:
            if name in counted:
                return getattr(self.counters, name)
            raise AttributeError(name)

    module.EngineStatistics = EngineStatistics  # type: ignore[attr-defined]


def _recogniser(module: ModuleType) -> None:
    """A model is a folder or files in memory today, and ``find`` gives both."""
    now = module.Recogniser

    class Recogniser(now):  # type: ignore[misc, valid-type]
        def __init__(self, name: str, files: Any, device: str = "auto") -> None:
            super().__init__(*(files if isinstance(files, tuple) else (name, files)), device)

    module.Recogniser = Recogniser  # type: ignore[attr-defined]


def _playlist(module: ModuleType) -> None:
    if hasattr(module, "Playlist"):
        return
    sink = importlib.import_module("livefoley.media.hls.sink")
    module.Entry, module.Playlist = sink.Entry, sink.Playlist  # type: ignore[attr-defined]


CHANGED: dict[str, Callable[[ModuleType], None]] = {
    "livefoley.clips.selection": _selection,
    "livefoley.media.segmenter": _segmenter,
    "livefoley.perception.crowd": _crowd,
}
LEFT: dict[str, Callable[[ModuleType], None]] = {
    "livefoley.core.highlights": _highlights,
    "livefoley.engine.room": _room,
    "livefoley.engine.room_types": _counters,
    "livefoley.media.hls": _playlist,
    "livefoley.perception.ears.recogniser": _recogniser,
}
"""Modules that are where they were, and who gives back the names that have left them."""


# ---- the import ----


class Old(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what no other finder did: a module of then, with the names of the one of today."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in MOVED:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=name in PACKAGES)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        now = importlib.import_module(MOVED[name])
        module.__dict__.update({key: value for key, value in vars(now).items() if not key.startswith("__")})
        if name in CHANGED:
            CHANGED[name](module)


class Missing(importlib.abc.MetaPathFinder):
    """Lets the usual finders find a module, and gives back the names that have left it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in LEFT:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            LEFT[name](module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if any(part.endswith(".py") and "/cases/" in part for part in sys.orig_argv):
    sys.meta_path.insert(0, Missing())
    sys.meta_path.append(Old())
