"""SRT in and out through an ffmpeg child process: PyAV's FFmpeg has no SRT, and a network output must not block a room.

The child reads or writes MPEG-TS on a pipe. It is killed when it wedges and started again with a growing pause. Other
users of the machine see a child's arguments, so passphrase and stream id are told by another pipe: to an output as a
file of presets, to an input as a list of files to join (`concat`) that names the URL. Windows hands no such pipe on;
there they stand in the arguments, which it shows to the user and administrators alone.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

import av
import structlog

from livefoley.core.backoff import Backoff
from livefoley.core.errors import ConfigError, InputError, OutputError, UnsupportedCodec, reason
from livefoley.core.media import MediaKind, OutputItem, SourceItem, TrackInfo, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.throttle import LogThrottle
from livefoley.media.pictures.untold import Untold
from livefoley.media.pull import PullSource
from livefoley.media.transport_stream import TsStream
from livefoley.media.unit_queue import UnitQueue
from livefoley.media.urls import safe_url
from livefoley.system import children

log = structlog.get_logger("livefoley.srt")

_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error")
_PROBED = {"probesize": "1000000", "analyzeduration": "1500000"}
_BOUNDED = tuple(word for name, value in _PROBED.items() for word in (f"-{name}", value))
NOTHING = "nothing arrives: nobody sends, or what came ended before anything could be read of it"
_JOINED = ("-f", "concat", "-safe", "0", "-auto_convert", "0", "-protocol_whitelist", "pipe,fd,srt,udp")
_SECRETS = ("passphrase", "streamid", "srt_streamid")
_MOST_BYTES = 900  # of a secret; a line of presets holds no more
_HIDES = sys.platform != "win32"
FINISH_S = 4.0
_TAIL_S = 1.0
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
        right = parts.scheme == "srt" and parts.port is not None and url.isprintable() and len(url) < 4096
    except ValueError:
        right = False
    if not right:
        raise ConfigError("an SRT URL looks like srt://host:port?mode=caller&latency=200000 (latency in microseconds)")
    if any(len(value) > _MOST_BYTES or not value.isprintable() for _, value in _split(url)[1]):
        raise ConfigError(f"{safe_url(url)}: passphrase and streamid are {_MOST_BYTES} printable characters at most")
    return url


def _split(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Return ``url`` without its secrets, and these by their names as options, as FFmpeg reads them from a URL."""
    place, mark, query = url.partition("?")  # all of the rest: a stream's name may begin with #!:: (SRT Access Control)
    shown, hidden = [], []
    for each in query.split("&"):
        name, _, value = each.partition("=")
        if name in _SECRETS:
            hidden.append((name, value if name == "passphrase" else unquote_plus(value)))
        else:
            shown.append(each)
    return f"{place}{mark}{'&'.join(shown)}", hidden


@contextmanager
def _told(text: str) -> Iterator[int]:
    """Give the end of a pipe at which ``text``, which fits into one, can be read once."""
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(text.encode())
        yield reading
    finally:
        os.close(reading)


def _cleaned(text: str, url: str) -> str:
    """Return the last line of ``text`` without ``url`` or any value in its query."""
    line = text.strip().rpartition("\n")[2].replace(url, safe_url(url))
    for _, value in parse_qsl(url.partition("?")[2]):
        for form in (value, unquote(value)):
            line = line.replace(form, "***") if len(form) > 3 else line
    return line[-200:]


def _in_words(said: str) -> str:
    """Return what an input's ffmpeg said last, without the pipe by which it was told the address."""
    said = re.sub(r"^pipe:\d+: ", "", said)
    return NOTHING if said in ("", "Input/output error") else said


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
        self._refused: dict[MediaKind, str] = {}  # why a track is left out
        self._connected = False
        self._units = self._bytes = self._starts = self._errors = 0
        self.name = name or safe_url(url)
        self._untold = Untold("MPEG-TS (SRT)", self.name, log)

    def write_nowait(self, item: OutputItem) -> None:
        self._untold.look(item)
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
            problem="; ".join(filter(None, (*self._refused.values(), self._untold.problem))),
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
        output = ("-flush_packets", "1", "-muxdelay", "0", "-f", "mpegts")
        pipe, null, environment = subprocess.PIPE, subprocess.DEVNULL, children.environment()
        url, secrets = _split(self._url) if _HIDES else (self._url, [])
        with _told("".join(f"{name}={value}\n" for name, value in secrets)) as told:
            presets = ("-fpre", f"/dev/fd/{told}") if secrets else ()
            child = await asyncio.create_subprocess_exec(
                *(self._ffmpeg, *command, *output, *presets, url),
                stdin=pipe,
                stdout=null,
                stderr=pipe,
                env=environment,
                pass_fds=(told,) if secrets else (),
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
                if isinstance(item, TrackInfo):
                    self._refused.pop(item.kind, None)
            except (UnsupportedCodec, av.FFmpegError, ValueError) as error:
                self._errors += 1
                if isinstance(item, TrackInfo):
                    self._refused[item.kind] = reason(error)
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


def _joined(url: str) -> str:
    """Return a list of one file to join, for FFmpeg's concat demuxer."""
    quoted = url.replace("'", r"'\''")
    return "".join(
        [
            "ffconcat version 1.0\n",
            f"file '{quoted}'\n",
            *(f"option {name} {value}\n" for name, value in _PROBED.items()),
        ]
    )


class _Tail:
    """Does as ``_tail`` for a thread that has something else to read: a lossy link makes ffmpeg talk for hours."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._text = b""
        self._reading = threading.Thread(target=self._read, args=(pipe,), name="srt-tail", daemon=True)
        self._reading.start()

    def text(self) -> str:
        """Return the last that was said; the child has ended."""
        self._reading.join(_TAIL_S)
        return self._text.decode(errors="replace")

    def _read(self, pipe: IO[bytes] | None) -> None:
        while pipe is not None and (part := os.read(pipe.fileno(), 4096)):
            self._text = (self._text + part)[-4096:]


class SrtSource(PullSource):
    """Receives SRT (``srt://host:port``, or ``?mode=listener`` to wait for a caller); implements ``Source``."""

    kind = "srt"

    def __init__(self, url: str, open_timeout_s: float = 10.0, read_timeout_s: float = 10.0) -> None:
        super().__init__(_checked(url), open_timeout_s, read_timeout_s)
        self._ffmpeg = ffmpeg_command("an SRT input", InputError)
        self._child: subprocess.Popen[bytes] | None = None

    def _open(self) -> Iterator[SourceItem]:
        maps = ("-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy", "-flush_packets", "1", "-f", "mpegts", "pipe:1")
        with _told(_joined(self._url)) as told:
            read = (*_JOINED, "-i", f"pipe:{told}") if _HIDES else ("-i", self._url)
            child = self._child = subprocess.Popen(
                [self._ffmpeg, *_QUIET, *_BOUNDED, *read, *maps],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=children.environment(),
                pass_fds=(told,) if _HIDES else (),
            )
        said = _Tail(child.stderr)
        try:
            options = {"probesize": "1000000"}
            with av.open(
                child.stdout, format="mpegts", container_options=options, metadata_errors="replace"
            ) as container:
                yield from self._items(container)
        except (av.FFmpegError, OSError):
            child.kill()
            raise InputError(_in_words(_cleaned(said.text(), self._url))) from None
        finally:
            child.kill()
            child.wait()

    def _abandon(self) -> None:
        """Kill the child, so that the thread that reads from it ends."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
