"""The worker that watches and listens to one room: ``python -m livefoley.runtime.perception_worker``.

It gets the room's encoded video and decoded mono sound, and answers with events.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from livefoley.core.events import PerceptionEvent
from livefoley.perception.analyser import MotionAnalyser
from livefoley.perception.vad import SpeechDetector
from livefoley.runtime.child import Reply, serve
from livefoley.runtime.ipc import Header
from livefoley.runtime.messages import event_header, track_from, unit_from


class Perception:
    """Hands each message to the analyser it is for."""

    def __init__(self) -> None:
        self._motion = MotionAnalyser()
        self._speech = SpeechDetector()

    def handle(self, header: Header, payload: bytes) -> Iterable[Reply]:
        """Return the events found by this message."""
        events: list[PerceptionEvent] = []
        match header["op"]:
            case "track":
                self._motion.configure(track_from(header, payload))
            case "unit":
                events = self._motion.feed(unit_from(header, payload))
            case "audio":
                samples = np.frombuffer(payload, np.int16).astype(np.float32) / np.float32(32768)
                events = self._speech.feed(samples, header["start"])
        return [(event_header(event), b"") for event in events]


if __name__ == "__main__":
    serve(Perception().handle)
