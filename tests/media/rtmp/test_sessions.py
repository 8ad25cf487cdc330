"""Both ends of the protocol talking to each other without a network."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.errors import ProtocolError, Rejected
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.chunks import ChunkReader, ChunkWriter, Message
from livefoley.media.rtmp.protocol.client_session import ClientSession
from livefoley.media.rtmp.protocol.handshake import ClientHandshake, ServerHandshake
from livefoley.media.rtmp.protocol.server_session import BAD_NAME, Ended, Event, PublishRequest, Refused, ServerSession
from livefoley.media.rtmp.protocol.url import RtmpUrl
from livefoley.media.rtmp.protocol.wire import Wire, read_command
from tests.media.rtmp.chunking import pieces

URL = RtmpUrl.parse("rtmp://127.0.0.1/live/secret-key?token=x")


def serve() -> ServerSession:
    return ServerSession(lambda app: app == "live", RtmpLimits())


def talk(client: ClientSession, server: ServerSession, cut=lambda data: [data]) -> list[Event]:
    """Carry bytes to and fro until nobody has anything to say; return the server's events."""
    events: list[Event] = []
    while True:
        up = b"".join(client.take())
        for piece in cut(up):
            events += server.receive(piece)
        down = b"".join(server.take())
        for piece in cut(down):
            client.receive(piece)
        if not up and not down:
            return events


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_publisher_comes_in_whatever_the_cuts(data) -> None:
    def cut(raw: bytes) -> list[bytes]:
        return data.draw(pieces(raw))

    client, server = ClientSession(URL), serve()
    (request,) = talk(client, server, cut)
    assert isinstance(request, PublishRequest)
    assert (request.app, request.key, request.query) == ("live", "secret-key", "token=x")
    assert not client.publishing
    server.accept()
    talk(client, server, cut)
    assert client.publishing
    client.send_tag(chunks.VIDEO, 40, b"tag" * 50_000)
    assert talk(client, server, cut) == [Message(chunks.VIDEO, 1, 40, b"tag" * 50_000)]
    client.finish()
    assert talk(client, server, cut) == [Ended.ENDED]


def test_a_refusal_reaches_the_publisher_without_its_key() -> None:
    client, server = ClientSession(URL), serve()
    talk(client, server)
    server.refuse(BAD_NAME, "no stream secret-key?token=x here, nor secret-key")
    with pytest.raises(Rejected) as caught:
        talk(client, server)
    assert str(caught.value) == "NetStream.Publish.BadName no stream *** here, nor ***"


def test_a_refusal_shows_no_part_of_a_key_that_is_all_query() -> None:
    client, server = ClientSession(RtmpUrl.parse("rtmp://h/live/?streamname=live_1_2&key=0123456789")), serve()
    talk(client, server)
    server.refuse(BAD_NAME, "live_1_2 with 0123456789: expired")
    with pytest.raises(Rejected) as caught:
        talk(client, server)
    assert str(caught.value) == "NetStream.Publish.BadName *** with ***: expired"


def test_an_unknown_application_is_refused() -> None:
    client, server = ClientSession(RtmpUrl.parse("rtmp://h/elsewhere/key")), serve()
    with pytest.raises(Rejected, match=r"NetConnection\.Connect\.Rejected"):
        talk(client, server)


class Wired:
    """A client that says what it likes, past the handshake."""

    def __init__(self) -> None:
        self.server = serve()
        self.writer = ChunkWriter()
        hello = ClientHandshake().hello
        self.server.receive(hello + hello[1:])
        self.reader = ChunkReader()
        self.reader.feed(b"".join(self.server.take())[1 + 2 * 1536 :])

    def say(self, name: str, transaction: float, *values: amf0.Plain, stream: int = 0) -> list[Event]:
        return self.send(chunks.COMMAND, amf0.encode(name, transaction, *values), stream)

    def send(self, kind: int, body: bytes, stream: int = 0) -> list[Event]:
        return self.server.receive(b"".join(self.writer.write(3, kind, stream, 0, body)))

    def heard(self) -> list[tuple[str, float, list[amf0.Value]]]:
        messages = self.reader.feed(b"".join(self.server.take()))
        return [read_command(message) for message in messages if message.type == chunks.COMMAND]

    def codes(self) -> list[object]:
        found = [value for _, _, values in self.heard() for value in values if isinstance(value, dict)]
        return [value["code"] for value in found if "code" in value]


