"""Media in files: recordings as sinks, files as sources, containers through FFmpeg's muxers."""
