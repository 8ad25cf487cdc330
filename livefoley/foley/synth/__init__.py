"""Procedural synthesis: every built-in sound is computed here, deterministic by its generator.

Renderers are plain functions of a ``numpy.random.Generator``. One-shots return a ``Take`` (samples and the onset);
textures take a length in seconds and return stereo samples. Levels are free here: the bank and the bed normalise them.

SciPy's parts are named in full, like ``scipy.signal.butter``: it loads each when it is first used, so a process whose
sounds all come from the cache does without their 80 MB and starts in a third of the time. `load_tools` loads them.
"""

from __future__ import annotations

import importlib

SYNTH_VERSION = 9
"""Part of the cache key: raise it whenever a renderer changes what it gives."""


def load_tools() -> None:
    """Load what rendering needs, so that the first sound that is rendered need not wait for it."""
    for name in ("fft", "ndimage", "signal"):
        importlib.import_module(f"scipy.{name}")
