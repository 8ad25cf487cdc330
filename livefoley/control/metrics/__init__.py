"""Prometheus metrics, read from snapshots when asked for."""
