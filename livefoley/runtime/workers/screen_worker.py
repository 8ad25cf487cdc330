"""The worker that reads the screens of all rooms: ``python -m livefoley.runtime.workers.screen_worker``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from livefoley.perception.ears.keywords import Keyword
from livefoley.perception.screen.reader import TextReader
from livefoley.perception.screen.watcher import ScreenWatcher
from livefoley.runtime.workers.child import LOWEST, Reply
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.messages import evidence_header, track_from, unit_from
from livefoley.runtime.workers.shared_child import serve_rooms


class RoomScreen:
    """Hands a room's key pictures to the watcher, and says after each that it is free again."""

    def __init__(self, reader: TextReader) -> None:
        self._reader = reader
        self._watcher: ScreenWatcher | None = None

    def handle(self, header: Header, payload: bytes) -> Iterable[Reply]:
        """Return what one message leads to."""
        if header["op"] == "keywords":
            keywords = [Keyword(**each) for each in header["keywords"]]
            self._watcher = ScreenWatcher(keywords, self._reader.read)
        if self._watcher is None:
            return
        if header["op"] == "track":
            self._watcher.configure(track_from(header, payload))
        elif header["op"] == "unit":
            for evidence in self._watcher.feed(unit_from(header, payload)):
                yield evidence_header(evidence), b""
            yield {"op": "read", **asdict(self._watcher.statistics())}, b""


if __name__ == "__main__":
    text_reader = TextReader()
    serve_rooms(lambda: RoomScreen(text_reader).handle, LOWEST)
