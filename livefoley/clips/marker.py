"""The marks a clip gets: watermark and audible notice in its sound, labels and manifest in its container."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livefoley.clips.model import ClipMetadata, Watermark
from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.marks.audible_notice import with_notice
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.detect import detect
from livefoley.marks.embed import mark
from livefoley.marks.labels import label_mp4
from livefoley.marks.provenance import C2paSigner


class Marker:
    """Implements ``Marks``. ``provider`` is who answers for the content by law; with ``signer``, clips are signed;
    ``audible`` adds a notice that one hears, ``visible`` asks for one that one sees."""

    def __init__(
        self, provider: str, signer: C2paSigner | None = None, *, audible: bool = False, visible: bool = False
    ) -> None:
        self.visible = visible
        self._provider = provider
        self._signer = signer
        self._audible = audible

    def noticed(self, stem: Stereo) -> Stereo:
        """Return the stem with the audible notice, where one is wanted."""
        return with_notice(stem) if self._audible else stem

    def watermark(self, sound: Stereo, content_id: str) -> Stereo:
        """Return the watermark of ``content_id`` as loud as ``sound`` hides it."""
        return mark(sound, content_id)

    def read_watermark(self, sound: NDArray[np.float32], content_id: str) -> Watermark:
        """Return whether ``sound`` is found to carry the mark of ``content_id``, and the score of what was found."""
        verdict = detect(sound, TICK_RATE)
        readable = verdict.found and verdict.content_id == content_id[:ID_DIGITS]
        return Watermark(readable, round(verdict.score, 2))

    def label_container(self, path: Path, metadata: ClipMetadata) -> None:
        """Write the labels into the MP4, then the manifest, which covers them. Raises ``OutputError``."""
        label_mp4(path, self._provider, metadata.content_id)
        if self._signer is not None:
            self._signer.sign(path, metadata.title, metadata.content_id, metadata.content_id[:ID_DIGITS])
