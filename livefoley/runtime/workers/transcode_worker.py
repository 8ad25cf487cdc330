"""The worker that encodes one room's video anew: ``python -m livefoley.runtime.workers.transcode_worker``."""

from __future__ import annotations

from collections.abc import Iterable

from livefoley.core.media import OutputItem, TrackInfo
from livefoley.media.transcode import VideoTranscoder
from livefoley.runtime.workers.child import Answer, serve
from livefoley.runtime.workers.messages import (
    TRANSCODE,
    FromTranscode,
    Keyframe,
    ToTranscode,
    VideoTrack,
    VideoUnit,
)


class TranscodeWorker:
    """Hands each message to the transcoder."""

    def __init__(self) -> None:
        self._transcoder = VideoTranscoder()

    def handle(self, message: ToTranscode, payload: bytes) -> Iterable[Answer[FromTranscode]]:
        """Return what this message adds to the new track."""
        match message:
            case VideoTrack():
                self._transcoder.configure(message.info(payload))
            case Keyframe():
                self._transcoder.request_keyframe()
            case VideoUnit():
                return [_reply(item) for item in self._transcoder.feed(message.unit(payload))]
        return []


def _reply(item: OutputItem) -> Answer[FromTranscode]:
    if isinstance(item, TrackInfo):
        return VideoTrack.of(item), item.extradata
    return VideoUnit.of(item), item.packet.data


if __name__ == "__main__":
    serve(TRANSCODE, TranscodeWorker().handle)
