"""The worker that encodes one room's video anew: ``python -m livefoley.runtime.workers.transcode_worker``."""

from __future__ import annotations

from collections.abc import Iterable

from livefoley.core.media import OutputItem, TrackInfo
from livefoley.media.transcode import VideoTranscoder
from livefoley.runtime.workers.child import Reply, serve
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.messages import track_from, track_header, unit_from, unit_header


class TranscodeWorker:
    """Hands each message to the transcoder."""

    def __init__(self) -> None:
        self._transcoder = VideoTranscoder()

    def handle(self, header: Header, payload: bytes) -> Iterable[Reply]:
        """Return what this message adds to the new track."""
        match header["op"]:
            case "track":
                self._transcoder.configure(track_from(header, payload))
            case "keyframe":
                self._transcoder.request_keyframe()
            case "unit":
                return [_reply(item) for item in self._transcoder.feed(unit_from(header, payload))]
        return []


def _reply(item: OutputItem) -> Reply:
    if isinstance(item, TrackInfo):
        return track_header(item), item.extradata
    return unit_header(item), item.packet.data


if __name__ == "__main__":
    serve(TranscodeWorker().handle)
