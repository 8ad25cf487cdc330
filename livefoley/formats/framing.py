"""How H.264 and HEVC come framed, whatever brings them, and made what livefoley carries: lengths before the NAL units.

Files, RTMP and WebRTC all bring start codes now and then, parameter sets in the pictures, or records of another codec.
"""

from __future__ import annotations

from collections.abc import Sequence

from livefoley.formats import nal

CODECS = ("h264", "hevc")


class ParameterSets:
    """The parameter sets of one track, as they are learnt; ``configuration`` is the avcC or hvcC that carries them."""

    def __init__(self, codec: str, sets: Sequence[bytes] = ()) -> None:
        self.codec = codec
        self.configuration = b""
        self._sets: list[bytes] = []
        self.learn(sets)

    def learn(self, units: Sequence[bytes]) -> bool:
        """Take the sets among the NAL units of a picture; tell whether the configuration changed.

        What is incomplete as yet, or damaged, leaves that as it was.
        """
        try:
            sets = nal.merge_sets(self.codec, self._sets, nal.parameter_sets(self.codec, units))
            if sets == self._sets:
                return False
            self._sets = sets
            before, self.configuration = self.configuration, nal.configuration(self.codec, sets)
        except (ValueError, IndexError):
            return False
        return self.configuration != before


def has_start_codes(data: bytes, length_size: int = 4) -> bool:
    """Tell whether a picture has start codes where lengths of ``length_size`` bytes should be.

    The first bytes tell: no picture begins with a NAL unit of one byte. A start code of three bytes may also be the
    length of a unit of 256 to 511; then all lengths have to work out.
    """
    if data.startswith(nal.START_CODE):
        return True
    return data.startswith(nal.START_CODE[1:]) and not _lengths_work_out(data, length_size)


def _lengths_work_out(data: bytes, length_size: int) -> bool:
    try:
        nal.split_length_prefixed(data, length_size)
    except ValueError:
        return False
    return True


def units_of(data: bytes, length_size: int = 4) -> list[bytes]:
    """Return the NAL units of a picture in either framing. Raises ``ValueError`` where lengths do not work out."""
    if has_start_codes(data, length_size):
        return nal.split_annex_b(data)
    return nal.split_length_prefixed(data, length_size)


def read_configuration(record: bytes, codec: str) -> tuple[str, list[bytes]] | None:
    """Return what codec a decoder configuration really is for, and the parameter sets in it; None if it has no SPS.

    Takes avcC, hvcC and bare sets behind start codes; ``codec`` is what it is said to be, and tried first.
    """
    for each in (codec, *(other for other in CODECS if other != codec)):
        try:
            units = nal.split_annex_b(record) if nal.is_annex_b(record) else nal.sets_of(each, record)
        except ValueError:
            continue
        sets = nal.parameter_sets(each, units)
        if any(nal.unit_type(each, unit) in (nal.H264_SPS, nal.HEVC_SPS) for unit in sets):
            return each, sets
    return None
