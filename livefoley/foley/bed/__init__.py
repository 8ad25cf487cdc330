"""Ambience without an end: textures recombined, single events among them."""
