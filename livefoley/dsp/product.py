"""Filtering by matrix: frames of samples, each with its surroundings, times a Toeplitz matrix of the filter's taps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS = 16


def product(frames: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``frames`` ``[..., k]`` times ``matrix`` ``[k, m]``, shape ``[..., m]``.

    It is done 16 rows at a time: a larger product wakes the threads of the BLAS, and in blocks of a few milliseconds
    those burn several times the processor time they save.
    """
    k, m = matrix.shape
    rows = frames.reshape(-1, k)
    missing = -len(rows) % _ROWS
    if missing:
        rows = np.concatenate((rows, np.zeros((missing, k), np.float32)))
    out: NDArray[np.float32] = (rows.reshape(-1, _ROWS, k) @ matrix).reshape(-1, m)
    return out[: len(out) - missing].reshape(*frames.shape[:-1], m)
