"""The tools that clips are made with, opened in the worker that makes them."""

from __future__ import annotations

import os
from pathlib import Path

from livefoley.clips.captions import AUTO, FULL, FullCaptions, LiveCaptions
from livefoley.clips.checks.clip_checks import CheckSettings, ClipChecks
from livefoley.clips.checks.frames import FrameModel, OnnxModel, OnnxSettings, OpenNsfw
from livefoley.clips.checks.text import read_lists
from livefoley.clips.marker import Marker
from livefoley.clips.pipeline import Tools
from livefoley.clips.ports import Captions
from livefoley.clips.publish import open_publisher
from livefoley.clips.tool_settings import C2paSettings, ClipCheckSettings, FrameCheckSettings, ToolSettings
from livefoley.foley.makers import Makers
from livefoley.marks.provenance import C2paSigner

CAPTION_CORES = 4
"""With fewer, a room that streams and listens leaves no second one, and a clip would be late for its captions."""


def open_tools(given: ToolSettings) -> Tools:
    """Return the tools; raises ``ConfigError`` or ``BankError`` for what cannot be opened."""
    publish = given.publish
    return Tools(
        makers=Makers([Path(path) for path in given.libraries], given.student),
        checks=_checks(given.checks),
        marks=Marker(given.provider, _signer(given.c2pa), audible=given.audible_notice, visible=given.visible_notice),
        publisher=open_publisher(
            publish.place,
            name=publish.name,
            backup=publish.backup,
            spool=publish.spool,
            spool_bytes=publish.spool_bytes,
        ),
        captions=_captions(given),
    )


def _captions(given: ToolSettings) -> Captions:
    wanted = given.captions == FULL or (given.captions == AUTO and (os.cpu_count() or 1) >= CAPTION_CORES)
    return FullCaptions(given.speech_model) if wanted else LiveCaptions()


def _checks(given: ClipCheckSettings) -> ClipChecks:
    settings = CheckSettings(
        every_s=given.frames.every_s,
        frame_threshold=given.frames.threshold,
        black_share=given.black,
        frozen_share=given.frozen,
        silent_share=given.silent,
    )
    return ClipChecks(settings, _frame_model(given.frames), read_lists(given.words) if given.words else None)


def _frame_model(given: FrameCheckSettings) -> FrameModel | None:
    if not given.enabled:
        return None
    if given.model is None:
        return OpenNsfw()
    return OnnxModel(OnnxSettings(Path(given.model), given.sha256, unsafe=given.unsafe))


def _signer(given: C2paSettings) -> C2paSigner | None:
    if given.cert is None or given.key is None:
        return None
    return C2paSigner(Path(given.cert), Path(given.key), given.timestamp_url)
