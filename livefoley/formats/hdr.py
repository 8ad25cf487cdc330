"""What enhanced RTMP says of HDR beside the bitstream (``colorInfo``), as the boxes an MP4 has for it, and back.

Encoders send it for pictures of any kind, and it does not tell full range from limited; so colours are taken of HDR
alone (PQ, HLG), which is limited. Formats: Veovera Enhanced RTMP v2, "Metadata"; ISO/IEC 14496-12, 12.1.5 and 12.1.6.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

from livefoley.core.media import Display
from livefoley.formats.fmp4 import box

_HDR = (16, 18)  # transfer characteristics of PQ and HLG (ITU-T H.273)
_CODES = ("colorPrimaries", "transferCharacteristics", "matrixCoefficients")
_POINTS = ("greenX", "greenY", "blueX", "blueY", "redX", "redY", "whitePointX", "whitePointY")
_LUMINANCES = ("maxLuminance", "minLuminance")
_LIGHT = ("maxCLL", "maxFall")
_COLOURS, _MASTERING, _LEVELS = (struct.Struct(form) for form in (">4s3HB", ">8H2I", ">2H"))
_POINT, _LUMINANCE = 50_000, 10_000  # units in 1, and in a candela per square metre


def display_of(said: Mapping[str, object]) -> Display:
    """Return what a ``colorInfo`` object says."""
    config, mastering, levels = (_numbers(said.get(part)) for part in ("colorConfig", "hdrMdcv", "hdrCll"))
    boxes = b""
    if config.get("transferCharacteristics") in _HDR and all(map(config.get, _CODES)):
        boxes += box(b"colr", _COLOURS.pack(b"nclx", *(_whole(config[key], 0xFFFF) for key in _CODES), 0))
    if mastering.get("maxLuminance"):
        points = (_whole(mastering.get(key, 0) * _POINT, 0xFFFF) for key in _POINTS)
        lights = (_whole(mastering.get(key, 0) * _LUMINANCE, 0xFFFFFFFF) for key in _LUMINANCES)
        boxes += box(b"mdcv", _MASTERING.pack(*points, *lights))
    if levels.get("maxCLL") or levels.get("maxFall"):
        boxes += box(b"clli", _LEVELS.pack(*(_whole(levels.get(key, 0), 0xFFFF) for key in _LIGHT)))
    return Display(boxes=boxes)


def said_of(display: Display) -> dict[str, dict[str, float]]:
    """Return the ``colorInfo`` object of ``display``; empty when that says nothing of HDR."""
    said: dict[str, dict[str, float]] = {}
    for kind, body in display.parts():
        if kind == b"colr" and len(body) >= _COLOURS.size and body[:4] == b"nclx":
            codes = _COLOURS.unpack_from(body)[1:4]
            if codes[1] in _HDR:
                said["colorConfig"] = dict(zip(_CODES, map(float, codes), strict=True))
        elif kind == b"mdcv" and len(body) >= _MASTERING.size:
            values = _MASTERING.unpack_from(body)
            points = {key: value / _POINT for key, value in zip(_POINTS, values, strict=False)}
            lights = {key: value / _LUMINANCE for key, value in zip(_LUMINANCES, values[8:], strict=True)}
            said["hdrMdcv"] = points | lights
        elif kind == b"clli" and len(body) >= _LEVELS.size:
            said["hdrCll"] = dict(zip(_LIGHT, map(float, _LEVELS.unpack_from(body)), strict=True))
    return said


def _numbers(values: object) -> Mapping[str, float]:
    """Return the members of an object that are numbers of things."""
    found = values if isinstance(values, dict) else {}
    return {key: value for key, value in found.items() if isinstance(value, float) and math.isfinite(value)}


def _whole(value: float, most: int) -> int:
    return round(max(0.0, min(value, float(most))))