def connected() -> Wired:
    wired = Wired()
    wired.say("connect", 1, {"app": "live/", "flashVer": "x" * 500})
    wired.heard()
    return wired


def publishing() -> Wired:
    wired = connected()
    wired.say("publish", 2, None, "a", stream=1)
    wired.server.accept()
    wired.heard()
    return wired


@pytest.mark.parametrize("kind", [chunks.AUDIO, chunks.VIDEO, chunks.DATA, chunks.AGGREGATE])
def test_media_before_a_request_to_publish_ends_the_connection(kind: int) -> None:
    for wired in (Wired(), connected()):
        with pytest.raises(ProtocolError, match="media before"):
            wired.send(kind, b"", 1)


def test_a_stranger_has_a_budget_of_messages_whatever_they_are() -> None:
    wired = connected()
    with pytest.raises(ProtocolError, match="too many messages"):
        wired.server.receive(b"\x04" + bytes(3) + bytes(3) + b"\x03" + bytes(4) + b"\xc4" * 64)  # all but one a byte


def test_a_strangers_message_is_refused_by_the_length_it_announces() -> None:
    wired = connected()
    with pytest.raises(ProtocolError, match="larger than 65536"):
        wired.server.receive(b"\x03" + bytes(3) + (65_537).to_bytes(3, "big") + b"\x14" + bytes(4))


def test_what_an_impatient_publisher_sends_is_not_lost() -> None:
    wired = connected()
    wired.say("publish", 2, None, "a", stream=1)
    assert wired.send(chunks.VIDEO, b"header", 1) == []
    assert [message.body for message in wired.server.accept()] == [b"header"]
    assert [event.body for event in wired.send(chunks.VIDEO, bytes(200_000), 1)] == [bytes(200_000)]


def test_enhanced_codecs_are_advertised() -> None:
    wired = Wired()
    wired.say("connect", 1, {"app": "live"})
    ((name, transaction, values),) = wired.heard()
    assert (name, transaction) == ("_result", 1)
    assert isinstance(values[0], dict)
    codecs = values[0]["fourCcList"]
    assert isinstance(codecs, list)
    assert {"avc1", "hvc1", "av01", "Opus", "mp4a", ".mp3"} <= {str(codec) for codec in codecs}


def test_what_encoders_ask_on_the_way_is_answered() -> None:
    wired = connected()
    for number, name in enumerate(("releaseStream", "FCPublish", "createStream"), 2):
        wired.say(name, number, None, "key")
    assert [(name, transaction) for name, transaction, _ in wired.heard()] == [("_result", n) for n in (2, 3, 4)]
    wired.say("getStreamLength", 5, None)
    wired.say("_checkbw", 0, None)
    ((name, _, _),) = wired.heard()
    assert name == "_error"


def test_no_yes_is_said_before_accept() -> None:
    wired = connected()
    wired.say("FCPublish", 3, None, "key")
    (request,) = wired.say("publish", 4, None, "key", "live", stream=1)
    assert isinstance(request, PublishRequest)
    assert request.client == "x" * 128
    assert wired.codes() == []
    wired.server.accept()
    assert wired.codes() == ["NetStream.Publish.Start"]


@pytest.mark.parametrize("stream", [0, 1, 2, 7])
def test_media_are_taken_whatever_message_stream_they_come_on(stream: int) -> None:
    wired = connected()
    wired.say("publish", 4, None, "key", stream=1)
    assert wired.send(chunks.VIDEO, b"header", stream) == []
    assert [message.body for message in wired.server.accept()] == [b"header"]
    assert [event.body for event in wired.send(chunks.AUDIO, b"sound", stream)] == [b"sound"]


def test_the_same_request_to_publish_again_is_answered_and_changes_nothing() -> None:
    wired = connected()
    wired.say("publish", 2, None, "key", "live", stream=1)
    assert wired.say("publish", 3, None, "key", "live", stream=1) == []
    wired.server.accept()
    assert wired.codes() == ["NetStream.Publish.Start"]
    assert wired.say("publish", 4, None, "key", "live", stream=1) == []
    assert wired.say("FCPublish", 5, None, "key|@setDataFrame()") == []
    assert wired.codes() == ["NetStream.Publish.Start"]
    assert len(wired.send(chunks.VIDEO, b"picture", 1)) == 1


