"""The log: structured lines on standard error, for people or for machines. It never raises and nobody waits for it.

Whoever logs may be in the middle of a stream, and whoever reads the log may have stopped, died, or filled the disk. So
lines go into a bounded queue, and a thread of their own writes them; what has no room, what cannot be written and what
cannot even be put into words is counted. All that a process says takes this way: what is logged here, what libraries
log (uvicorn, aiortc, asyncio), warnings, and the exceptions that Python itself would print. Those of others come at a
bounded pace.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

import structlog

from livefoley.media.token_bucket import Bucket
from livefoley.runtime import child_log

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
MOST_LINES, MOST_CHARACTERS = 4096, 4 << 20
LAST_WORDS_S = 1.0
METHODS = ("debug", "info", "warning", "error", "critical", "exception", "log")
LIBRARY_LINES, LIBRARY_INTERVAL_S = 200, 0.1


class LogWriter:
    """A text file that is written by a thread: ``write`` takes a line and returns at once, whatever the file does."""

    def __init__(self, file: TextIO) -> None:
        self.dropped = 0
        """Lines that nobody will read: too many waited, or they could not be written."""
        self._file = file
        self._lines: deque[str] = deque()
        self._characters = 0
        self._changed = threading.Condition()
        self._writing = False
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, line: str) -> int:
        """Take a line."""
        with self._changed:
            if len(self._lines) >= MOST_LINES or self._characters + len(line) > MOST_CHARACTERS:
                self.dropped += 1
            else:
                self._lines.append(line)
                self._characters += len(line)
                self._changed.notify_all()
        return len(line)

    def drop(self) -> None:
        """Count a line that cannot be put into words."""
        with self._changed:
            self.dropped += 1

    def flush(self) -> None:
        """Do nothing: the thread flushes."""

    def drain(self, timeout_s: float = LAST_WORDS_S) -> bool:
        """Wait until all is written, at most ``timeout_s``; say whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._lines and not self._writing, timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._lines)
                line = self._lines.popleft()
                self._characters -= len(line)
                self._writing = True
            try:
                _put(self._file, line)
            except (OSError, ValueError):  # nobody reads, the disk is full, the file is closed
                self.drop()


class LibraryHandler(logging.Handler):
    """Takes what libraries log, at a bounded pace. ``logging.StreamHandler`` lets some exceptions through."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer
        self._bucket = Bucket(LIBRARY_LINES, LIBRARY_INTERVAL_S, time.monotonic)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it as dropped."""
        try:
            line = f"{self.format(record)}\n" if self._bucket.take() else ""
        except Exception:  # what was logged has no words: its message and figures do not fit, or it raises itself
            line = ""
        if line:
            self._writer.write(line)
        else:
            self._writer.drop()


def _put(file: TextIO, line: str) -> None:
    """Write a line; past the file's own buffer where there is a descriptor, so that an error leaves nothing in it."""
    try:
        descriptor = file.fileno()
    except (OSError, ValueError, AttributeError):
        file.write(line)
        file.flush()
        return
    data = line.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(descriptor, data) :]


_writer: LogWriter | None = None


def dropped() -> int:
    """Return how many lines of this process's log, and of what its children printed, were lost."""
    return child_log.left_out + (_writer.dropped if _writer is not None else 0)


def drain(timeout_s: float = LAST_WORDS_S) -> None:
    """Wait a moment for the last lines to be written."""
    if _writer is not None:
        _writer.drain(timeout_s)


def configure(level: str = "info", as_json: bool = False) -> None:
    """Set the level and the form of every log line of this process; what libraries log follows the same level."""
    global _writer
    numeric = LEVELS[level]
    writer = _writer = LogWriter(sys.stderr)
    atexit.register(writer.drain)
    # plain tracebacks: rich ones print local variables, keys among them, and take seconds of the event loop
    renderer: Any = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if as_json else []),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=repr) if as_json else renderer,
        ],
        wrapper_class=_safe(structlog.make_filtering_bound_logger(numeric), writer),
        logger_factory=structlog.WriteLoggerFactory(writer),  # type: ignore[arg-type]  # it has what a log needs
    )
    logging.raiseExceptions = False  # the standard library's handlers print tracebacks of their own failures
    logging.basicConfig(
        level=max(numeric, logging.WARNING),
        handlers=[LibraryHandler(writer)],
        format="%(levelname)s %(name)s: %(message)s",
        force=True,
    )
    _take_from_python()


def _safe(logger: Any, writer: LogWriter) -> Any:
    """Return a class of loggers like ``logger`` that never raises."""

    def safe(method: Callable[..., Any]) -> Callable[..., None]:
        def log(*args: Any, **kw: Any) -> None:
            try:
                method(*args, **kw)
            except Exception:  # what was logged has no words
                writer.drop()

        return log

    return type("SafeLogger", (logger,), {name: safe(getattr(logger, name)) for name in METHODS})


def _take_from_python() -> None:
    """Log what Python itself would print on standard error, and wait for whoever reads it."""
    logging.captureWarnings(True)
    python = logging.getLogger("python")

    def on_ignored(told: Any) -> None:
        what = told.err_msg or "an exception was ignored"
        python.error(what, exc_info=(told.exc_type, told.exc_value, told.exc_traceback))

    def on_thread(told: Any) -> None:
        if told.exc_type is not SystemExit:
            python.error("a thread broke", exc_info=(told.exc_type, told.exc_value, told.exc_traceback))

    sys.unraisablehook, threading.excepthook = on_ignored, on_thread
