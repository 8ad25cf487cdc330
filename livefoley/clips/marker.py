"""The marks a clip gets: watermark and audible notice in its sound, labels and manifest in its container."""

from __future__ import annotations

from pathlib import Path

from livefoley.clips.model import ClipMetadata
from livefoley.core.cues import Stereo
from livefoley.marks.audible_notice import with_notice
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.embed import embed
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

    def mark(self, stem: Stereo, content_id: str) -> Stereo:
        """Return the stem with the watermark of ``content_id`` in it."""
        return embed(with_notice(stem) if self._audible else stem, content_id)

    def label_container(self, path: Path, metadata: ClipMetadata) -> None:
        """Write the labels into the MP4, then the manifest, which covers them. Raises ``OutputError``."""
        label_mp4(path, self._provider, metadata.content_id)
        if self._signer is not None:
            self._signer.sign(path, metadata.title, metadata.content_id, metadata.content_id[:ID_DIGITS])