def test_a_request_to_publish_something_else_is_refused_and_the_first_goes_on() -> None:
    wired = publishing()
    assert wired.say("publish", 3, None, "another", stream=2) == []
    ((_, _, values),) = wired.heard()
    assert isinstance(values[1], dict)
    assert (values[1]["code"], "on a connection" in str(values[1]["description"])) == (BAD_NAME, True)
    assert wired.send(chunks.VIDEO, b"of the other", 2) == []
    assert wired.say("deleteStream", 4, None, 2.0) == wired.say("closeStream", 0, None, stream=2) == []
    assert len(wired.send(chunks.VIDEO, b"picture", 1)) == 1


def test_requests_to_publish_do_not_go_on_for_ever() -> None:
    wired = publishing()
    for number in range(2, 10):
        assert wired.say("publish", 3, None, "another", stream=number) == []
    with pytest.raises(ProtocolError, match="too many requests"):
        wired.say("publish", 3, None, "another", stream=10)


def test_a_query_may_hang_on_the_application_too() -> None:
    wired = Wired()
    wired.say("connect", 1, {"app": "live?user=a"})
    (request,) = wired.say("publish", 4, None, "key?pass=b", stream=1)
    assert isinstance(request, PublishRequest)
    assert (request.app, request.key, request.query) == ("live", "key", "user=a&pass=b")


def test_amf3_commands_are_understood() -> None:
    wired = Wired()
    assert wired.send(chunks.COMMAND_AMF3, b"\x00" + amf0.encode("connect", 1, {"app": "live"})) == []
    assert wired.codes() == ["NetConnection.Connect.Success"]


def test_playing_is_refused() -> None:
    wired = connected()
    assert wired.say("play", 4, None, "key", stream=1) == [Refused.PLAY]
    assert wired.codes() == ["NetStream.Play.Failed"]


def test_a_ping_is_answered() -> None:
    wired = connected()
    wired.send(chunks.USER_CONTROL, b"\x00\x06\x00\x00\x12\x34")
    (pong,) = wired.reader.feed(b"".join(wired.server.take()))
    assert (pong.type, bytes(pong.body)) == (chunks.USER_CONTROL, b"\x00\x07\x00\x00\x12\x34")


def test_what_arrives_is_acknowledged_before_the_peers_window_is_full() -> None:
    wired = publishing()
    wired.send(chunks.WINDOW_SIZE, (100_000).to_bytes(4, "big"))
    wired.server.take()
    received, acknowledged = wired.server.received, []
    for _ in range(50):
        wired.send(chunks.VIDEO, bytes(10_000), 1)
        for message in wired.reader.feed(b"".join(wired.server.take())):
            assert message.type == chunks.ACKNOWLEDGEMENT
            acknowledged.append(int.from_bytes(message.body, "big"))
    assert acknowledged[0] - received < 100_000
    assert all(later - earlier < 100_000 for earlier, later in pairwise(acknowledged))
    assert wired.server.received - acknowledged[-1] < 100_000


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_a_tiny_window_does_not_make_us_flood_the_peer(size: int) -> None:
    wired = publishing()
    wired.send(chunks.WINDOW_SIZE, size.to_bytes(4, "big"))
    wired.server.take()
    for _ in range(1000):
        wired.send(chunks.AUDIO, bytes(50), 1)
    assert len(b"".join(wired.server.take())) < 1000


@pytest.mark.parametrize(
    "say",
    [
        lambda wired: wired.say("connect", 1, {"app": "live"}),
        lambda wired: wired.send(chunks.COMMAND, amf0.encode("publish")),
        lambda wired: wired.send(chunks.COMMAND, amf0.encode(1.0, 2.0)),
        lambda wired: wired.send(chunks.COMMAND, amf0.encode("x", 1.0, "y" * 70_000)),
        lambda wired: wired.send(chunks.WINDOW_SIZE, b"\x00"),
    ],
)
def test_nonsense_is_a_protocol_error(say) -> None:
    with pytest.raises(ProtocolError):
        say(connected())


def test_a_command_before_connect_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError, match="before connect"):
        Wired().say("publish", 1, None, "key")


def test_a_wire_keeps_what_comes_right_behind_the_handshake() -> None:
    hello = ClientHandshake().hello
    wire = Wire(ServerHandshake(), ChunkReader())
    first = b"".join(ChunkWriter().write(3, chunks.COMMAND, 0, 0, amf0.encode("connect", 1.0)))
    assert [message.type for message in wire.receive(hello + hello[1:] + first)] == [chunks.COMMAND]
