"""The tools that clips are made with, opened in the worker that makes them, from settings that are JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from livefoley.clips.checks.clip_checks import CheckSettings, ClipChecks
from livefoley.clips.checks.frames import FrameModel, OnnxModel, OnnxSettings, OpenNsfw
from livefoley.clips.checks.text import read_lists
from livefoley.clips.marker import Marker
from livefoley.clips.model import PROVIDER
from livefoley.clips.pipeline import Tools
from livefoley.clips.publish import open_publisher
from livefoley.foley.makers import Makers
from livefoley.foley.student.settings import StudentSettings
from livefoley.marks import C2paSigner


def open_tools(given: Mapping[str, Any]) -> Tools:
    """Return the tools; raises ``ConfigError`` or ``BankError`` for what cannot be opened.

    ``libraries`` are the operator's sounds, ``student`` is what that is opened with (None: there is none), ``place`` is
    where clips are published; ``provider``, both notices, ``c2pa``, ``checks`` and ``publish`` are as the configuration
    has them.
    """
    student = given.get("student")
    return Tools(
        makers=Makers(
            [Path(path) for path in given["libraries"]],
            StudentSettings.from_json(student) if student is not None else None,
        ),
        checks=_checks(given.get("checks", {})),
        marks=_marker(given),
        publisher=open_publisher(given["place"], **given.get("publish", {})),
    )


def _marker(given: Mapping[str, Any]) -> Marker:
    notices = {"audible": given.get("audible_notice", False), "visible": given.get("visible_notice", False)}
    return Marker(given.get("provider", PROVIDER), _signer(given.get("c2pa", {})), **notices)


def _checks(given: Mapping[str, Any]) -> ClipChecks:
    frames: Mapping[str, Any] = given.get("frames", {})
    settings = CheckSettings(
        every_s=frames.get("every_s", 1.0),
        frame_threshold=frames.get("threshold", 0.8),
        black_share=given.get("black", 1.0),
        frozen_share=given.get("frozen", 1.0),
        silent_share=given.get("silent", 1.0),
    )
    names = given.get("words", ())
    return ClipChecks(settings, _frame_model(frames), read_lists(names) if names else None)


def _frame_model(given: Mapping[str, Any]) -> FrameModel | None:
    if not given.get("enabled"):
        return None
    if given.get("model") is None:
        return OpenNsfw()
    return OnnxModel(OnnxSettings(Path(given["model"]), given.get("sha256"), unsafe=tuple(given["unsafe"])))


def _signer(given: Mapping[str, Any]) -> C2paSigner | None:
    if given.get("cert") is None:
        return None
    return C2paSigner(Path(given["cert"]), Path(given["key"]), given.get("timestamp_url"))
