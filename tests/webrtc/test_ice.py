"""The UDP port of a media connection, to which anybody may send anything."""

from __future__ import annotations

import struct

import pytest
from aioice import Connection, stun

from livefoley.media.webrtc.ice import MediaPort
from tests.fuzz.targets import CORPUS


async def test_a_message_with_an_attribute_of_a_wrong_length_is_none() -> None:
    data = (CORPUS / "stun_messages" / "short-attribute").read_bytes()
    with pytest.raises(struct.error):
        stun.parse_message(data)
    MediaPort(Connection(ice_controlling=False)).datagram_received(data, ("127.0.0.1", 9))
