"""A small HTTP server that is asked or told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Hook:
    """A small HTTP server that answers with ``status`` after ``delay_s``."""

    status: str = "200 OK"
    delay_s: float = 0.0
    extra: str = ""
    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = next(int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-length"))
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(size))
        await asyncio.sleep(self.delay_s)
        writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n{self.extra}\r\n".encode())
        writer.close()


@asynccontextmanager
async def hook(**options: object) -> AsyncIterator[Hook]:
    made = Hook(**options)  # type: ignore[arg-type]
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
