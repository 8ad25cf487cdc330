"""SRT in and out through an ffmpeg child process: PyAV's FFmpeg has no SRT, and a network output must not block a room.

The child reads or writes MPEG-TS on a pipe. It is killed when it wedges and started again with a growing pause. A
passphrase in the URL stands in the child's argument list, where other users of the same machine can see it; it is
in no log and no message of livefoley.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

import av
import structlog

from livefoley.core.backoff import Backoff
from livefoley.core.errors import ConfigError, InputError, OutputError, UnsupportedCodec, reason
from livefoley.core.media import OutputItem, SourceItem, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.throttle import LogThrottle
from livefoley.media.pull import PullSource
from livefoley.media.transport_stream import TsStream
from livefoley.media.unit_queue import UnitQueue
from livefoley.media.urls import safe_url

log = structlog.get_logger("livefoley.srt")

_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error")
_BOUNDED = ("-probesize", "1000000", "-analyzeduration", "1500000")
FINISH_S = 4.0
_SETTLED_S = 4.0  # a child that lives this long has connected: SRT gives up after 3 s


def ffmpeg_command(what: str, error: type[InputError] | type[OutputError]) -> str:
    """Return where ffmpeg is, or raise ``error`` when there is none or it cannot speak SRT."""
    found = shutil.which("ffmpeg")
    if found is None:
        raise error(f"{what} needs the ffmpeg program, which is not on the PATH; install ffmpeg with SRT support")
    listed = subprocess.run([found, "-hide_banner", "-protocols"], capture_output=True, text=True, timeout=20)
    if "srt" not in listed.stdout.split():
        raise error(f"{what} needs an ffmpeg with SRT; {found} was built without it")
    return found


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        right = parts.scheme == "srt" and parts.port is not None
    except ValueError:
        right = False
    if not right:
        raise ConfigError("an SRT URL looks like srt://host:port?mode=caller&latency=200000 (latency in microseconds)")
    return url


def _cleaned(text: str, url: str) -> str:
    """Return the last line of ``text`` without ``url`` or any value in its query."""
    line = text.strip().rpartition("\n")[2].replace(url, safe_url(url))
    for _, value in parse_qsl(urlsplit(url).query):
        for form in (value, unquote(value)):
            line = line.replace(form, "***") if len(form) > 3 else line
    return line[-200:]


class SrtSink:
    """Sends a room to an SRT address; implements ``Sink``. ``write_timeout_s`` is how long the child may take nothing.

    Raises ``ConfigError`` for a URL that is none and ``OutputError`` when there is no ffmpeg with SRT.
    """

    def __init__(
        self,
        url: str,
        name: str = "",
        write_timeout_s: float = 10.0,
        backoff_s: tuple[float, float] = (0.5, 15.0),
    ) -> None:
        self._url = _checked(url)
        self._ffmpeg = ffmpeg_command("an SRT output", OutputError)
        self._write_timeout_s = write_timeout_s
        self._backoff_s = backoff_s
        self._queue = UnitQueue()
        self._throttled = LogThrottle(log, time.monotonic)
        self._connected = False
        self._units = self._bytes = self._starts = self._errors = 0
        self.name = name or safe_url(url)

    def write_nowait(self, item: OutputItem) -> None:
        self._queue.put_nowait(item)

    def close(self) -> None:
        self._queue.close()

    def statistics(self) -> SinkStatistics:
        return SinkStatistics(
            name=self.name,
            kind="srt",
            connected=self._connected,
            units=self._units,
            bytes=self._bytes,
            dropped_units=self._queue.dropped,
            reconnects=max(0, self._starts - 1),
            errors=self._errors,
            queue_units=self._queue.units,
        )

    async def run(self) -> None:
        """Send until closed or cancelled, through one child after another."""
        clock, backoff = asyncio.get_running_loop().time, Backoff(self._backoff_s, steady_s=_SETTLED_S)
        while True:
            began_s = clock()
            if await self._session():
                return
            self._connected = False
            self._errors += 1
            await asyncio.sleep(backoff.next_s(clock() - began_s))
            self._queue.restart()

    async def _session(self) -> bool:
        """Run one child; True when everything was sent and no more comes."""
        self._starts += 1
        command = (*_QUIET, *_BOUNDED, "-f", "mpegts", "-i", "pipe:0", "-map", "0", "-c", "copy")
        output = ("-flush_packets", "1", "-muxdelay", "0", "-f", "mpegts", self._url)
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        child = await asyncio.create_subprocess_exec(
            self._ffmpeg, *command, *output, stdin=pipe, stdout=null, stderr=pipe
        )
        said = asyncio.create_task(_tail(child.stderr))
        try:
            await self._send(child.stdin)
            await asyncio.wait_for(child.wait(), FINISH_S)
            return True
        except TimeoutError:
            log.error("SRT output wedged, ffmpeg is started again", url=safe_url(self._url))
        except ConnectionError:
            log.error("SRT output lost", url=safe_url(self._url), reason=_cleaned(await said, self._url))
        finally:
            await _kill(child)
            said.cancel()
        return False

    async def _send(self, pipe: asyncio.StreamWriter | None) -> None:
        stream = TsStream()
        settled_s = asyncio.get_running_loop().time() + _SETTLED_S
        while pipe is not None and (batch := await self._queue.get()):
            data = self._muxed(stream, batch)
            if data:
                pipe.write(data)
                async with asyncio.timeout(self._write_timeout_s):
                    await pipe.drain()
            self._connected = asyncio.get_running_loop().time() > settled_s
            self._bytes += len(data)
        if pipe is not None:
            pipe.write(stream.flush())
            pipe.close()

    def _muxed(self, stream: TsStream, batch: list[OutputItem]) -> bytes:
        data = b""
        for item in batch:
            try:
                data += stream.feed([item])
                self._units += isinstance(item, Unit)
            except (UnsupportedCodec, av.FFmpegError, ValueError) as error:
                self._errors += 1
                self._throttled.error("SRT output cannot carry this", url=safe_url(self._url), reason=reason(error))
        return data


async def _tail(pipe: asyncio.StreamReader | None) -> str:
    """Read until the end and return the last 4 KiB, so that a talkative child never blocks."""
    text = b""
    while pipe is not None and (part := await pipe.read(4096)):
        text = (text + part)[-4096:]
    return text.decode(errors="replace")


async def _kill(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


class SrtSource(PullSource):
    """Receives SRT (``srt://host:port``, or ``?mode=listener`` to wait for a caller); implements ``Source``."""

    kind = "srt"

    def __init__(self, url: str, open_timeout_s: float = 10.0, read_timeout_s: float = 10.0) -> None:
        super().__init__(_checked(url), open_timeout_s, read_timeout_s)
        self._ffmpeg = ffmpeg_command("an SRT input", InputError)
        self._child: subprocess.Popen[bytes] | None = None

    def _open(self) -> Iterator[SourceItem]:
        maps = ("-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy", "-flush_packets", "1", "-f", "mpegts", "pipe:1")
        command = [self._ffmpeg, *_QUIET, *_BOUNDED, "-i", self._url, *maps]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._child = child
        try:
            with av.open(child.stdout, format="mpegts", container_options={"probesize": "1000000"}) as container:
                yield from self._items(container)
        except (av.FFmpegError, OSError):
            child.kill()
            said = child.stderr.read().decode(errors="replace") if child.stderr else ""
            raise InputError(_cleaned(said, self._url) or "nothing arrives") from None
        finally:
            child.kill()
            child.wait()

    def _abandon(self) -> None:
        """Kill the child, so that the thread that reads from it ends."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
