"""The demo: a little room of our own, published like OBS would, and what came out of it, measured."""
