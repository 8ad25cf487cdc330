"""The worker that watches and listens to rooms: ``python -m livefoley.runtime.workers.perception_worker``.

It gets each room's encoded video and decoded mono sound, and answers with events.
"""

from __future__ import annotations

from collections.abc import Iterable

from livefoley.core.events import PerceptionEvent
from livefoley.perception.hearing.crowd import CrowdDetector
from livefoley.perception.hearing.vad import SpeechDetector
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.runtime.rooms.taps import audio_from
from livefoley.runtime.workers.child import Reply
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.messages import event_header, track_from, unit_from
from livefoley.runtime.workers.shared_child import serve_rooms


class RoomWatcher:
    """Hands each message of a room to the analyser it is for."""

    def __init__(self) -> None:
        self._motion = MotionAnalyser()
        self._speech = SpeechDetector()
        self._crowd = CrowdDetector()

    def handle(self, header: Header, payload: bytes) -> Iterable[Reply]:
        """Return the events found by this message."""
        events: list[PerceptionEvent] = []
        match header["op"]:
            case "track":
                self._motion.configure(track_from(header, payload))
            case "unit":
                events = self._motion.feed(unit_from(header, payload))
            case "audio":
                samples = audio_from(payload)
                events = self._speech.feed(samples, header["start"])
                events += self._crowd.feed(samples, header["start"])
        return [(event_header(event), b"") for event in events]


if __name__ == "__main__":
    serve_rooms(lambda: RoomWatcher().handle)
