"""What the recordings of a library are called, as embeddings: made once when they are taken in, and kept beside the
index for this version of the text encoder."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import DescriptionError, OutputError
from livefoley.foley.student.embed import LONGEST, TEXT_DIM, VERSION, TextEncoder
from livefoley.system.files import SHARED, write_whole

Vectors = NDArray[np.float32]

_SOUND_ZH = re.compile(r"(的?(声音|声响|响声)|一声|声)$")
_SOUND_EN = re.compile(r"^(the |a )?(sounds?|noises?) of | (sounds?|sound effects?|noises?)$", re.IGNORECASE)


def gist(text: str) -> str:
    """Return words without what says that they are of a sound: all captions are, and the likeness of 切菜声 and 锣声
    lies in that alone."""
    plain = " ".join(text.split())[:LONGEST]
    return _SOUND_EN.sub("", _SOUND_ZH.sub("", plain)).strip() or plain


def read_vectors(directory: Path, texts: Sequence[str]) -> Vectors | None:
    """Return the embeddings ``[texts, 512]`` that are kept for just these texts; None when there are none."""
    try:
        with np.load(_path(directory), allow_pickle=False) as kept:
            vectors = np.asarray(kept["vectors"], np.float32)
            known = str(kept["texts"]) == _digest(texts)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return vectors if known and vectors.shape == (len(texts), TEXT_DIM) else None


def make_vectors(directory: Path, texts: Sequence[str], encoder: TextEncoder) -> Vectors:
    """Return the embeddings ``[texts, 512]``, kept from now on as far as ``directory`` can be written. A text in which
    the encoder does not know every piece has none: zeros.

    Raises ``ModelError`` where there is no encoder.
    """
    vectors = np.zeros((len(texts), TEXT_DIM), np.float32)
    for place, text in enumerate(texts):
        try:
            if encoder.knows(gist(text)):
                vectors[place] = encoder.encode(gist(text))
        except DescriptionError:
            continue
    content = io.BytesIO()
    np.savez(content, vectors=vectors.astype(np.float16), texts=np.array(_digest(texts)))
    try:
        write_whole(_path(directory), content.getvalue(), mode=SHARED)
    except OutputError:
        return vectors
    return vectors.astype(np.float16).astype(np.float32)  # what the next one reads


def _path(directory: Path) -> Path:
    return directory / f"captions-{VERSION}.npz"


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
