"""WHIP offers of H.264 as clients describe it: answered, or refused with a line that says what to change."""

from __future__ import annotations

import pytest

from livefoley.control.signalling.endpoint import SDP
from tests.webrtc.conftest import KEY, House

pytestmark = pytest.mark.live

HIGH = "profile-level-id=64001f"
OTHERS = [("f4001f", "High 4:4:4"), ("6e001f", "High 10"), ("7a0028", "High 4:2:2")]
AN_OFFER = {"Authorization": f"Bearer {KEY}", "Content-Type": SDP}


def offer_of(*formats: str) -> str:
    """Return an offer of one H.264 format for each of ``formats``, its parameters; empty for one without."""
    numbers = range(96, 96 + len(formats))
    lines = [f"a=rtpmap:{number} H264/90000" for number in numbers]
    lines += [f"a=fmtp:{number} {format}" for number, format in zip(numbers, formats, strict=True) if format]
    keys = ["a=mid:0", "a=sendonly", "a=rtcp-mux", "a=setup:actpass", "a=ice-ufrag:abcd", "a=ice-pwd:" + "a" * 22]
    keys += ["a=fingerprint:sha-256 " + ":".join(["AB"] * 32)]
    head = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0"]
    media = "m=video 9 UDP/TLS/RTP/SAVPF " + " ".join(map(str, numbers))
    return "\r\n".join([*head, media, "c=IN IP4 0.0.0.0", *keys, *lines, ""])


@pytest.mark.parametrize(
    ("parameters", "answered"),
    [
        ("", "packetization-mode=0"),
        (f"{HIGH};packetization-mode=0", "packetization-mode=0"),
        ("packetization-mode=1", "packetization-mode=1"),
        (f"packetization-mode=1;{HIGH}", HIGH),
        ("packetization-mode=1;profile-level-id=64203e", HIGH),  # constraint flags and a level aiortc does not know
        ("packetization-mode=1;profile-level-id=4D0028", "profile-level-id=4d001f"),
        ("packetization-mode=1;profile-level-id=580028", "H264"),
    ],
)
async def test_h264_is_answered_however_it_is_described(house: House, parameters: str, answered: str) -> None:
    answer = await house.client.post("/stage/whip", content=offer_of(parameters), headers=AN_OFFER)
    assert (answer.status_code, answered in answer.text) == (201, True), answer.text


async def test_fragments_are_chosen_where_both_ways_are_offered(house: House) -> None:
    offer = offer_of(f"{HIGH};packetization-mode=0", f"{HIGH};packetization-mode=1")
    answer = await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)
    assert next(line for line in answer.text.splitlines() if line.startswith("m=video")).split()[3] == "97"


@pytest.mark.parametrize(("profile", "name"), OTHERS)
async def test_profiles_no_browser_plays_are_refused_by_name(house: House, profile: str, name: str) -> None:
    offer = offer_of(f"packetization-mode=1;profile-level-id={profile}")
    answer = await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)
    right = "set the encoder to profile Baseline, Main or High, 8 bit 4:2:0"
    assert (answer.status_code, answer.json()["detail"]) == (422, f"browsers do not play H.264 {name}; {right}")
    both = offer_of(f"packetization-mode=1;profile-level-id={profile}", f"packetization-mode=1;{HIGH}")
    assert (await house.client.post("/stage/whip", content=both, headers=AN_OFFER)).status_code == 201


def one_more(line: str) -> str:
    return offer_of(f"packetization-mode=1;{HIGH}") + line + "\r\n"


@pytest.mark.parametrize(
    "line",
    [
        "a=fmtp:96",
        "a=fmtp:18 annexb=no",  # of a format that is not named
        "a=ssrc:4294967295 cname",
        "a=ssrc-group:FID one two",
        "a=rtcp-fb:96",
        "a=rtcp:none",
        "a=extmap:20 urn:ietf:params:rtp-hdrext:toffset with=attributes",
        "a=candidate:1 1 udp",
    ],
)
async def test_a_line_that_says_nothing_to_us_does_not_cost_the_offer(house: House, line: str) -> None:
    answer = await house.client.post("/stage/whip", content=one_more(line), headers=AN_OFFER)
    assert answer.status_code == 201, answer.text


async def test_an_offer_without_a_role_is_answered_as_the_side_that_waits(house: House) -> None:
    offer = offer_of(f"packetization-mode=1;{HIGH}").replace("a=setup:actpass\r\n", "")
    answer = await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)
    assert (answer.status_code, "a=setup:passive" in answer.text) == (201, True)


@pytest.mark.parametrize("profile", ["42e0", "high", ""])
async def test_a_profile_that_cannot_be_read_is_as_if_it_were_not_there(house: House, profile: str) -> None:
    offer = offer_of(f"packetization-mode=1;profile-level-id={profile}")
    answer = await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)
    assert (answer.status_code, "packetization-mode=1" in answer.text) == (201, True)


async def test_what_cannot_be_used_is_told_in_words(house: House) -> None:
    offer = offer_of(f"packetization-mode=2;{HIGH}")
    answer = await house.client.post("/stage/whip", content=offer, headers=AN_OFFER)
    assert answer.status_code == 422
    assert "offer H.264 with packetization-mode=1 or 0" in answer.json()["detail"]
    answer = await house.client.post("/stage/whip", content=one_more("a=setup:nobody"), headers=AN_OFFER)
    told = "the offer cannot be used (the line a=setup in it cannot be read)"
    assert (answer.status_code, answer.json()["detail"]) == (422, told)
