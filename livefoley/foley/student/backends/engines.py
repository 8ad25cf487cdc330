"""Compiled engines on disk: each belongs to one model, one compiler and its version, and one kind of card.

An engine lies beside a manifest that says all this, and its SHA-256. What does not fit (another version, another card,
a torn or altered file) is as good as absent: it is built again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from livefoley.system.dirs import cache_directory
from livefoley.system.files import write_whole


@dataclass(frozen=True, slots=True)
class EngineKey:
    """What an engine is for. ``target`` is a compute capability (``sm86``), with the card's name where that matters."""

    model_sha256: str
    library: str  # "tensorrt" or "tensorrt_rtx"
    version: str
    target: str

    @property
    def stem(self) -> str:
        """The name of its files, without suffix."""
        words = (self.model_sha256[:16], self.library, self.version, self.target)
        return "-".join(re.sub(r"[^A-Za-z0-9.]+", "_", word) for word in words)


@dataclass(frozen=True, slots=True)
class StoredEngine:
    """An engine on disk; ``problem`` says why it is not used, if so."""

    path: Path
    size: int
    key: EngineKey | None
    problem: str = ""


class EngineStore:
    """The engines in one directory (the user's own cache unless given)."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory if directory is not None else cache_directory() / "engines"

    def load(self, key: EngineKey) -> bytes | None:
        """Return the engine for ``key``, None when there is none that is whole."""
        path = self._path(key)
        return path.read_bytes() if path.exists() and not _problem(path, key) else None

    def save(self, key: EngineKey, engine: bytes) -> Path:
        """Store an engine; the manifest comes last. Raises ``OutputError``."""
        path = self._path(key)
        manifest = {"sha256": hashlib.sha256(engine).hexdigest(), "key": asdict(key)}
        write_whole(path, engine, parents=True)
        write_whole(path.with_suffix(".json"), json.dumps(manifest, indent=1))
        return path

    def beside(self, key: EngineKey, suffix: str) -> Path:
        """Return where what goes with an engine is kept, like the kernels that were compiled when it first ran."""
        return self.directory / f"{key.stem}{suffix}"

    def entries(self) -> Iterator[StoredEngine]:
        """Yield what is there, whole or not."""
        for path in sorted(self.directory.glob("*.engine")):
            key = _manifest(path)[1]
            yield StoredEngine(path, path.stat().st_size, key, _problem(path, key))

    def _path(self, key: EngineKey) -> Path:
        return self.directory / f"{key.stem}.engine"


def _manifest(path: Path) -> tuple[str, EngineKey | None]:
    """Return the hash and the key in an engine's manifest; none when it cannot be read."""
    try:
        content = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return str(content["sha256"]), EngineKey(**content["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", None


def _problem(path: Path, wanted: EngineKey | None) -> str:
    """Return why the engine at ``path`` is not the one for ``wanted``, or nothing."""
    digest, key = _manifest(path)
    if key is None:
        return "has no manifest"
    if key != wanted:
        return "was built for something else"
    return "" if hashlib.sha256(path.read_bytes()).hexdigest() == digest else "is damaged (its SHA-256 is wrong)"
