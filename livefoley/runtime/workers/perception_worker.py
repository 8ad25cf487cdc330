"""The worker that watches and listens to rooms: ``python -m livefoley.runtime.workers.perception_worker``.

It gets each room's encoded video and decoded mono sound, and answers with events and with evidence of
highlights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from livefoley.core.ports import Detector
from livefoley.perception.hearing.crowd import CrowdDetector
from livefoley.perception.hearing.vad import SpeechDetector
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.runtime.rooms.taps import audio_from
from livefoley.runtime.workers.child import Answer
from livefoley.runtime.workers.messages import (
    PERCEPTION,
    Audio,
    FromPerception,
    Noticed,
    ToPerception,
    VideoTrack,
    VideoUnit,
    perceived,
)
from livefoley.runtime.workers.shared_child import serve_rooms


def detectors() -> list[Detector]:
    """Return what looks for signals of a highlight in a room's sound; a new one is a line here."""
    return [CrowdDetector()]


class RoomWatcher:
    """Hands each message of a room to the analysers it is for."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._motion = MotionAnalyser()
        self._speech = SpeechDetector()
        self._detectors = detectors

    def handle(self, message: ToPerception, payload: bytes) -> Iterable[Answer[FromPerception]]:
        """Yield what this message leads to."""
        match message:
            case VideoTrack():
                self._motion.configure(message.info(payload))
            case VideoUnit():
                for event in self._motion.feed(message.unit(payload)):
                    yield perceived(event), b""
            case Audio(start):
                samples = audio_from(payload)
                for event in self._speech.feed(samples, start):
                    yield perceived(event), b""
                for detector in self._detectors:
                    for evidence in detector.feed(samples, start):
                        yield Noticed(evidence), b""


if __name__ == "__main__":
    serve_rooms(PERCEPTION, lambda: RoomWatcher(detectors()).handle)
