"""What a recording's licence allows: what is laid under a stream is used commercially, and changed."""

from __future__ import annotations

import re

_FREE = re.compile(
    r"(CC0|CC[- ]?ZERO|PD|PUBLIC[- ]DOMAIN|PDDL|UNLICENSE|WTFPL|CC[- ]BY|ATTRIBUTION|MIT|BSD|ISC|ZLIB|APACHE"
    r"|L?GPL|OFL|OWN)(?![A-Z])"
)
_FORBIDS = (
    (re.compile(r"\bNC\b|NON[- ]?COMMERCIAL|SAMPLING ?\+|PERSONAL|EDUCATION|EVALUATION|RESEARCH"), "commercial use"),
    (re.compile(r"\bND\b|NO[- ]?DERIV"), "derivatives"),
)


def objection(licence: str) -> str:
    """Return why a recording under ``licence`` is not taken, in words; empty where it is free enough.

    Judged by the name alone, as manifests write it: ``CC0-1.0``, ``CC-BY-4.0``, ``CC BY-NC 3.0``, ``MIT``.
    """
    plain = licence.strip().upper().replace("_", "-")
    if not plain:
        return "its manifest names no licence"
    for pattern, forbidden in _FORBIDS:
        if pattern.search(plain):
            return f"{licence.strip()} forbids {forbidden}"
    if not _FREE.match(plain):
        return f"{licence.strip()[:60]} is not known to allow commercial use and derivatives"
    return ""
