"""Decisions without I/O; ``now`` is an argument: timeline, delay line, drift, planner, mixer, highlights.

Begin with ``room``: packets in, packets out a fixed look-ahead later. Driven live by the runtime, over
files by ``render``.
"""
