"""The profiles of H.264 an offer names: which are taken, and how aiortc, which knows some of them, is told. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

TAKEN = {"42": "e0", "4d": "00", "58": "c0", "64": "00"}
"""By profile_idc: Baseline, Main, Extended and High, each with constraint flags that aiortc knows."""

_OTHERS = {"6e": "High 10", "7a": "High 4:2:2", "f4": "High 4:4:4", "2c": "CAVLC 4:4:4"}
_UNNAMED = "42"  # the profile of a format without profile-level-id (RFC 6184, 8.1)
_HIGHEST_LEVEL = 0x34  # 5.2, the last that aiortc knows
_DAMAGED_ID = re.compile(r"profile-level-id=(?![0-9a-f]{6}\s*(;|$))[^;\r\n]*;?", re.IGNORECASE | re.MULTILINE)
_LEVEL_ID = re.compile(r"(profile-level-id=)([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.IGNORECASE)


def offered(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the profile_idc, in hexadecimal, of each H.264 format in the lines of a medium."""
    formats = [line[9:].split(" ", 1) for line in lines if line.startswith("a=rtpmap:") and " " in line]
    described = dict(line[7:].split(" ", 1) for line in lines if line.startswith("a=fmtp:") and " " in line)
    found = [
        _LEVEL_ID.search(described.get(number, "")) for number, name in formats if name.upper().startswith("H264/")
    ]
    return tuple(match[2].lower() if match else _UNNAMED for match in found)


def untaken(profiles: Sequence[str]) -> str:
    """Return the names of ``profiles`` when none of them is taken; empty when one is, or there are none."""
    if any(profile in TAKEN for profile in profiles):
        return ""
    return ", ".join(dict.fromkeys(_OTHERS.get(profile, f"profile_idc {profile}") for profile in profiles))


def as_known(offer: str) -> str:
    """Return an offer whose H.264 profiles that are taken have flags and levels that aiortc can read.

    What is taken does not depend on them: pictures pass as they are. One that cannot be read counts as missing.
    """
    return _LEVEL_ID.sub(_known, _DAMAGED_ID.sub("", offer))


def _known(found: re.Match[str]) -> str:
    profile, flags, level = found[2].lower(), int(found[3], 16), int(found[4], 16)
    if profile not in TAKEN:
        return found[0]
    known = TAKEN[profile]
    if profile == "42" and not flags & 0x40:
        known = "00"
    elif profile == "4d" and flags & 0x80:
        known = "80"
    elif profile == "64" and flags & 0x0C == 0x0C:
        known = "0c"
    return f"{found[1]}{profile}{known}{min(level, _HIGHEST_LEVEL):02x}"
