"""Tells from an H.264 decoder configuration whether B-frames can be skipped without a trace.

Encoders that keep B-frames as references (b-pyramid) let later P-frames refer to them: skipped, they leave ghosts in
all frames up to the next keyframe. Where P-frames have one reference only it is the last P-frame, and nothing is lost.
"""

from __future__ import annotations

from livefoley.formats.bits import Bits, unescape

_AVCC_HEADER = 6


def b_frames_are_spare(avcc: bytes) -> bool:
    """Return whether P-frames refer to one frame only; False when ``avcc`` (ISO/IEC 14496-15) cannot be read."""
    try:
        return _references(_first_pps(avcc)) == 1
    except (IndexError, ValueError):
        return False


def _first_pps(avcc: bytes) -> bytes:
    at = _AVCC_HEADER
    for _ in range(avcc[_AVCC_HEADER - 1] & 31):
        at += 2 + int.from_bytes(avcc[at : at + 2], "big")
    if not avcc[at]:
        raise ValueError("no picture parameter set")
    size = int.from_bytes(avcc[at + 1 : at + 3], "big")
    return avcc[at + 3 : at + 3 + size]


def _references(pps: bytes) -> int:
    """Return num_ref_idx_l0_default_active of a picture parameter set."""
    bits = Bits(unescape(pps[1:]))
    bits.ue()  # its own id
    bits.ue()  # the sequence's
    bits.u(2)  # entropy coding, picture order in slices
    if bits.ue():
        raise ValueError("slice groups")
    return bits.ue() + 1
