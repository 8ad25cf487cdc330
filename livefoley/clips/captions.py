"""Who writes a clip's captions: the live text as it is, or faster-whisper's full transcription beside the other work.

A clip never waits long for better words: where the transcription is late, cannot be had or makes no sense, the live
text is what the captions say. The model is opened for the first clip in which somebody speaks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from livefoley.clips.jobs.files import ClipInput
from livefoley.clips.ports import Said, WaitForSaid
from livefoley.core.errors import ModelError
from livefoley.core.events import Transcript
from livefoley.core.throttle import LogThrottle
from livefoley.core.ticks import s_from_ticks

if TYPE_CHECKING:
    from livefoley.perception.ears.transcriber import Transcriber

log = structlog.get_logger("livefoley.clips")

AUTO, LIVE, FULL = "auto", "live", "full"
LIMIT_S, LIMIT_SHARE = 1.0, 0.1  # what a clip waits for its words, at most, and for each second of it
PATIENCE = 20.0  # times as long for one that nobody waits for


class LiveCaptions:
    """Implements ``Captions``: what was heard live."""

    def begin(self, clip_input: ClipInput, live: Sequence[Transcript], *, patient: bool) -> WaitForSaid:
        """See ``Captions``."""
        return lambda: _heard(live)


class FullCaptions:
    """Implements ``Captions``; ``model`` is as ``ears.model`` names one. One clip at a time, in a thread of its own."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._thread = ThreadPoolExecutor(1, "clip-captions")
        self._transcriber: Transcriber | None = None
        self._throttle = LogThrottle(log, time.monotonic)

    def begin(self, clip_input: ClipInput, live: Sequence[Transcript], *, patient: bool) -> WaitForSaid:
        """See ``Captions``."""
        if not live:
            return lambda: _heard(live)
        limit_s = LIMIT_S + LIMIT_SHARE * s_from_ticks(clip_input.end - clip_input.start)
        until_s = time.monotonic() + limit_s * (PATIENCE if patient else 1.0)
        written = self._thread.submit(self._write, clip_input, tuple(live), until_s)
        return lambda: self._said(written, live, until_s)

    def _write(self, clip_input: ClipInput, live: Sequence[Transcript], until_s: float) -> list[Transcript]:
        if self._transcriber is None:
            from livefoley.perception.ears.transcriber import Transcriber  # of the extra ``ears``

            self._transcriber = Transcriber(self._model)
        return self._transcriber.transcribe(clip_input.original().mean(axis=0), clip_input.start, live, until_s)

    def _said(self, written: Future[list[Transcript]], live: Sequence[Transcript], until_s: float) -> Said:
        try:
            found = written.result(max(0.0, until_s - time.monotonic()))
            return Said(tuple(found), FULL) if found else _heard(live)
        except TimeoutError:
            written.cancel()
            self._throttle.warning("a clip's captions are late, the live text stands in")
        except (ImportError, ModelError) as error:
            self._throttle.warning("clips are captioned by the live text", reason=str(error))
        except Exception:
            log.exception("a clip cannot be transcribed, the live text stands in")
        return _heard(live)


def _heard(live: Sequence[Transcript]) -> Said:
    return Said(tuple(live), LIVE if live else "")
