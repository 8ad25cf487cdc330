"""Bits and boxes of media formats, written and read: bytes in, bytes out. Sees core only."""
