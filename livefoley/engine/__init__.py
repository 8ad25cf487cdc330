"""Decisions without I/O; `now` is an argument: timeline, delay line, drift, planner, mixer, room."""
