"""One WHIP session: a peer connection, from the offer to the end of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any, Protocol

from aiortc import RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from livefoley.core.errors import ProtocolError
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.reassembly import Frame
from livefoley.media.webrtc.seams import EncodedPeer, without_candidates
from livefoley.media.webrtc.units import UnitReader

CONNECT_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 6.0  # OBS gives up after 8 s
MAX_CANDIDATES = 64


class Owner(Protocol):
    """Who takes what a session receives, and is told of its end."""

    def receive(self, session: WhipSession, kind: str, codec: str, frame: Frame) -> None:
        """Take an encoded frame."""
        ...

    def release(self, session: WhipSession, reason: str) -> None:
        """Note the end."""
        ...


class WhipSession:
    """A publisher's connection. ``id`` is its secret name in URLs, ``etag`` names its ICE session."""

    def __init__(self, owner: Owner, ice: IceSettings) -> None:
        self.id = secrets.token_urlsafe(18)
        self.etag = f'"{secrets.token_urlsafe(9)}"'
        self.reader = UnitReader()
        self.closed = False
        self._owner = owner
        self._frames = 0
        self._candidates = 0
        self._closing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._peer = EncodedPeer(ice, self)
        self._peer.on("connectionstatechange", self._on_state)

    @property
    def keyframe_requests(self) -> int:
        """How often the publisher was asked for a keyframe."""
        return sum(receiver.keyframe_requests for receiver in self._peer.encoded.values())

    async def answer(self, offer: str) -> str:
        """Return the answer, with every candidate. Raises ``ProtocolError`` for an offer that cannot be taken."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._peer.setRemoteDescription(RTCSessionDescription(without_candidates(offer), "offer"))
                await self._peer.setLocalDescription(await self._peer.createAnswer())
        except TimeoutError:
            raise ProtocolError("no address for the media was found in time; look at server.webrtc") from None
        except Exception as error:  # aiortc's parser raises whatever its lines run into
            raise ProtocolError(f"the offer cannot be used ({type(error).__name__})") from None
        self._spawn(self._watch())
        return str(self._peer.localDescription.sdp)

    async def add_candidate(self, line: str, mid: str) -> None:
        """Take a candidate that came later (``candidate:...``). Raises ``ProtocolError`` when it cannot be read."""
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES:
            raise ProtocolError(f"a session takes {MAX_CANDIDATES} candidates at most")
        try:
            candidate = candidate_from_sdp(line.removeprefix("candidate:"))
            candidate.sdpMid = mid
            await self._peer.addIceCandidate(candidate)
        except Exception as error:
            raise ProtocolError(f"the candidate cannot be used ({type(error).__name__})") from None

    def request_keyframe(self) -> None:
        """Ask the publisher for a keyframe; how often it is really asked is limited."""
        receiver = self._peer.encoded.get("video")
        if receiver is not None and not self.closed:
            self._spawn(receiver.request_keyframe())

    async def close(self, reason: str) -> None:
        """End the session; frees its sockets."""
        self._end(reason)
        if self._closing is not None:
            await asyncio.shield(self._closing)

    # ---- Receiving ----

    def on_frame(self, kind: str, codec: str, frame: Frame) -> None:
        """Pass a frame on; ask for a keyframe while the picture cannot begin or go on."""
        self._frames += 1
        self._owner.receive(self, kind, codec, frame)
        if kind == "video" and self.reader.needs_keyframe:
            self.request_keyframe()

    def on_report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Take a sender report."""
        self.reader.sync.report(kind, ntp_s, timestamp)

    # ---- its end ----

    def _on_state(self) -> None:
        if self._peer.connectionState in ("failed", "closed"):
            self._end("the publisher is gone")

    async def _watch(self) -> None:
        """End the session when nothing comes any more, or nothing ever did."""
        await asyncio.sleep(CONNECT_TIMEOUT_S)
        seen = 0
        while self._frames > seen:
            seen = self._frames
            await asyncio.sleep(READ_TIMEOUT_S)
        self._end("nothing came from the publisher")

    def _end(self, reason: str) -> None:
        if not self.closed:
            self.closed = True
            self._owner.release(self, reason)
            self._closing = asyncio.get_running_loop().create_task(self._free())

    async def _free(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._peer.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
