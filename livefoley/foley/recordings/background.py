"""Looks for recordings beside a worker's messages: words that nobody has looked for yet are read in a thread.

The encoder's tables take a second to load, and 20 ms a description; found once, an answer is there at once.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Iterable

from livefoley.foley.chain import Refusal
from livefoley.foley.recordings.finder import Finder
from livefoley.foley.recordings.index import Found

READING = Refusal("is still reading the words", fault=True)
"""Another time there may be an answer."""
WAIT_S = 0.12
"""How long an answer is waited for: the rest of the bank's time is for decoding."""
REST_S = 60.0
MOST_WAITING = 64
MOST_ANSWERS = 512

Answer = tuple[Found, ...] | Refusal


class BackgroundFinder:
    """Implements ``recordings.maker.Find`` by ``find``; asked by one thread."""

    def __init__(self, finder: Finder) -> None:
        self.count = finder.count
        self._finder = finder
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._pending: dict[str, threading.Event] = {}
        self._waiting: queue.Queue[str] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def expect(self, texts: Iterable[str]) -> None:
        """Look for words that will be asked for."""
        for text in texts:
            if self.count and text.strip():
                self._begin(text)

    def find(self, text: str) -> Answer:
        """Return the recordings that answer words, or why there is none: ``READING`` until it is known."""
        begun = self._begin(text)
        if begun is not None:
            begun.wait(WAIT_S)
        with self._lock:
            return self._answers.get(text, READING)

    def _begin(self, text: str) -> threading.Event | None:
        """Return what tells when the answer is there; None where it is, or too much waits."""
        with self._lock:
            if text in self._answers:
                self._answers.move_to_end(text)
                return None
            begun = self._pending.get(text)
            if begun is None:
                try:
                    self._waiting.put_nowait(text)
                except queue.Full:
                    return None
                begun = self._pending[text] = threading.Event()
            if self._thread is None:
                self._thread = threading.Thread(target=self._read, name="recordings", daemon=True)
                self._thread.start()
            return begun

    def _read(self) -> None:
        while True:
            try:
                text = self._waiting.get(timeout=REST_S)
            except queue.Empty:
                self._finder.release()
                text = self._waiting.get()
            answer = self._answered(text)
            with self._lock:
                self._answers[text] = answer
                if len(self._answers) > MOST_ANSWERS:
                    self._answers.popitem(last=False)
                self._pending.pop(text).set()

    def _answered(self, text: str) -> Answer:
        try:
            return self._finder.find(text)
        except Exception as error:  # a mistake costs these words alone
            return Refusal(f"cannot look for it ({type(error).__name__}: {error})", fault=True)
