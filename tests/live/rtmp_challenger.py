"""An RTMP server that lets in who answers its challenge, ``authmod=adobe`` or ``authmod=llnw``: written from how these
are described, not from the publisher under test."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livefoley.media.rtmp.protocol import chunks
from livefoley.media.rtmp.protocol.chunks import ChunkReader
from livefoley.media.rtmp.protocol.handshake import ServerHandshake
from livefoley.media.rtmp.protocol.wire import Wire, read_command

USER, PASSWORD = "somebody", "p@ss:word"
_SALT, _OPAQUE, _NONCE = "c2FsdA", "b3BhcXVl", "bm9uY2U"
_REJECT = "[ AccessManager.Reject ] : [ "


def _md5(text: str) -> bytes:
    return hashlib.md5(text.encode()).digest()


class Challenger:
    """``streams`` are the apps and keys of who was let in; ``connects`` counts those who asked."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.port = 0
        self.connects = 0
        self.streams: list[tuple[str, str]] = []

    def verdict(self, app: str) -> str:
        """Return what is said to who connects with ``app``; nothing when it may come in."""
        name, _, query = app.partition("?")
        given = dict(part.partition("=")[::2] for part in query.split("&"))
        if not query:
            return f"{_REJECT}code=403 need auth; authmod={self.kind} ] : "
        if "response" not in given:
            asked = f"salt={_SALT}&challenge={_OPAQUE}&opaque={_OPAQUE}" if self.kind == "adobe" else f"nonce={_NONCE}"
            return f"{_REJECT}authmod={self.kind} ] : ?reason=needauth&user={given['user']}&{asked}"
        right = self._adobe(given) if self.kind == "adobe" else self._llnw(given, name)
        wrong = f"{_REJECT}authmod={self.kind} ] : ?reason=authfailed&opaque={_OPAQUE}"
        return "" if given["response"] == right and given["user"] == USER else wrong

    @staticmethod
    def _adobe(given: dict[str, str]) -> str:
        secret = base64.b64encode(_md5(USER + _SALT + PASSWORD)).decode()
        return base64.b64encode(_md5(secret + given["opaque"] + given["challenge"])).decode()

    @staticmethod
    def _llnw(given: dict[str, str], app: str) -> str:
        first = _md5(f"{USER}:live:{PASSWORD}").hex()
        second = _md5(f"publish:/{app}/_definst_").hex()
        return _md5(f"{first}:{_NONCE}:{given['nc']}:{given['cnonce']}:auth:{second}").hex()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one publisher until it is sent away or leaves."""
        wire, app = Wire(ServerHandshake(), ChunkReader(1 << 20)), ""
        try:
            while data := await reader.read(65536):
                for message in wire.receive(data):
                    if message.type != chunks.COMMAND:
                        continue
                    name, transaction, values = read_command(message)
                    if name == "connect":
                        self.connects += 1
                        assert isinstance(values[0], dict)
                        app, to = str(values[0]["app"]), str(values[0]["tcUrl"])
                        assert to.endswith(f"/{app}")
                        said = self.verdict(app)
                        level, code = ("error", "Rejected") if said else ("status", "Success")
                        answer = {"level": level, "code": f"NetConnection.Connect.{code}", "description": said}
                        wire.command("_error" if said else "_result", transaction, None, answer)
                        if said:
                            writer.writelines(wire.take())
                            await writer.drain()
                            return
                    elif name == "createStream":
                        wire.command("_result", transaction, None, 1.0)
                    elif name == "publish":
                        self.streams.append((app.partition("?")[0], str(values[1])))
                        status = {"level": "status", "code": "NetStream.Publish.Start", "description": ""}
                        wire.command("onStatus", 0.0, None, status, stream=1)
                writer.writelines(wire.take())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def challenger(kind: str) -> AsyncIterator[Challenger]:
    """A server of this kind on a free port."""
    made = Challenger(kind)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
