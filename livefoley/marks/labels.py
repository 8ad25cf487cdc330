"""The labels of generated sound in a file's own metadata: who made it, the content's id, and that it was generated.

The key ``AIGC`` holds the JSON that China's mandatory standard GB 45438-2025 names (``Label`` "1": generated); the
other keys say the same in plain words, for people, for ``ffprobe``, and for the EU's AI Act, Art. 50(2), whose "machine
readable" the IPTC's digital source type serves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import av

from livefoley.core.errors import InputError, OutputError, reason
from livefoley.formats.mp4_keys import copy_with_keys
from livefoley.system.files import SHARED, WholeFile

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_NOTICE = "The sound is partly AI-generated. 本作品的声音含人工智能生成内容。"


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file says of itself; ``marked`` is false for one that says nothing."""

    provider: str = ""
    content_id: str = ""
    ai_generated: bool = False
    aigc: Mapping[str, str] | None = None


def make_labels(provider: str, content_id: str) -> dict[str, str]:
    """Return the keys for a container's metadata; they fit ``write_audio(metadata=...)``, too."""
    aigc = {
        "Label": "1",
        "ContentProducer": provider,
        "ProduceID": content_id,
        "ReservedCode1": "",
        "ContentPropagator": provider,
        "PropagateID": content_id,
        "ReservedCode2": "",
    }
    return {
        "AIGC": json.dumps(aigc, ensure_ascii=False),
        "provider": provider,
        "content_id": content_id,
        "ai_generated": "1",
        "digital_source_type": SOURCE_TYPE,
        "comment": f"{_NOTICE} {provider} {content_id}",
    }


def label_mp4(path: Path, provider: str, content_id: str) -> None:
    """Write the labels into an MP4 or M4A that is there. Raises ``OutputError``."""
    set_keys(path, make_labels(provider, content_id))


def set_keys(path: Path, keys: Mapping[str, str]) -> None:
    """Give the MP4 at ``path`` these keys, in place of those an earlier call gave. It changes as a whole or not at all.

    Raises ``OutputError`` for what is no plain MP4 and for what cannot be written.
    """
    with WholeFile(path, mode=SHARED) as labelled:
        try:
            with path.open("rb") as source, labelled.open("wb") as target:
                copy_with_keys(source, target, keys)
        except (OSError, ValueError) as error:
            raise OutputError(f"{path.name}: cannot be labelled ({reason(error)})") from None


def read_labels(path: Path) -> Labels:
    """Return what a file says of itself. Raises ``InputError`` for what is no sound or video file."""
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            found = {key.lower(): text for key, text in container.metadata.items()}
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from None
    aigc = _aigc(found.get("aigc", ""))
    return Labels(
        found.get("provider") or (aigc or {}).get("ContentProducer", ""),
        found.get("content_id") or (aigc or {}).get("ProduceID", ""),
        found.get("ai_generated") == "1" or (aigc or {}).get("Label") == "1",
        aigc,
    )


def _aigc(text: str) -> Mapping[str, str] | None:
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return {str(key): str(value) for key, value in read.items()} if isinstance(read, dict) else None
