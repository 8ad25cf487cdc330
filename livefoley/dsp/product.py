"""Filtering by matrix: frames of samples, each with its surroundings, times a Toeplitz matrix of the filter's taps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_ROWS = 16


def product(frames: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``frames`` ``[..., k]`` times ``matrix`` ``[k, m]``, shape ``[..., m]``.

    It is done 16 rows at a time: a larger product wakes the threads of the BLAS, and in blocks of a few milliseconds
    those burn several times the processor time they save.
    """
    rows, k = math.prod(frames.shape[:-1]), frames.shape[-1]
    stack = np.zeros((-(-rows // _ROWS), _ROWS, k), np.float32)
    stack.reshape(-1, k)[:rows].reshape(frames.shape)[...] = frames
    out: NDArray[np.float32] = (stack @ matrix).reshape(-1, matrix.shape[1])[:rows]
    return out.reshape(*frames.shape[:-1], matrix.shape[1])
