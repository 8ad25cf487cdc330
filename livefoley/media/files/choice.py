"""Which of a container's tracks are used: the pictures and the sound that its players would choose, if FFmpeg has a
decoder for them. What is not used is not judged either; what is missed has a line for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import av
from av.stream import Disposition

_STILL = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails | Disposition.dependent
_ASIDE = Disposition.comment | Disposition.hearing_impaired | Disposition.visual_impaired | Disposition.descriptions
_TAG = re.compile(r"Stream #\d+:(\d+)[^\n]*?: (?:Audio|Video): \w+ \((\w+) /")
_STREAM = re.compile(r"^\s*Stream #\d+:\d+[^\n]*?: (?:Audio|Video): ", re.MULTILINE)
REMEDY = "encode it anew, for example: ffmpeg -i INPUT -c:v libx264 -c:a aac OUTPUT.mp4"


@dataclass(frozen=True, slots=True)
class Choice:
    """The streams to use (None: there is none), and a line for each kind that is there and cannot be used."""

    video: Any
    audio: Any
    problems: tuple[str, ...] = ()

    @property
    def streams(self) -> list[Any]:
        """Those to read, the pictures first."""
        return [stream for stream in (self.video, self.audio) if stream is not None]


def choose(container: Any) -> Choice:
    """Return the tracks of an open PyAV input that are used.

    Covers, thumbnails and stills are no pictures. Of several tracks the one marked as default comes first, a commentary
    or a track for the hard of hearing last; one that nobody can decode only where there is no other.
    """
    videos = [stream for stream in container.streams.video if not stream.disposition & _STILL]
    audios = list(container.streams.audio)
    lines = [_undecodable(container, found) for found in (videos, audios) if found and not any(map(codec_of, found))]
    return Choice(_best(videos), _best(audios), tuple(lines))


def codec_of(stream: Any) -> str:
    """Return FFmpeg's name of a stream's codec; empty where it has no decoder for it."""
    context = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else ""


def _best(streams: list[Any]) -> Any:
    usable = [stream for stream in streams if codec_of(stream)]
    return max(usable, key=_worth, default=None)  # of equals the first


def _worth(stream: Any) -> tuple[bool, bool]:
    return not stream.disposition & _ASIDE, bool(stream.disposition & Disposition.default)


def _undecodable(container: Any, streams: list[Any]) -> str:
    kind = "pictures" if streams[0].type == "video" else "sound"
    names = ", ".join(
        f"{_tag(container, stream) or 'of no known codec'} in stream {stream.index}" for stream in streams
    )
    return f"the {kind} ({names}) cannot be decoded by FFmpeg; {REMEDY}"


def _tag(container: Any, stream: Any) -> str:
    """Return the name a container gives a codec that FFmpeg has none for: it is only in what FFmpeg prints of it."""
    return next((tag for index, tag in _TAG.findall(_printed(container)) if int(index) == stream.index), "")


def count(container: Any) -> int:
    """Return how many tracks of pictures and sound there are by now.

    Some containers bring more while they are read, and PyAV hides them.
    """
    return len(_STREAM.findall(_printed(container)))


def _printed(container: Any) -> str:
    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        return str(container.dumps_format())
    finally:
        av.logging.set_level(before)
