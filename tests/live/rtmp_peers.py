"""RTMP's real peers: ffmpeg, GStreamer, OBS and PyAV publishing, nginx-rtmp receiving, and what a source captured."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

from livefoley.core.media import Disconnected, MediaKind, Packet, SourceItem, TrackInfo
from livefoley.media.rtmp import RtmpServer, RtmpSource
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.programs import run_peer
from tests.support.waiting import LIMIT_S, until

KEY = "a-stream-key-nobody-may-see"


class Captured:
    """What a source gave."""

    def __init__(self) -> None:
        self.items: list[SourceItem] = []

    def packets(self, kind: MediaKind) -> list[Packet]:
        """The packets of one track."""
        return [item for item in self.items if isinstance(item, Packet) and item.kind is kind]

    def infos(self, kind: MediaKind) -> list[TrackInfo]:
        """The parameters of one track, in order."""
        return [item for item in self.items if isinstance(item, TrackInfo) and item.kind is kind]

    def hashes(self, kind: MediaKind) -> list[str]:
        """MD5 of each packet's payload."""
        return [md5(packet.data).hexdigest() for packet in self.packets(kind)]

    @property
    def disconnects(self) -> list[str]:
        """Why publishers left."""
        return [item.reason for item in self.items if isinstance(item, Disconnected)]

    async def wait(self, ready: Callable[[Captured], Any], timeout_s: float = LIMIT_S) -> None:
        """Wait until ``ready(self)``."""
        await until(lambda: ready(self), timeout_s)


@asynccontextmanager
async def capture(source: RtmpSource) -> AsyncIterator[Captured]:
    """Run ``source`` and collect what it gives."""
    captured = Captured()
    task = asyncio.create_task(source.run(captured.items.append))
    await asyncio.sleep(0)
    try:
        yield captured
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def publish_ffmpeg(url: str, clip: Path, *options: str) -> tuple[int, str]:
    """Publish ``clip`` unchanged with Debian's ffmpeg, as fast as it reads; ``options`` are those of the output."""
    command = [require("ffmpeg"), "-v", "warning", "-i", clip, "-map", "0:v?", "-map", "0:a?", "-c", "copy", *options]
    return await run_peer(*command, "-f", "flv", url)


async def publish_gstreamer(url: str, record: Path, frames: int = 60) -> tuple[int, str]:
    """Publish a test picture and tone with GStreamer's rtmp2sink; the same FLV is written to ``record``."""
    pipeline = f"""
        flvmux name=mux streamable=true ! tee name=both
        both. ! queue ! rtmp2sink location={url}
        both. ! queue ! filesink location={record}
        videotestsrc num-buffers={frames} ! video/x-raw,width=320,height=240,framerate=30/1
          ! x264enc speed-preset=ultrafast bframes=2 key-int-max=30 ! video/x-h264,profile=main
          ! h264parse ! queue ! mux.
        audiotestsrc num-buffers={frames * 48 // 30} samplesperbuffer=1000 ! audio/x-raw,rate=48000,channels=2
          ! avenc_aac ! aacparse ! queue ! mux.
    """
    return await run_peer(require("gst-launch-1.0"), "-q", *pipeline.split())


async def publish_pyav(url: str, clip: Path) -> tuple[int, str]:
    """Publish ``clip`` unchanged with PyAV's FFmpeg, which knows enhanced RTMP; in a child, since it may block."""
    script = """
        import sys, av
        source = av.open(sys.argv[1])
        sink = av.open(sys.argv[2], "w", format="flv")
        pairs = {s.index: sink.add_stream_from_template(s, opaque=True) for s in source.streams}
        for stream in pairs.values():
            stream.codec_context.codec_tag = "\\0\\0\\0\\0"
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = pairs[packet.stream.index]
                sink.mux_one(packet)
        sink.close()
    """
    return await run_peer(sys.executable, "-c", textwrap.dedent(script), clip, url)


@asynccontextmanager
async def nginx_rtmp(place: Path) -> AsyncIterator[tuple[int, Path]]:
    """Run nginx-rtmp; give its port and where it records. ``live`` takes all, ``closed`` refuses to publish."""
    nginx, port, records = require("nginx"), free_port(), place / "records"
    module = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
    records.mkdir(parents=True)
    (place / "nginx.conf").write_text(f"""
        load_module {module};
        daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/error.log info;
        events {{}}
        rtmp {{ access_log off; server {{ listen 127.0.0.1:{port};
            application live {{ live on; record all; record_path {records}; record_suffix .flv; }}
            application closed {{ live on; deny publish all; }}
        }} }}
    """)
    process = await asyncio.create_subprocess_exec(
        nginx, "-p", str(place), "-c", str(place / "nginx.conf"), "-e", str(place / "error.log")
    )
    try:
        await _listening(port)
        yield port, records
    finally:
        process.terminate()
        await process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


@asynccontextmanager
async def serving(**options: object) -> AsyncIterator[RtmpServer]:
    server = RtmpServer("127.0.0.1", 0, **options)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.close()


def url(server: RtmpServer, key: str = KEY, app: str = "live") -> str:
    return f"rtmp://127.0.0.1:{server.port}/{app}/{key}"
