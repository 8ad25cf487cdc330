"""Procedural synthesis: every built-in sound is computed here, deterministic by its generator.

Renderers are plain functions of a ``numpy.random.Generator``. One-shots return a ``Take`` (samples and the onset);
textures take a length in seconds and return stereo samples. Levels are free here: the bank and the bed normalise them.
"""

SYNTH_VERSION = 4
"""Part of the cache key: raise it whenever a renderer changes what it gives."""
