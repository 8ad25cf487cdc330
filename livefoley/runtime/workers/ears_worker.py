"""The worker that recognises speech for all rooms of a process: ``python -m livefoley.runtime.workers.ears_worker``."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict

from livefoley.core.errors import LivefoleyError
from livefoley.core.events import HearingEvent
from livefoley.perception.ears import model
from livefoley.perception.ears.keywords import Keyword
from livefoley.perception.ears.listener import Listener
from livefoley.perception.ears.recogniser import Recogniser
from livefoley.runtime.rooms.taps import audio_from
from livefoley.runtime.workers.child import Reply, serve
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.messages import event_header


class EarsWorker:
    """Hands each room's sound to its listener. Without a model it says so, and hears nothing."""

    def __init__(self) -> None:
        self._recogniser: Recogniser | None = None
        self._rooms: dict[str, Listener] = {}
        self._told: dict[str, int] = {}  # passes over a room's speech when its figures were told

    def handle(self, header: Header, payload: bytes) -> Iterable[Reply]:
        """Return what one message leads to."""
        match header["op"]:
            case "open":
                return [(self._open(header["model"]), b"")]
            case "listen":
                self._listen(header)
            case "audio" if listener := self._rooms.get(header["room"]):
                lag_s = time.monotonic() - header["sent_s"]  # one clock for all processes of a machine
                return self._tell(header["room"], listener.feed(audio_from(payload), header["start"], lag_s))
            case "flush" if listener := self._rooms.get(header["room"]):
                return self._tell(header["room"], listener.flush())
        return []

    def _open(self, name: str) -> Header:
        try:
            self._recogniser = Recogniser(*model.find(name))
        except LivefoleyError as error:
            return {"op": "unavailable", "reason": str(error)}
        return {"op": "opened", "device": self._recogniser.device}

    def _listen(self, header: Header) -> None:
        if self._recogniser is not None:
            keywords = [Keyword(**each) for each in header["keywords"]]
            self._rooms[header["room"]] = Listener(
                self._recogniser, header["languages"], keywords, first_id=header["first_id"]
            )

    def _tell(self, room: str, events: Iterable[HearingEvent]) -> list[Reply]:
        replies: list[Reply] = [({"room": room, **event_header(event)}, b"") for event in events]
        figures = self._rooms[room].statistics()
        if figures.passes != self._told.get(room):
            self._told[room] = figures.passes
            replies.append(({"op": "figures", "room": room, **asdict(figures)}, b""))
        return replies


if __name__ == "__main__":
    serve(EarsWorker().handle)
