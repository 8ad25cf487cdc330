"""The worker that recognises speech for all rooms of a process: ``python -m livefoley.runtime.workers.ears_worker``."""

from __future__ import annotations

import time
from collections.abc import Iterable

from livefoley.core.errors import LivefoleyError
from livefoley.core.events import HearingEvent, Transcript
from livefoley.foley.description.mentions import mentions
from livefoley.perception.ears import model
from livefoley.perception.ears.listener import Listener, ListenerStatistics
from livefoley.perception.ears.recogniser import Recogniser
from livefoley.runtime.rooms.taps import audio_from
from livefoley.runtime.workers.child import Answer, serve
from livefoley.runtime.workers.messages import (
    EARS,
    EarsFigures,
    Flush,
    FromEars,
    Heard,
    Listen,
    Named,
    Opened,
    OpenModel,
    RoomAudio,
    Said,
    ToEars,
    Unavailable,
)


class EarsWorker:
    """Hands each room's sound to its listener. Without a model it says so, and hears nothing."""

    def __init__(self) -> None:
        self._recogniser: Recogniser | None = None
        self._rooms: dict[str, Listener] = {}
        self._steered: set[str] = set()
        self._told: dict[str, int] = {}  # passes over a room's speech when its figures were told

    def handle(self, message: ToEars, payload: bytes) -> Iterable[Answer[FromEars]]:
        """Return what one message leads to."""
        match message:
            case OpenModel(name):
                return [(self._open(name), b"")]
            case Listen():
                self._listen(message)
            case RoomAudio(room, start, sent_s) if listener := self._rooms.get(room):
                lag_s = time.monotonic() - sent_s  # one clock for all processes of a machine
                return self._tell(room, listener.feed(audio_from(payload), start, lag_s))
            case Flush(room) if listener := self._rooms.get(room):
                return self._tell(room, listener.flush())
        return []

    def _open(self, name: str) -> Opened | Unavailable:
        try:
            self._recogniser = Recogniser(*model.find(name))
        except LivefoleyError as error:
            return Unavailable(str(error))
        return Opened(self._recogniser.device)

    def _listen(self, told: Listen) -> None:
        if self._recogniser is not None:
            self._rooms[told.room] = Listener(self._recogniser, told.languages, told.keywords, first_id=told.first_id)
            (self._steered.add if told.steer else self._steered.discard)(told.room)

    def _tell(self, room: str, events: Iterable[HearingEvent]) -> list[Answer[FromEars]]:
        replies: list[Answer[FromEars]] = []
        for event in events:
            replies.append((_reply(room, event), b""))
            if room in self._steered and isinstance(event, Transcript) and event.final:
                replies += [(Named(mention, room), b"") for mention in mentions(event.text, event.end)]
        figures = self._rooms[room].statistics()
        if figures.passes != self._told.get(room):
            self._told[room] = figures.passes
            replies.append((_figures(room, figures), b""))
        return replies


def _reply(room: str, event: HearingEvent) -> FromEars:
    return Said(room, event) if isinstance(event, Transcript) else Heard(room, event)


def _figures(room: str, told: ListenerStatistics) -> EarsFigures:
    return EarsFigures(room, told.utterances, told.foreign, told.made_up, told.shed, told.passes, told.cost_s)


if __name__ == "__main__":
    serve(EARS, EarsWorker().handle)
