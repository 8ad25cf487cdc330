"""RTP without I/O: packets to frames, frames to units, units to payloads, and one clock for all tracks."""
