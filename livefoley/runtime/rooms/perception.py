"""The room's eyes and ears: feeds its perception worker and hands on what it reports.

The worker, which other rooms share, gets the room's video as it came: decoding it, and whatever a hostile stream does
to a decoder, happens there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import MotionKind, PerceptionEvent, Sight, Speech
from livefoley.core.highlights import Evidence
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import Tick
from livefoley.core.understood import EyesSnapshot
from livefoley.runtime.rooms.evidence import EvidenceIds
from livefoley.runtime.rooms.taps import AudioBatcher
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.messages import (
    Audio,
    Blind,
    Cut,
    Eyes,
    FromPerception,
    Goes,
    Moved,
    Noticed,
    Saw,
    ToPerception,
    VideoTrack,
    VideoUnit,
    Voice,
)
from livefoley.runtime.workers.process import WorkerStatistics
from livefoley.runtime.workers.shared import SharedWorkers

MODULE = "livefoley.runtime.workers.perception_worker"
MAX_GOP_UNITS = 600  # ten seconds at 60 fps: encoders left to themselves put a keyframe every 250 frames
MAX_GOP_BYTES = 32 * 1024 * 1024
EYES_BEHIND_S = 0.3  # beyond it what moves is not looked at
MAX_BEHIND_S = 0.8  # a worker further behind than this is given no more pictures up to a keyframe

PerceptionWorkers: TypeAlias = SharedWorkers[ToPerception, FromPerception]


class Perception:
    """Implements the engine's ``Taps``. ``on_event`` and ``on_evidence`` are called from the event loop."""

    def __init__(
        self,
        room: str,
        workers: PerceptionWorkers,
        on_event: Callable[[PerceptionEvent], None],
        on_evidence: Callable[[Evidence], None],
        watch: bool = True,
        eyes: bool = True,
    ) -> None:
        """Listen to the room and, with ``watch``, look at what moves; with ``eyes``, say what that is, too."""
        self._worker = workers.seat(room, self._message, self._ready)
        self._on_event = on_event
        self._on_evidence = on_evidence
        self._ids, self._courses = EvidenceIds(), EvidenceIds()
        self._watch = watch
        self._eyes = self._eyes_wanted = eyes
        self._track: TrackInfo | None = None
        self._gop: list[Unit] = []
        self._gop_bytes = 0
        self._skipping = False  # a unit was dropped: the decoder needs a keyframe
        self._audio = AudioBatcher(self._send_audio)
        self._last_onset: dict[MotionKind | None, Tick] = {None: -1, MotionKind.STEP: -1, MotionKind.SET_DOWN: -1}
        self._speaking_at: Tick | None = None
        self.failures = self.skipped_units = 0
        self._seen = EyesSnapshot(enabled=watch and eyes)

    def close(self) -> None:
        """The room is gone."""
        self._worker.leave()

    # ---- Taps ----

    def video(self, item: TrackInfo | Unit) -> None:
        """Pass on a unit. What the worker cannot take is dropped up to the next keyframe."""
        if not self._watch:
            return
        if isinstance(item, TrackInfo):
            self._track = item
            self._gop.clear()
            self._gop_bytes = 0
            self._send_track(item)
            return
        self._remember(item)
        self._spare_the_eyes()
        behind = self._worker.behind_s > MAX_BEHIND_S
        if item.packet.keyframe:
            self._skipping = False
        if behind and not self._skipping:
            self._skipping = True  # what it would find in these would come too late: let it catch up
        if self._skipping:
            self.skipped_units += 1
        else:
            self._skipping = not self._worker.send_nowait(VideoUnit.of(item), item.packet.data)

    def _spare_the_eyes(self) -> None:
        """What moves is worth more than what it is: a worker that falls behind is not asked for that."""
        wanted = self._eyes_wanted and self._worker.behind_s <= (EYES_BEHIND_S if self._eyes else EYES_BEHIND_S / 2)
        if wanted is not self._eyes:
            self._eyes = wanted
            self._seen = replace(self._seen, spared=self._seen.spared + (not wanted))
            self._worker.send_nowait(Eyes(wanted))

    def audio(self, samples: NDArray[np.float32], start: Tick) -> None:
        """Pass on sound, in batches."""
        self._audio.feed(samples, start)

    def _send_audio(self, payload: bytes, start: Tick) -> None:
        self._worker.send_nowait(Audio(start), payload)

    def _send_track(self, track: TrackInfo) -> None:
        self._worker.send_nowait(VideoTrack.of(track), track.extradata)

    def _remember(self, unit: Unit) -> None:
        """Keep the current group of pictures: a new worker decodes from its keyframe on."""
        if unit.packet.keyframe:
            self._gop.clear()
            self._gop_bytes = 0
        elif len(self._gop) >= MAX_GOP_UNITS or self._gop_bytes > MAX_GOP_BYTES:
            return
        self._gop.append(unit)
        self._gop_bytes += len(unit.packet.data)

    # ---- the worker ----

    def _ready(self) -> None:
        self._ids.restart()
        self._courses.restart()
        if self._speaking_at is not None:  # the one that would have said "over" is dead
            self._on_event(Speech(self._speaking_at, active=False))
            self._speaking_at = None
        self._eyes = self._eyes_wanted
        self._seen = replace(self._seen, problem="", people_problem="")  # it may be another's
        self._worker.send_nowait(Eyes(self._eyes))
        if self._track is None:
            return
        self._send_track(self._track)
        self._skipping = False
        for unit in self._gop:
            self._worker.send_nowait(VideoUnit.of(unit), unit.packet.data)

    def _message(self, message: FromPerception | Failed, payload: bytes) -> None:
        match message:
            case Moved(onset):
                self._looked_for(onset.sight)
                pace = onset.kind if onset.kind in self._last_onset else None  # some come at their own
                if onset.at > self._last_onset[pace]:  # else seen before by a worker that died since
                    self._last_onset[pace] = onset.at
                    self._on_event(onset)
            case Goes(course):
                self._on_event(replace(course, id=self._courses.number(course.id)))
            case Saw(sight):
                place = sight.places[0][0] if sight.places else ""
                families = tuple(family.value for family, _ in sight.families[:3])
                self._seen = replace(self._seen, place=place, families=families, person=round(sight.person, 3))
                self._on_event(sight)
            case Blind(problem, people_problem):
                self._seen = replace(self._seen, problem=problem, people_problem=people_problem)
            case Cut(cut):
                self._on_event(cut)
            case Voice(speech):
                self._speaking_at = speech.at if speech.active else None
                self._on_event(speech)
            case Noticed(evidence):
                self._on_evidence(self._ids.unique(evidence))
            case Failed():
                self.failures += 1

    def _looked_for(self, sight: Sight | None) -> None:
        """Keep who was seen where something moved, if somebody was looked for."""
        if sight is not None and sight.hands is not None:
            self._seen = replace(self._seen, hands=sight.hands, talking=sight.talking, walking=sight.walking)

    def seen(self) -> EyesSnapshot:
        """Return what the picture showed last."""
        return self._seen

    @property
    def worker_pid(self) -> int | None:
        """The process that watches this room, and others."""
        return self._worker.process.worker.pid

    def statistics(self) -> WorkerStatistics:
        """Return the worker's figures, with what this room sent and lost."""
        return self._worker.statistics()
