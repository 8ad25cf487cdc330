"""Ambience without an end: textures recombined, single events among them."""

KEPT_SEGMENTS = 4
"""Segments beyond these are made as a bed goes on and never kept on disk, which would grow without bound."""
