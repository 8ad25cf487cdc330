"""The worker that watches and listens to rooms: ``python -m livefoley.runtime.workers.perception_worker``.

It gets each room's encoded video and decoded mono sound, and answers with events and with evidence of
highlights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import structlog

from livefoley.core.ports import Detector
from livefoley.perception.eyes.eyes import Eyes, Network
from livefoley.perception.eyes.people import People, PeopleNetworks
from livefoley.perception.eyes.picture_classes import PictureClasses
from livefoley.perception.hearing.crowd import CrowdDetector
from livefoley.perception.hearing.vad import SpeechDetector
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.runtime.rooms.taps import audio_from
from livefoley.runtime.workers import messages
from livefoley.runtime.workers.child import Answer, Rest
from livefoley.runtime.workers.messages import (
    PERCEPTION,
    Audio,
    Blind,
    FromPerception,
    Noticed,
    ToPerception,
    VideoTrack,
    VideoUnit,
    perceived,
)
from livefoley.runtime.workers.shared_child import serve_rooms

log = structlog.get_logger("livefoley")


def detectors() -> list[Detector]:
    """Return what looks for signals of a highlight in a room's sound; a new one is a line here."""
    return [CrowdDetector()]


class RoomWatcher:
    """Hands each message of a room to the analysers it is for."""

    def __init__(
        self, detectors: Sequence[Detector], network: Network, people: PeopleNetworks, told: set[str] | None = None
    ) -> None:
        """``told`` is what has been said in the log by now, for whichever room."""
        self._eyes = Eyes(network, people)
        self._eyes.open = False  # until the room says
        self._motion = MotionAnalyser(eyes=self._eyes)
        self._told = told if told is not None else set()
        self._blindness = Blind()
        self._speech = SpeechDetector()
        self._detectors = detectors

    def handle(self, message: ToPerception, payload: bytes) -> Iterable[Answer[FromPerception]]:
        """Yield what this message leads to."""
        match message:
            case messages.Eyes(wanted):
                self._eyes.open = wanted
            case VideoTrack():
                self._motion.configure(message.info(payload))
            case VideoUnit():
                for event in self._motion.feed(message.unit(payload)):
                    yield perceived(event), b""
                yield from self._blind()
            case Audio(start):
                samples = audio_from(payload)
                for event in self._speech.feed(samples, start):
                    yield perceived(event), b""
                for detector in self._detectors:
                    for evidence in detector.feed(samples, start):
                        yield Noticed(evidence), b""

    def _blind(self) -> Iterator[Answer[FromPerception]]:
        """Say what is missing where that has changed: it costs meaning, and no onset."""
        now = Blind(self._eyes.problem, self._eyes.who.problem)
        if now == self._blindness:
            return
        self._blindness = now
        yield now, b""
        if now.problem:
            self._tell("nobody says what it is that moves; the words alone decide", now.problem)
        elif now.people_problem:
            self._tell(
                "nobody says who it is that moves: no hands, no steps, and heads that talk thump", now.people_problem
            )

    def _tell(self, event: str, reason: str) -> None:
        """Say it once, for all rooms."""
        if event not in self._told:
            self._told.add(event)
            log.warning(event, reason=reason)


if __name__ == "__main__":
    network, people, told = PictureClasses(), People(), set[str]()

    def release() -> None:
        """Nobody has anything to look at."""
        network.release()
        people.release()

    serve_rooms(PERCEPTION, lambda: RoomWatcher(detectors(), network, people, told).handle, rest=Rest(release))
