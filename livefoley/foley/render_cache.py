"""What was rendered once: a bounded memory of takes, and a directory on disk that survives the process.

A take lies on disk as one line of JSON (version, shape, onset, checksum) and 16-bit samples. What does not check out
(another version, a torn or altered file) is rendered again, never trusted; a directory that cannot be written is done
without.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.errors import OutputError
from livefoley.core.snapshots import RenderCacheSnapshot
from livefoley.foley.synth import SYNTH_VERSION
from livefoley.foley.synth.blocks.toolbox import Take
from livefoley.system.files import write_whole

_FORMAT = 1
_SCALE = 32767.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A take at rest: ``[2, n]`` int16, half the size of what is played."""

    samples: NDArray[np.int16]
    onset: int

    def take(self) -> Take:
        """Return the take as it is played."""
        return Take(self.samples.astype(np.float32) / np.float32(_SCALE), self.onset)


def stored(samples: Stereo, onset: int) -> Stored:
    """Return samples within +-1 at rest."""
    return Stored(np.round(np.clip(samples, -1, 1) * _SCALE).astype(np.int16), onset)


class RenderCache:
    """Takes by key: from memory, else from disk, else rendered. Safe to share between threads."""

    def __init__(self, directory: Path | None = None, memory_bytes: int = 96_000_000) -> None:
        """Keep up to ``memory_bytes`` in memory; with a ``directory``, what ``get`` persists also there."""
        self._directory = directory / f"sounds-{_FORMAT}-{SYNTH_VERSION}" if directory else None
        self._memory: OrderedDict[str, Stored] = OrderedDict()
        self._limit = memory_bytes
        self._bytes = 0
        self._counts = dict.fromkeys(("memory_hits", "disk_hits", "rendered", "corrupt", "write_errors"), 0)
        self._lock = Lock()

    def get(self, key: str, render: Callable[[], Take], persist: bool = True) -> Stored:
        """Return the take of ``key``, rendered by ``render`` (normalised, within +-1) if nobody has it."""
        with self._lock:
            found = self._memory.get(key)
            if found is not None:
                self._memory.move_to_end(key)
                self._counts["memory_hits"] += 1
                return found
            found = (self._read(key) if persist else None) or self._render(key, render, persist)
            self._remember(key, found)
            return found

    def statistics(self) -> RenderCacheSnapshot:
        """Return a snapshot."""
        with self._lock:
            return RenderCacheSnapshot(**self._counts, bytes=self._bytes)

    def _remember(self, key: str, found: Stored) -> None:
        self._memory[key] = found
        self._bytes += found.samples.nbytes
        while self._bytes > self._limit and len(self._memory) > 1:
            _, old = self._memory.popitem(last=False)
            self._bytes -= old.samples.nbytes

    def _render(self, key: str, render: Callable[[], Take], persist: bool) -> Stored:
        made = render()
        self._counts["rendered"] += 1
        found = stored(made.samples, made.onset)
        if persist and self._directory is not None:
            try:
                write_whole(self._path(key), encode(found), parents=True)
            except OutputError:
                self._counts["write_errors"] += 1
        return found

    def _read(self, key: str) -> Stored | None:
        if self._directory is None:
            return None
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        found = decode(data)
        self._counts["corrupt" if found is None else "disk_hits"] += 1
        return found

    def _path(self, key: str) -> Path:
        if self._directory is None:
            raise AssertionError("no directory")
        return self._directory / f"{key}.take"


def encode(found: Stored) -> bytes:
    """Return a stored take as a file's content."""
    payload = found.samples.astype("<i2").tobytes()
    head = {
        "format": _FORMAT,
        "samples": int(found.samples.shape[1]),
        "onset": found.onset,
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    return json.dumps(head).encode() + b"\n" + payload


def decode(data: bytes) -> Stored | None:
    """Return the take in a file's content, None when anything about it is not as written."""
    try:
        line, payload = data.split(b"\n", 1)
        head = json.loads(line)
        n, onset = int(head["samples"]), int(head["onset"])
        sound = hashlib.sha256(payload).hexdigest() == head["sha256"] and head["format"] == _FORMAT
    except (ValueError, KeyError, TypeError):
        return None
    if not sound or len(payload) != 4 * n or not 0 <= onset <= n:
        return None
    return Stored(np.frombuffer(payload, "<i2").astype(np.int16).reshape(2, n), onset)
