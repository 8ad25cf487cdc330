"""Keyframes of HEVC's open groups, made to stand anywhere: a CRA counts its pictures on from the group before it.

Repeated as it is, a CRA has the number of the one before, and decoders drop it. As a BLA, of the same bits, it begins a
new sequence; and as some count on even then (FFmpeg 8), every other one has a number of its own. ITU-T H.265, 7.3.2,
7.3.6.1 and 7.4.2.2.
"""

from __future__ import annotations

from livefoley.formats import nal
from livefoley.formats.bits import Bits, escape, unescape
from livefoley.formats.sps import skip_sub_layers

BLA_N_LP, CRA = 18, 21
_DAMAGED = (IndexError, ValueError, StopIteration)


def begins_anew(hvcc: bytes, keyframe: bytes, shift: int) -> bytes:
    """Return ``keyframe``, length-prefixed, with a CRA as a BLA whose number is ``shift`` higher; others as they are.

    Returns it unchanged when it, or the configuration, cannot be read.
    """
    size = nal.length_size("hevc", hvcc)
    try:
        units = nal.split_length_prefixed(keyframe, size)
        if not any(nal.unit_type("hevc", unit) == CRA for unit in units):
            return keyframe
        header = _SliceHeader(nal.sets_of("hevc", hvcc))
        units = [header.renumbered(unit, shift) if nal.unit_type("hevc", unit) == CRA else unit for unit in units]
        return b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)
    except (*_DAMAGED, OverflowError):
        return keyframe


class _SliceHeader:
    """Where the number of a picture (slice_pic_order_cnt_lsb) lies in its slices, as SPS and PPS say."""

    def __init__(self, sets: list[bytes]) -> None:
        sps, pps = (
            next(unit for unit in sets if nal.unit_type("hevc", unit) == kind) for kind in (nal.HEVC_SPS, nal.HEVC_PPS)
        )
        self._planes, self._number_bits, self._address_bits = _of_sps(Bits(unescape(sps[2:])))
        bits = Bits(unescape(pps[2:]))
        bits.ue()
        bits.ue()
        self._dependent, self._output, self._extra = bits.u(1), bits.u(1), bits.u(3)

    def renumbered(self, unit: bytes, shift: int) -> bytes:
        """Return a slice of a CRA as one of a BLA, its number ``shift`` higher."""
        raw = bytearray(unescape(unit))
        raw[0] = raw[0] & 0x81 | BLA_N_LP << 1
        at = self._number_at(Bits(bytes(raw[2:64])), 8 * len(raw[2:64]))
        if at is not None:
            begin, end = (16 + at) // 8, (16 + at + self._number_bits + 7) // 8
            behind = 8 * end - 16 - at - self._number_bits
            value, mask = int.from_bytes(raw[begin:end], "big"), (1 << self._number_bits) - 1
            number = (value >> behind) + shift & mask
            raw[begin:end] = (value & ~(mask << behind) | number << behind).to_bytes(end - begin, "big")
        return escape(bytes(raw))

    def _number_at(self, bits: Bits, length: int) -> int | None:
        """Return the bit at which the number begins, behind the unit's header; None for a slice without one."""
        first = bits.u(1)
        bits.u(1)  # no_output_of_prior_pics_flag
        bits.ue()
        if not first:
            dependent = self._dependent and bits.u(1)
            bits.u(self._address_bits)
            if dependent:
                return None
        bits.u(self._extra)
        bits.ue()  # slice_type
        bits.u(self._output)
        bits.u(2 * self._planes)
        return length - bits.left


def _of_sps(bits: Bits) -> tuple[int, int, int]:
    """Return whether colour planes are apart, and the bits of a picture's number and of a slice's address."""
    bits.u(4)
    layers = bits.u(3)
    bits.u(1 + 96)
    skip_sub_layers(bits, layers)
    bits.ue()
    planes = bits.u(1) if bits.ue() == 3 else 0
    width, height = bits.ue(), bits.ue()
    if bits.u(1):  # a window to be cropped to
        for _ in range(4):
            bits.ue()
    bits.ue()
    bits.ue()
    number_bits = 4 + bits.ue()
    for _ in range(3 * (layers + 1 if bits.u(1) else 1)):
        bits.ue()
    block = 1 << (3 + bits.ue() + bits.ue())
    blocks = -(-width // block) * -(-height // block)
    return planes, number_bits, (blocks - 1).bit_length()
