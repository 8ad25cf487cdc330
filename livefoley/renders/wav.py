"""Writes the law's label into a WAV: FFmpeg's muxer drops every key that RIFF has no code for.

``AIGC`` has four letters, as the codes of RIFF's INFO list do, and FFmpeg reads codes it does not know by their name.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from livefoley.core.errors import OutputError

_KEY = "AIGC"


def label_wav(path: Path, labels: dict[str, str]) -> None:
    """Append an INFO list with the label ``AIGC`` to a WAV that is there. Raises ``OutputError``."""
    text = labels[_KEY].encode() + b"\0"
    entry = _chunk(_KEY.encode(), text)
    try:
        with path.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(_chunk(b"LIST", b"INFO" + entry))
            size = file.tell()
            file.seek(4)
            file.write(struct.pack("<I", size - 8))
    except (OSError, struct.error) as error:
        raise OutputError(f"{path.name}: cannot be labelled ({error})") from None


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
