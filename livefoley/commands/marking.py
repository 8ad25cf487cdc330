"""The labels on what `render` and `generate` write; the watermark is laid in while the sound is made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from livefoley.clips.model import CONTENT_ID_CHARACTERS
from livefoley.core.cues import Stereo
from livefoley.marks.labels import make_labels, set_keys
from livefoley.media.files.audio_file import write_audio
from livefoley.renders.wav import label_wav

_MP4 = (".mp4", ".m4v", ".mov")


def content_id(*parts: object) -> str:
    """Return the id of a sound that was made of ``parts``: the same of the same."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:CONTENT_ID_CHARACTERS]


def write_labelled(path: Path, blocks: Iterable[Stereo], provider: str, content: str) -> None:
    """Write a sound file with its labels. Raises ``OutputError``."""
    labels = make_labels(provider, content)
    write_audio(path, blocks, metadata=labels)
    if path.suffix.lower() == ".wav":
        label_wav(path, labels)
    elif path.suffix.lower() == ".m4a":
        set_keys(path, labels)


def label_video(path: Path, provider: str, content: str) -> str:
    """Write the labels into a video that is there; return what hinders it. Raises ``OutputError``."""
    if path.suffix.lower() not in _MP4:
        return f"{path.name} has no label of generated sound: {', '.join(_MP4)} and sound files carry one"
    set_keys(path, make_labels(provider, content))
    return ""
