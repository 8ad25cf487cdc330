"""The handshake, plain and with digests."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import ProtocolError
from livefoley.media.rtmp.protocol import handshake
from livefoley.media.rtmp.protocol.handshake import SIZE, ClientHandshake, ServerHandshake, answer, find_digest
from tests.media.rtmp.chunking import pieces


@given(st.data())
def test_both_ends_agree_whatever_the_cuts(data) -> None:
    client, server = ClientHandshake(), ServerHandshake()
    sent = b"".join(server.receive(piece)[0] for piece in data.draw(pieces(client.hello)))
    back = b"".join(client.receive(piece)[0] for piece in data.draw(pieces(sent)) if not client.done)
    assert client.done
    assert back == sent[1 : 1 + SIZE]
    _, rest = server.receive(back + b"more")
    assert server.done
    assert rest == b"more"


def test_a_plain_client_gets_its_own_bytes_back() -> None:
    c1 = bytes(8) + os.urandom(SIZE - 8)
    assert answer(c1)[1 + SIZE :] == c1


@pytest.mark.parametrize("pointer", handshake._SCHEMES)
def test_a_client_with_a_digest_is_answered_with_one(pointer: int) -> None:
    c1 = os.urandom(4) + b"\x09\x00\x7c\x02" + os.urandom(SIZE - 8)
    at = handshake._place(c1, pointer)
    digest = handshake._hmac(b"Genuine Adobe Flash Player 001", c1[:at] + c1[at + 32 :])
    c1 = c1[:at] + digest + c1[at + 32 :]
    reply = answer(c1)
    s1, s2 = reply[1 : 1 + SIZE], reply[1 + SIZE :]
    assert find_digest(s1, b"Genuine Adobe Flash Media Server 001") is not None
    key = handshake._hmac(b"Genuine Adobe Flash Media Server 001" + handshake._SALT, digest)
    assert s2[-32:] == handshake._hmac(key, s2[:-32])


def test_a_version_without_digest_is_answered_plainly() -> None:
    c1 = bytes(4) + b"\x01\x02\x03\x04" + os.urandom(SIZE - 8)
    assert answer(c1)[1 + SIZE :] == c1


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"\x06"])
def test_what_is_not_rtmp_is_refused_at_the_first_byte(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="not RTMP"):
        ServerHandshake().receive(data)
