"""The worker that reads the screens of all rooms: ``python -m livefoley.runtime.workers.screen_worker``."""

from __future__ import annotations

from collections.abc import Iterable

from livefoley.foley.description.mentions import mentions
from livefoley.perception.screen.reader import TextReader
from livefoley.perception.screen.watcher import ScreenWatcher
from livefoley.runtime.workers.child import Answer
from livefoley.runtime.workers.messages import (
    SCREEN,
    FromScreen,
    Keywords,
    Named,
    Noticed,
    PictureRead,
    ToScreen,
    VideoTrack,
    VideoUnit,
)
from livefoley.runtime.workers.shared_child import serve_rooms
from livefoley.system.priority import LOWEST


class RoomScreen:
    """Hands a room's key pictures to the watcher, and says after each that it is free again."""

    def __init__(self, reader: TextReader) -> None:
        self._reader = reader
        self._watcher: ScreenWatcher | None = None
        self._steer = False

    def handle(self, message: ToScreen, payload: bytes) -> Iterable[Answer[FromScreen]]:
        """Yield what one message leads to."""
        watcher = self._watcher
        match message:
            case Keywords(keywords, steer):
                self._watcher, self._steer = ScreenWatcher(keywords, self._reader.read), steer
            case VideoTrack() if watcher is not None:
                watcher.configure(message.info(payload))
            case VideoUnit() if watcher is not None:
                for evidence in watcher.feed(message.unit(payload)):
                    yield Noticed(evidence), b""
                if self._steer:
                    for mention in mentions("\n".join(watcher.lines), message.pts, screen=True):
                        yield Named(mention), b""
                yield PictureRead(watcher.statistics()), b""


if __name__ == "__main__":
    text_reader = TextReader()
    serve_rooms(SCREEN, lambda: RoomScreen(text_reader).handle, LOWEST)
