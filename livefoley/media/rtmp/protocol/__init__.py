"""RTMP without I/O: handshake, chunks, AMF, sessions of both sides, and tags to media and back."""
