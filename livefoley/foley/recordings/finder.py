"""Looks for recordings where time waits: index and encoder are opened when they are first needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from livefoley.core.errors import ModelError
from livefoley.foley.bank.library import Library
from livefoley.foley.chain import Refusal, refusal_of
from livefoley.foley.recordings.index import Found, RecordingIndex, words_of
from livefoley.foley.student.embed import TextEncoder
from livefoley.system import dirs

_REMEMBERED = 256


class Finder:
    """Finds recordings of some libraries; for one thread."""

    def __init__(self, libraries: Sequence[Library], encoder: TextEncoder | None = None) -> None:
        self.count = sum(len(library.entries) for library in libraries)
        self._libraries = libraries
        self._encoder = encoder if encoder is not None else TextEncoder(dirs.cache_directory())
        self._index: RecordingIndex | None = None
        self._missing: ModelError | None = None
        self.find = lru_cache(maxsize=_REMEMBERED)(self._find)

    def release(self) -> None:
        """Let go of what can be loaded again."""
        self._encoder.release()

    def _find(self, text: str) -> tuple[Found, ...] | Refusal:
        """Return the recordings that answer words, the best first, or why there is none."""
        if self._missing is not None:
            return Refusal(str(self._missing))
        try:
            if self._index is None:
                self._index = RecordingIndex(self._libraries, self._encoder)
            return self._index.find(words_of(text, self._encoder))
        except ModelError as error:
            self._missing = error
            return refusal_of(error)
