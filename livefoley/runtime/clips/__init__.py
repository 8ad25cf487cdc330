"""Clips of running rooms: what each room keeps, what is cut from it and when, and the worker that makes clips of it."""
