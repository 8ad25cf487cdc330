"""Pulling a stream from elsewhere: RTMP, RTSP, HTTP-FLV, HLS through FFmpeg's inputs, SRT through a child process.

Every read happens in a daemon thread with open and read timeouts, and a watchdog beside it: a server that keeps the
connection open but sends nothing (nginx-rtmp does when its publisher stops) counts as gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import av
import structlog

from livefoley.core.backoff import Backoff
from livefoley.core.errors import ConfigError, LivefoleyError, reason
from livefoley.core.media import Disconnected, Packet, SourceItem
from livefoley.core.ports import Feed, SourceStatistics
from livefoley.media.files.demux import SAME_TRACKS, Demuxer
from livefoley.media.reader import Pacer, Reader
from livefoley.media.urls import safe_url

log = structlog.get_logger("livefoley.pull")

_WEB = "http,https,httpproxy,tcp,tls,crypto,data"
_PROTOCOLS = {
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,tls,tcp",
    "rtsp": "rtsp,rtp,srtp,udp,tcp",
    "rtsps": "rtsps,rtsp,tls,rtp,srtp,udp,tcp",
    "http": _WEB,
    "https": _WEB,
}
SCHEMES = (*_PROTOCOLS, "srt")
_STUCK = 4  # threads that may hang in FFmpeg at once before no more are started


class PullSource:
    """Pulls ``url`` and reconnects for ever; implements ``Source``.

    ``open_timeout_s`` bounds connecting and finding the tracks, ``read_timeout_s`` silence after that. Between attempts
    it waits ``backoff_s`` (least, most), doubled each time and jittered. Raises ``ConfigError`` at once for a URL that
    cannot work.
    """

    kind = "pull"

    def __init__(
        self,
        url: str,
        open_timeout_s: float = 10.0,
        read_timeout_s: float = 10.0,
        backoff_s: tuple[float, float] = (0.5, 15.0),
    ) -> None:
        self._url = url
        self._scheme = checked_scheme(url)
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._backoff_s = backoff_s
        self._stuck: list[Reader[SourceItem]] = []
        self._segmented = False  # it comes in pieces of seconds, to be spread over time again
        self._connected = False
        self._connects = self._packets = self._bytes = 0
        self._problem = ""  # why the last attempt brought nothing, or ended
        self._demuxer: Demuxer | None = None
        self._skipped = 0  # packets of earlier connections that could not be used

    async def run(self, feed: Feed) -> None:
        """Feed what arrives until cancelled."""
        backoff = Backoff(self._backoff_s)
        while True:
            why = self._problem = await self._session(feed)
            if self._connected:
                self._connected = False
                backoff.reset()
                feed(Disconnected(why))
            delay_s = backoff.next_s()
            log.warning("pull failed", url=safe_url(self._url), reason=why, retry_s=round(delay_s, 2))
            await asyncio.sleep(delay_s)

    def statistics(self) -> SourceStatistics:
        """Return a snapshot."""
        return SourceStatistics(
            kind=self.kind,
            connected=self._connected,
            connects=self._connects,
            packets=self._packets,
            bytes=self._bytes,
            skipped_units=self._skipped + (self._demuxer.skipped if self._demuxer is not None else 0),
            problem=self._unused() if self._connected else self._problem,
        )

    async def _session(self, feed: Feed) -> str:
        """Pull until the stream is lost; return why, without the URL."""
        self._stuck = [reader for reader in self._stuck if reader.alive]
        if len(self._stuck) >= _STUCK:
            return "earlier attempts hang inside FFmpeg"
        self._skipped, self._demuxer = self.statistics().skipped_units, None
        reader = Reader(self._open, name="livefoley-pull")
        try:
            await self._forward(reader, feed)
        except TimeoutError:
            return ("" if self._connected else self._unused()) or "nothing arrives"
        except LivefoleyError as error:
            return str(error)
        except Exception as error:  # PyAV raises many kinds; its messages hold the URL
            return reason(error)
        finally:
            reader.close()
            self._abandon()
            self._stuck.append(reader)
        return "the stream ended"

    async def _forward(self, reader: Reader[SourceItem], feed: Feed) -> None:
        clock = asyncio.get_running_loop().time
        pacer = Pacer()
        patience_s = self._open_timeout_s + 5.0  # FFmpeg's own timeouts come first; this is for when they fail
        while True:
            async with asyncio.timeout(patience_s):
                item = await anext(reader, None)
            if item is None:
                return
            patience_s = self._read_timeout_s + 2.0
            if isinstance(item, Packet):
                self._count(item)
                if self._segmented:
                    await asyncio.sleep(pacer.delay_s(float(item.dts * item.time_base), clock()))
            feed(item)

    def _count(self, packet: Packet) -> None:
        if not self._connected:
            self._connected = True
            self._connects += 1
            log.info("pulling", url=safe_url(self._url))
        self._packets += 1
        self._bytes += len(packet.data)

    def _open(self) -> Iterator[SourceItem]:
        timeouts = (self._open_timeout_s, self._read_timeout_s)
        options = {**_options(self._scheme, self._read_timeout_s), "protocol_whitelist": _PROTOCOLS[self._scheme]}
        with av.open(self._url, container_options=options, timeout=timeouts, metadata_errors="replace") as container:
            self._segmented = container.format.name.startswith("hls")
            yield from self._items(container)

    def _items(self, container: Any) -> Iterator[SourceItem]:
        """Yield what an open input holds; what of it cannot be used is told."""
        demuxer = self._demuxer = Demuxer(container, safe_url(self._url))
        told = set[str]()
        for item in demuxer.items():
            for problem in demuxer.problems:
                if problem not in told:
                    log.warning(problem, url=safe_url(self._url))
                    told.add(problem)
            yield item

    def _unused(self) -> str:
        """Return what of the stream cannot be used."""
        return "; ".join(self._demuxer.problems) if self._demuxer is not None else ""

    def _abandon(self) -> None:
        """Do what else it takes to end the reading thread; FFmpeg's own inputs time out by themselves."""


def checked_scheme(url: str) -> str:
    """Return the scheme of ``url`` if it can be pulled; else raise ``ConfigError`` that says what can."""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), parts.hostname
        _ = parts.port
    except ValueError:
        raise ConfigError("the source's URL cannot be read; it should look like rtmp://host/app/stream") from None
    if scheme not in SCHEMES:
        raise ConfigError(f"cannot pull from {scheme or 'a URL without scheme'}; use {', '.join(SCHEMES)}")
    if not host:
        raise ConfigError(f"the source's URL names no host; it should look like {scheme}://host/...")
    return scheme


def _options(scheme: str, read_timeout_s: float) -> dict[str, str]:
    micros = str(round(read_timeout_s * 1_000_000))
    common = {"analyzeduration": "1500000", "probesize": "1000000", **SAME_TRACKS}
    if scheme.startswith("rtmp"):
        return {**common, "rtmp_live": "live", "rw_timeout": micros}
    if scheme.startswith("rtsp"):
        return {**common, "rtsp_transport": "tcp", "timeout": micros}
    return {**common, "rw_timeout": micros, "user_agent": "livefoley"}
