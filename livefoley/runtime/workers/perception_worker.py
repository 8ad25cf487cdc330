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
from livefoley.runtime.workers.child import Reply
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.messages import event_header, evidence_header, track_from, unit_from
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

    def handle(self, header: Header, payload: bytes) -> Iterable[Reply]:
        """Yield what this message leads to."""
        match header["op"]:
            case "track":
                self._motion.configure(track_from(header, payload))
            case "unit":
                for event in self._motion.feed(unit_from(header, payload)):
                    yield event_header(event), b""
            case "audio":
                samples, start = audio_from(payload), header["start"]
                for event in self._speech.feed(samples, start):
                    yield event_header(event), b""
                for detector in self._detectors:
                    for evidence in detector.feed(samples, start):
                        yield evidence_header(evidence), b""


if __name__ == "__main__":
    serve_rooms(lambda: RoomWatcher(detectors()).handle)
