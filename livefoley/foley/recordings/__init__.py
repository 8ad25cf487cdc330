"""Recordings as a source of sound: found by what they are called, and made into hits, ambience and what lasts."""
