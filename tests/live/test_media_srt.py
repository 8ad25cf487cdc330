"""SRT in and out against ffmpeg, through our supervised ffmpeg."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from livefoley.core.errors import ConfigError, InputError, OutputError
from livefoley.core.media import Disconnected, MediaKind, OutputItem, Packet, SourceItem, TrackInfo, Unit
from livefoley.formats import nal
from livefoley.media.files.file_source import read_items
from livefoley.media.srt import SrtSink, SrtSource
from livefoley.media.transport_stream import TsStream
from tests.live.media_peers import publishing
from tests.media.clips import clip
from tests.media.render import events_s, output_items
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.programs import process
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live
PASSPHRASE = "planted-secret"
PATIENT = f"passphrase={PASSPHRASE}&latency=1000000"  # a busy machine is late, and SRT drops what is too late


def slices(data: bytes, codec: str = "h264") -> list[bytes]:
    """Return the NAL units that carry pictures: MPEG-TS adds delimiters and repeats parameter sets."""
    sets = (7, 8, 9) if codec == "h264" else (32, 33, 34, 35)
    return [unit for unit in nal.split_length_prefixed(data) if nal.unit_type(codec, unit) not in sets]


def pictures(items: list[SourceItem] | list[OutputItem]) -> list[bytes]:
    packets = (item.packet if isinstance(item, Unit) else item for item in items)
    return [packet.data for packet in packets if isinstance(packet, Packet) and packet.kind is MediaKind.VIDEO]


@pytest.mark.parametrize(("name", "codec"), [("h264.mp4", "h264"), ("hevc.ts", "hevc")])
def test_a_transport_stream_holds_every_picture_and_keeps_its_offset_to_sound(
    tmp_path: Path, name: str, codec: str
) -> None:
    items, stream = list(output_items(clip(name))), TsStream()
    path = tmp_path / "out.ts"
    path.write_bytes(b"".join(stream.feed([item]) for item in items) + stream.flush())
    sent = [slices(data, codec) for data in pictures(items)]
    assert [slices(data, codec) for data in pictures(list(read_items(path)))] == sent
    (flashes_in, ticks_in), (flashes_out, ticks_out) = events_s(clip(name)), events_s(path)
    before = [flash - tick for flash, tick in zip(flashes_in, ticks_in, strict=True)]
    after = [flash - tick for flash, tick in zip(flashes_out, ticks_out, strict=True)]
    assert after == pytest.approx(before, abs=2.5 / 48_000)


def test_a_new_resolution_continues_the_transport_stream(tmp_path: Path) -> None:
    stream, path = TsStream(), tmp_path / "out.ts"
    items = [*output_items(clip("h264.mp4")), *output_items(clip("large.mp4"), start=96_000 + 3 * 48_000)]
    path.write_bytes(stream.feed(items) + stream.flush())
    found = list(read_items(path))
    widths = [item.width for item in found if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO]
    assert (widths[0], widths[-1]) == (320, 640)
    assert [slices(data) for data in pictures(found)] == [slices(data) for data in pictures(items)]


async def sent_live(sink: SrtSink, seconds: float) -> None:
    """Give a sink a looping clip at its own pace."""
    loop = asyncio.get_running_loop()
    items, begin = list(output_items(clip("h264.mp4"))), loop.time()
    for lap in range(100):
        for item in items:
            if isinstance(item, Unit):
                step = lap * 3 * 48_000
                due_s = (item.dts - 96_000 + step) / 48_000
                if due_s > seconds:
                    return
                await asyncio.sleep(max(0.0, begin + due_s - loop.time()))
                item = replace(item, pts=item.pts + step, dts=item.dts + step)
            sink.write_nowait(item)


def receiver(port: int, target: Path) -> tuple[object, ...]:
    url = f"srt://127.0.0.1:{port}?mode=listener&{PATIENT}"
    return (require("ffmpeg"), "-v", "error", "-y", "-i", url, "-map", "0", "-c", "copy", "-flush_packets", "1", target)


async def listening(port: int) -> None:
    """Wait until somebody takes datagrams at ``port``."""
    await until(lambda: any(each.laddr.port == port for each in psutil.net_connections("udp")))


async def test_a_listener_receives_the_pictures_sent_encrypted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    with process(*receiver(port, tmp_path / "got.ts")) as peer:
        await listening(port)
        sink = SrtSink(f"srt://127.0.0.1:{port}?{PATIENT}&streamid=#!::r=live,u={PASSPHRASE}")
        task = asyncio.create_task(sink.run())
        await sent_live(sink, 4.0)
        shown = shown_of_children(f"127.0.0.1:{port}?latency")
        assert shown
        assert PASSPHRASE not in shown
        sink.close()
        await asyncio.wait_for(task, LIMIT_S)
        await asyncio.to_thread(peer.wait, LIMIT_S)
    got = [tuple(slices(data)) for data in pictures(list(read_items(tmp_path / "got.ts")))]
    known = {tuple(slices(data)) for data in pictures(list(output_items(clip("h264.mp4"))))}
    assert len(got) >= 60
    assert set(got) <= known
    assert sink.statistics().units > 200
    assert PASSPHRASE not in "".join(capfd.readouterr())


async def test_pictures_that_srt_does_not_carry_are_told(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    with process(*receiver(port, tmp_path / "got.ts")):
        await listening(port)
        sink = SrtSink(f"srt://127.0.0.1:{port}?{PATIENT}")
        task = asyncio.create_task(sink.run())
        for item in output_items(clip("vp8.webm")):
            sink.write_nowait(item)
        await until(lambda: sink.statistics().problem)
        assert sink.statistics().problem == "MPEG-TS (SRT) does not carry vp8; use H.264 or HEVC and AAC"
        for item in output_items(clip("h264.mp4"), start=96_000 + 3 * 48_000):
            sink.write_nowait(item)
        await until(lambda: not sink.statistics().problem)
        sink.close()
        await asyncio.wait_for(task, LIMIT_S)


async def test_a_destination_that_is_not_there_yet_is_tried_until_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    require("ffmpeg")
    port = free_port(socket.SOCK_DGRAM)
    sink = SrtSink(f"srt://127.0.0.1:{port}?{PATIENT}&connect_timeout=1000", backoff_s=(0.2, 0.4))
    task = asyncio.create_task(sink.run())
    sending = asyncio.create_task(sent_live(sink, 60.0))
    await until(lambda: sink.statistics().errors >= 1)
    with process(*receiver(port, tmp_path / "got.ts")):
        await until(lambda: (tmp_path / "got.ts").exists() and (tmp_path / "got.ts").stat().st_size > 5_000)
    sending.cancel()
    task.cancel()
    await asyncio.wait({task, sending}, timeout=LIMIT_S)
    assert task.cancelled()
    assert sink.statistics().reconnects >= 1
    assert "SRT output lost" in (said := "".join(capfd.readouterr()))
    assert PASSPHRASE not in said


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
async def test_a_child_that_wedges_is_killed_and_replaced(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    with process(*receiver(port, tmp_path / "got.ts")):
        await listening(port)
        url = f"srt://127.0.0.1:{port}?{PATIENT}"
        sink = SrtSink(url, write_timeout_s=0.5, backoff_s=(0.1, 0.2))
        task = asyncio.create_task(sink.run())
        items = list(output_items(clip("h264.mp4")))
        sink.write_nowait(items[0])
        await until(lambda: children_of(os.getpid(), f"127.0.0.1:{port}?latency"))
        (child,) = children_of(os.getpid(), f"127.0.0.1:{port}?latency")
        os.kill(child, signal.SIGSTOP)
        filler = nal.join_length_prefixed([b"\x0c" + b"\xff" * 200_000])
        for item in items:
            if isinstance(item, Unit) and item.kind is MediaKind.VIDEO:
                item = replace(item, packet=replace(item.packet, data=item.packet.data + filler))
            sink.write_nowait(item)
        await until(lambda: sink.statistics().errors >= 1)
        await until(lambda: child not in children_of(os.getpid(), f"127.0.0.1:{port}?latency"))
        task.cancel()
        await asyncio.wait({task}, timeout=LIMIT_S)
    assert children_of(os.getpid(), f"127.0.0.1:{port}?latency") == []


def children_of(parent: int, argument: str) -> list[int]:
    """Return the processes that ``parent`` started with ``argument``."""
    found = []
    for child in psutil.Process(parent).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [child.pid] if argument in " ".join(child.cmdline()) else []
    return found


def shown_of_children(argument: str) -> str:
    """Return what the system shows of the processes we started with ``argument``: arguments and environment."""
    children = [psutil.Process(pid) for pid in children_of(os.getpid(), argument)]
    return " ".join([*(" ".join(child.cmdline()) for child in children), *(str(child.environ()) for child in children)])


async def test_srt_comes_in_with_every_picture_and_its_end_is_noticed() -> None:
    require("ffmpeg")
    port = free_port(socket.SOCK_DGRAM)
    source = SrtSource(f"srt://127.0.0.1:{port}?mode=listener&{PATIENT}", read_timeout_s=3.0)
    items: list[SourceItem] = []
    task = asyncio.create_task(source.run(items.append))
    await listening(port)
    url = f"srt://127.0.0.1:{port}?{PATIENT}"
    with process(*publishing(clip("h264.mp4"), "-f", "mpegts", url)):
        await until(lambda: len(pictures(items)) > 30)
        shown = shown_of_children("concat")
        assert shown
        assert PASSPHRASE not in shown
    await until(lambda: any(isinstance(item, Disconnected) for item in items))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, LIMIT_S)
    known = {tuple(slices(data)) for data in pictures(list(read_items(clip("h264.mp4"))))}
    assert {tuple(slices(data)) for data in pictures(items)} <= known
    assert {item.codec for item in items if isinstance(item, TrackInfo)} == {"h264", "aac"}


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "pipe:44: Input/output error",
            "nothing arrives: nobody sends, or what came ended before anything could be read",
        ),
        ("pipe:44: Invalid data found when processing input", "Invalid data found when processing input"),
    ],
)
async def test_an_input_that_fails_is_told_without_the_pipe_that_names_it(tmp_path: Path, said: str, told: str) -> None:
    require("ffmpeg")
    failing = tmp_path / "ffmpeg"
    failing.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    failing.chmod(0o755)
    source = SrtSource(f"srt://127.0.0.1:{free_port(socket.SOCK_DGRAM)}?mode=listener")
    source._ffmpeg = str(failing)
    task = asyncio.create_task(source.run(lambda item: None))
    await until(lambda: source.statistics().problem)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert source.statistics().problem.startswith(told)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
async def test_an_ffmpeg_that_complains_all_the_time_still_brings_the_stream(tmp_path: Path) -> None:
    talkative, port = tmp_path / "ffmpeg", free_port(socket.SOCK_DGRAM)
    complaints = "head -c 1000000 /dev/zero | tr '\\0' '!' >&2"  # more than a pipe holds
    talkative.write_text(f'#!/bin/sh\n{complaints}\nexec {require("ffmpeg")} "$@"\n')
    talkative.chmod(0o755)
    source = SrtSource(f"srt://127.0.0.1:{port}?mode=listener&{PATIENT}")
    source._ffmpeg = str(talkative)
    arrived: list[SourceItem] = []
    running = asyncio.create_task(source.run(arrived.append))
    await listening(port)
    with process(*publishing(clip("h264.mp4"), "-f", "mpegts", f"srt://127.0.0.1:{port}?{PATIENT}")):
        await until(lambda: len(pictures(arrived)) > 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_without_ffmpeg_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(OutputError, match="install ffmpeg with SRT"):
        SrtSink("srt://127.0.0.1:9000")
    with pytest.raises(InputError, match="install ffmpeg with SRT"):
        SrtSource("srt://127.0.0.1:9000")


@pytest.mark.parametrize("secret", ["streamid=a%0Apassphrase=b", f"passphrase={'x' * 901}"])
def test_a_secret_that_cannot_be_told_in_one_line_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ConfigError, match="printable characters at most") as refused:
        SrtSink(f"srt://host:9000?{secret}")
    assert secret[11:] not in str(refused.value)


@pytest.mark.parametrize("url", ["srt://host", "rtmp://host/live", "srt://host:notaport", "-i"])
def test_a_url_that_is_no_srt_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError, match=r"srt://host:port"):
        SrtSink(url)
