"""Looks through an SDP offer before the parser does, and reads trickled candidates (RFC 8840). Pure, of text alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from livefoley.media.access.admission import Refused
from livefoley.media.webrtc import profiles

SENDS = frozenset({"sendonly", "sendrecv"})
RECEIVES = frozenset({"recvonly", "sendrecv"})
MAX_CANDIDATES = 64
CARRIED: Mapping[str, tuple[str, ...]] = {"video": ("H264", "VP8"), "audio": ("OPUS",)}


@dataclass(frozen=True, slots=True)
class Section:
    """One medium of an offer: its kind, its direction, the codecs it names, in upper case, and its H.264 profiles."""

    kind: str
    direction: str
    codecs: tuple[str, ...]
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fragment:
    """A trickle ICE fragment: the ICE session it belongs to, and its candidates (``candidate:...``)."""

    ufrag: str
    candidates: tuple[str, ...]


def check_offer(offer: str, directions: frozenset[str]) -> list[Section]:
    """Return the sections of an offer whose media go in one of ``directions``.

    Raises ``Refused``: 400 for what is no offer, 422 for one that cannot be answered, naming what would be right.
    """
    lines = offer.splitlines()
    if not lines or lines[0].strip() != "v=0" or not any(line.startswith("m=") for line in lines):
        raise Refused(400, "offer", "the body is not an SDP offer")
    sections = _sections(lines)
    kinds = [section.kind for section in sections]
    if not set(kinds) <= {"audio", "video"} or len(kinds) != len(set(kinds)):
        raise Refused(422, "offer", "one audio and one video track at most can be taken, and no data channel")
    if len(kinds) > 1 and not any(line.startswith("a=group:BUNDLE") for line in lines):
        raise Refused(422, "offer", "the tracks must go over one transport: offer a=group:BUNDLE")
    for section in sections:
        _check(section, directions)
    if not any(line.startswith("a=fingerprint:") for line in lines):
        raise Refused(422, "offer", "the media must be encrypted: offer a=fingerprint (DTLS-SRTP)")
    return sections


def _check(section: Section, directions: frozenset[str]) -> None:
    if section.direction not in directions:
        wanted = " or ".join(sorted(directions))
        raise Refused(422, "offer", f"the {section.kind} track is offered as {section.direction}; offer it as {wanted}")
    wanted_codecs = CARRIED[section.kind]
    if not set(section.codecs) & set(wanted_codecs):
        offered = ", ".join(section.codecs[:6]) or "what no a=rtpmap names"
        names = {"H264": "H.264", "OPUS": "Opus"}
        right = " or ".join(names.get(codec, codec) for codec in wanted_codecs)
        raise Refused(
            422, "offer", f"{section.kind} must be {right}, not {offered}; choose it in the encoder's settings"
        )
    untaken = "" if "VP8" in section.codecs else profiles.untaken(section.profiles)
    if untaken:
        right = "set the encoder to profile Baseline, Main or High, 8 bit 4:2:0"
        raise Refused(422, "offer", f"browsers do not play H.264 {untaken}; {right}")


def _sections(lines: list[str]) -> list[Section]:
    starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
    session = _direction(lines[: starts[0]], "sendrecv")
    parts = [lines[begin:end] for begin, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    return [
        Section(part[0][2:].split(" ", 1)[0], _direction(part, session), _codecs(part), profiles.offered(part))
        for part in parts
    ]


def _direction(lines: list[str], otherwise: str) -> str:
    known = ("sendrecv", "sendonly", "recvonly", "inactive")
    return next((line[2:].strip() for line in lines if line.startswith("a=") and line[2:].strip() in known), otherwise)


def _codecs(lines: list[str]) -> tuple[str, ...]:
    """Return the codecs of a section, without the helpers (retransmission, error correction)."""
    names = (
        line.split(" ", 1)[1].split("/")[0].upper() for line in lines if line.startswith("a=rtpmap:") and " " in line
    )
    clean = ("".join(char for char in name if char.isalnum() or char in "-_")[:16] for name in names)
    return tuple(dict.fromkeys(name for name in clean if name not in ("RTX", "RED", "ULPFEC", "FLEXFEC-03")))


def read_fragment(text: str) -> Fragment:
    """Read the body of a PATCH. Raises ``Refused`` (400) for what is none, or has too many candidates."""
    lines = [line.strip() for line in text.splitlines()]
    ufrags = [line.removeprefix("a=ice-ufrag:") for line in lines if line.startswith("a=ice-ufrag:")]
    candidates = tuple(line.removeprefix("a=") for line in lines if line.startswith("a=candidate:"))
    if not ufrags and not candidates and "a=end-of-candidates" not in lines:
        raise Refused(400, "fragment", "the body is not an SDP fragment with candidates")
    if len(candidates) > MAX_CANDIDATES:
        raise Refused(400, "fragment", f"a session takes {MAX_CANDIDATES} candidates at most")
    return Fragment(ufrags[0] if ufrags else "", candidates)
