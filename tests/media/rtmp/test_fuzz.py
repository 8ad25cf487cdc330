"""What real encoders sent, cut up and damaged: the parser gives messages or a ProtocolError, nothing else."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livefoley.core.errors import ProtocolError, UnsupportedCodec
from livefoley.core.media import Packet, TrackInfo
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.handshake import ClientHandshake
from livefoley.media.rtmp.protocol.read_tags import ReadItem, TagReader
from livefoley.media.rtmp.protocol.server_session import PublishRequest, ServerSession
from tests.media.rtmp.chunking import pieces

SEEDS = sorted((Path(__file__).parent / "corpus").glob("*.bin"))
HELLO = ClientHandshake().hello


def take_in(parts: list[bytes]) -> list[ReadItem]:
    """Feed bytes behind a handshake to a server that says yes to everybody; return what a room would be given."""
    session, reader = ServerSession(lambda app: True, RtmpLimits(max_message_bytes=1 << 20)), TagReader()
    session.receive(HELLO + HELLO[1:])
    items: list[ReadItem] = []
    for part in parts:
        for event in session.receive(part):
            if isinstance(event, PublishRequest):
                session.accept()
            elif isinstance(event, Message):
                items += reader.read(event)
        session.take()
    return items


# An encoder waits for answers between its commands; all at once, media right behind "publish" would be thrown away.
def dialogue(data: bytes) -> list[bytes]:
    """Cut a seed behind its request to publish."""
    at = data.index(b"\x04live", data.index(b"\x07publish")) + 5
    return [data[:at], data[at:]]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.stem)
def test_a_recorded_encoder_is_understood(seed: Path) -> None:
    items = take_in(dialogue(seed.read_bytes()))
    assert [item for item in items if isinstance(item, TrackInfo)]
    assert [item for item in items if isinstance(item, Packet)]
    assert not [item for item in items if isinstance(item, UnsupportedCodec)]


@given(st.sampled_from(SEEDS), st.data())
def test_cuts_change_nothing(seed: Path, data) -> None:
    head, tail = dialogue(seed.read_bytes())
    assert take_in([head, *data.draw(pieces(tail))]) == take_in([head, tail])


@st.composite
def damaged(draw) -> bytes:
    """Draw a seed with bytes changed, cut out, doubled or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)).read_bytes())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(["change", "cut", "double", "insert", "truncate"]))
        if kind == "change":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 200))]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=20))
        else:
            del data[at + 1 :]
    return bytes(data)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damage_gives_items_or_a_protocol_error(data: bytes) -> None:
    try:
        items = take_in([data[:400], data[400:]])
    except ProtocolError:
        return
    assert all(isinstance(item, (TrackInfo, Packet, UnsupportedCodec)) for item in items)


@given(st.binary(max_size=2000))
def test_noise_behind_the_handshake_gives_items_or_a_protocol_error(data: bytes) -> None:
    try:
        take_in([data])
    except ProtocolError:
        pass


def test_a_flood_of_half_messages_stays_within_its_memory() -> None:
    """The largest message is announced on every chunk stream, and filled chunk by chunk."""
    session = ServerSession(lambda app: True, RtmpLimits(max_message_bytes=1 << 20))
    session.receive(HELLO + HELLO[1:])
    head = bytes(3) + (1 << 20).to_bytes(3, "big") + b"\x09" + bytes(4) + bytes(128)
    tracemalloc.start()
    with pytest.raises(ProtocolError, match="larger"):  # noqa: PT012 - which chunk it is does not matter
        session.receive(b"".join(bytes([number]) + head for number in range(3, 60)))
        for _ in range(8192):
            session.receive(b"".join(bytes([0xC0 | number]) + bytes(128) for number in range(3, 60)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
