"""One WebRTC session with a publisher or a viewer: a peer connection, from its offer to the end of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any

from aiortc import RTCSessionDescription
from aiortc.exceptions import OperationError
from aiortc.sdp import SessionDescription, candidate_from_sdp

from livefoley.media.access.admission import Refused
from livefoley.media.webrtc import profiles
from livefoley.media.webrtc.aiortc_overrides import EncodedPeer, Receiving
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.offer import MAX_CANDIDATES, Fragment
from livefoley.media.webrtc.readable import readable, stumbles_at

CONNECT_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 6.0  # OBS gives up after 8 s
BUSY_RETRY_S = 5
_FITTING = "offer H.264 with packetization-mode=1 or 0 and a profile-level-id such as 42e01f, or VP8, and sound in Opus"


class PeerSession:
    """A connection made by offer and answer. ``id`` is its secret name in URLs, ``etag`` names its ICE session."""

    def __init__(self, ice: IceSettings, sink: Receiving | None = None) -> None:
        self.id = secrets.token_urlsafe(18)
        self.etag = f'"{secrets.token_urlsafe(9)}"'
        self.closed = False
        self.peer = EncodedPeer(ice, sink)
        self.peer.on("connectionstatechange", self._on_state)
        self._candidates = 0
        self._closing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether media can flow."""
        return self.peer.connectionState == "connected"

    async def answer(self, offer: str) -> str:
        """Return the answer, with every candidate. Raises ``Refused`` for an offer that cannot be taken."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._negotiate(profiles.as_known(readable(offer)))
        except TimeoutError:
            raise Refused(503, "busy", "no address for the media was found in time; come back", BUSY_RETRY_S) from None
        except Refused:
            raise
        except OperationError:
            raise Refused(422, "offer", f"no format of the offer fits; {_FITTING}") from None
        except Exception as error:  # aiortc's parser raises whatever its lines run into
            where = stumbles_at(offer, SessionDescription.parse) or type(error).__name__
            raise Refused(422, "offer", f"the offer cannot be used ({where})") from None
        sdp = str(self.peer.localDescription.sdp)
        if "a=candidate:" not in sdp:
            raise Refused(503, "busy", "no UDP port is free now; come back in a moment", BUSY_RETRY_S)
        self.spawn(self._expect_connection())
        return sdp

    async def add_candidates(self, fragment: Fragment) -> None:
        """Take candidates that came after the offer. Raises ``Refused`` when one cannot be read, or for a restart."""
        if fragment.ufrag and fragment.ufrag != self.peer.remote_ufrag:
            raise Refused(422, "fragment", "ICE restarts are not served; begin a new session")
        self._candidates += len(fragment.candidates)
        if self._candidates > MAX_CANDIDATES:
            raise Refused(400, "fragment", f"a session takes {MAX_CANDIDATES} candidates at most")
        for line in fragment.candidates:
            try:
                candidate = candidate_from_sdp(line.removeprefix("candidate:"))
                candidate.sdpMid = self.peer.first_mid  # all tracks share its transport
                await self.peer.addIceCandidate(candidate)
            except Exception as error:
                raise Refused(400, "fragment", f"a candidate cannot be used ({type(error).__name__})") from None

    async def leave(self) -> None:
        """End the session as its peer asks; returns when its sockets are free."""
        await self.close("it said goodbye")

    async def close(self, reason: str) -> None:
        """End the session; returns when its sockets are free."""
        self.end(reason)
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def end(self, reason: str) -> None:
        """End the session, without waiting for its sockets."""
        if not self.closed:
            self.closed = True
            self._ended(reason)
            self._closing = asyncio.get_running_loop().create_task(self._free())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` until it ends or the session does."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- for the two kinds of sessions ----

    def _prepare(self) -> None:
        """The offer is known, the answer not yet made: attach what is to be sent. May raise ``Refused``."""

    def _came(self) -> None:
        """The connection is there."""

    def _ended(self, reason: str) -> None:
        """The session is over; called once."""

    # ---- inside ----

    async def _negotiate(self, offer: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self.peer.be_passive()
        self._prepare()
        await self.peer.setLocalDescription(await self.peer.createAnswer())

    async def _expect_connection(self) -> None:
        await asyncio.sleep(CONNECT_TIMEOUT_S)
        if not self.connected:
            self.end("no connection came about")

    def _on_state(self) -> None:
        if self.connected and not self.closed:
            self._came()
        if self.peer.connectionState in ("failed", "closed"):
            self.end("the peer is gone")

    async def _free(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.peer.close()
