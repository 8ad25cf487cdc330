"""livefoley: ambient and action sound, laid under a livestream in sync."""

__version__ = "0.1.0"
