"""Fetching what strangers name: nothing of ours is ever asked, and what comes is bounded and is media."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import InputError
from livefoley.renders.examine import IntakeLimits, examine
from livefoley.renders.fetch import FetchLimits, fetch, is_public, sniffed
from livefoley.renders.model import RenderLimits
from tests.clips.certificates import signing_chain
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

OWN = FetchLimits(allowed_hosts=("127.0.0.1",))
MEDIA = b"\0\0\0\x18ftypisom" + bytes(100_000)


class Canary:
    """An HTTP server of ours that counts who came; ``head`` and ``body`` are what it answers."""

    def __init__(self, head: str = "HTTP/1.1 200 OK", body: bytes = MEDIA, endless: bool = False) -> None:
        self.connections = 0
        self._head, self._body, self._endless = head, body, endless

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.request = await reader.readuntil(b"\r\n\r\n")
            length = "" if self._endless else f"Content-Length: {len(self._body)}\r\n"
            writer.write(f"{self._head}\r\n{length}Connection: close\r\n\r\n".encode() + self._body)
            while self._endless:
                writer.write(self._body)
                await writer.drain()
            await writer.drain()
        writer.close()


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@contextlib.asynccontextmanager
async def listening(canary: Canary, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(canary.serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_file_of_an_allowed_host_is_fetched_whole(tmp_path: Path) -> None:
    canary = Canary()
    async with listening(canary) as port:
        fetched = await fetch(f"http://127.0.0.1:{port}/a.mp4?token=planted", tmp_path / "a.mp4", OWN)
    assert (fetched.kind, fetched.bytes) == ("mp4", len(MEDIA))
    assert fetched.path.read_bytes() == MEDIA
    assert f"Host: 127.0.0.1:{port}".encode() in canary.request


async def test_nothing_of_ours_is_asked_for_a_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = Canary()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    async with listening(canary) as port:
        hosts = (
            *("127.0.0.1", "localhost", "localhost.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0"),
            *(
                "[::1]",
                "[::ffff:127.0.0.1]",
                "[::ffff:7f00:1]",
                "[64:ff9b::7f00:1]",
                "[2002:7f00:1::]",
                "[::127.0.0.1]",
            ),
            *("10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16"),
            *("[fd00:ec2::254]", "[fe80::1]", "224.0.0.1", "255.255.255.255", "①②⑦.0.0.1"),
        )
        for host in hosts:
            for url in (f"https://{host}/a.mp4", f"http://{host}:{port}/a.mp4", f"https://{host}:{port}/a.mp4"):
                with pytest.raises(InputError):
                    await fetch(url, tmp_path / "a.mp4", FetchLimits(timeout_s=5))
        for scheme in ("file", "ftp", "gopher", "data", "rtmp", "HTTP"):
            with pytest.raises(InputError):
                await fetch(f"{scheme}://127.0.0.1:{port}/a.mp4", tmp_path / "a.mp4")
        assert canary.connections == 0
    assert left_in(tmp_path) == []


async def test_a_redirect_to_ours_is_not_followed(tmp_path: Path) -> None:
    canary = Canary()
    async with listening(canary) as ours:
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            lure = Canary(f"HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{ours}/secret")
            async with listening(lure) as port:
                with pytest.raises(InputError, match="redirects are not followed"):
                    await fetch(f"http://127.0.0.1:{port}/a.mp4", tmp_path / "a.mp4", OWN)
    assert canary.connections == 0


async def test_a_name_is_resolved_once_and_all_its_addresses_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, asked = asyncio.get_running_loop(), []
    answers = iter([["93.184.215.14", "127.0.0.1"], ["127.0.0.1"]])

    async def resolve(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in next(answers)]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    with pytest.raises(InputError, match="not public"):
        await fetch("https://rebinding.example/a.mp4", tmp_path / "a.mp4")
    assert asked == ["rebinding.example"]


async def test_the_connection_goes_to_the_address_that_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary, loop = Canary(), asyncio.get_running_loop()
    resolve = loop.getaddrinfo
    asked: list[str] = []

    async def once(host: str, port: int, **options: Any) -> Any:
        asked.append(str(host))
        return await resolve("127.0.0.1", port, **options)

    async with listening(canary) as port:
        monkeypatch.setattr(loop, "getaddrinfo", once)
        allowed = FetchLimits(allowed_hosts=("media.example",))
        await fetch(f"http://media.example:{port}/a.mp4", tmp_path / "a.mp4", allowed)
        assert f"Host: media.example:{port}".encode() in canary.request
    assert [name for name in asked if name == "media.example"] == ["media.example"]


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    chain, key = signing_chain(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    canary = Canary()
    async with listening(canary, context) as port:
        with pytest.raises(InputError, match="cannot be fetched"):
            await fetch(f"https://127.0.0.1:{port}/a.mp4", tmp_path / "a.mp4", OWN)
    assert canary.connections == 0


@pytest.mark.parametrize(
    ("canary", "message"),
    [
        (Canary(endless=True), "larger than 1 MB"),
        (Canary(body=MEDIA * 20), "larger than 1 MB"),
        (Canary(head="HTTP/1.1 200 OK\r\nContent-Encoding: gzip"), "compressed"),
        (Canary(head="HTTP/1.1 404 Not Found"), "status 404"),
        (Canary(body=b"#EXTM3U\nhttp://127.0.0.1/secret"), "no video or sound file"),
        (Canary(body=b"<html>" + bytes(9000)), "no video or sound file"),
        (Canary(body=b""), "no video or sound file"),
        (Canary(head="garbage"), "cannot be fetched"),
    ],
)
async def test_what_is_too_much_or_no_media_is_thrown_away(tmp_path: Path, canary: Canary, message: str) -> None:
    limits = FetchLimits(max_bytes=1_000_000, timeout_s=20, allowed_hosts=("127.0.0.1",))
    async with listening(canary) as port:
        with pytest.raises(InputError, match=message) as caught:
            await fetch(f"http://127.0.0.1:{port}/a.mp4?token=planted", tmp_path / "a.mp4", limits)
    assert "planted" not in str(caught.value)
    assert left_in(tmp_path) == []


async def test_a_server_that_sends_nothing_is_given_up(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        limits = FetchLimits(timeout_s=1, allowed_hosts=("127.0.0.1",))
        with pytest.raises(InputError, match="within 1 s"):
            await fetch(f"http://127.0.0.1:{port}/a.mp4", tmp_path / "a.mp4", limits)


@pytest.mark.parametrize("url", ["", "https://", "https://a b/", "https://u:p@host/a", "https://host:22/a", "x" * 3000])
async def test_what_is_no_url_for_us_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError) as caught:
        await fetch(url, tmp_path / "a")
    assert "p@" not in str(caught.value)


@given(st.ip_addresses())
def test_an_address_that_stands_for_another_is_judged_by_that(address: Any) -> None:
    if isinstance(address, ipaddress.IPv4Address):
        for form in (
            f"::ffff:{address}",
            f"64:ff9b::{address}",
            f"2002:{int(address) >> 16:x}:{int(address) & 65535:x}::",
        ):
            assert is_public(ipaddress.ip_address(form)) is is_public(address)
        assert not is_public(address) or address.is_global


@given(st.binary(max_size=600))
def test_whatever_came_is_of_a_known_kind_or_refused(head: bytes) -> None:
    with contextlib.suppress(InputError):
        assert sniffed(head, "host")


# ---- bombs ----


def made(path: Path, *options: str) -> Path:
    command = [require("ffmpeg"), "-v", "error", "-y", *options, str(path)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return path


SMALL = ("-f", "lavfi", "-i", "testsrc=s=64x64:d=2", "-f", "lavfi", "-i", "sine=d=2", "-c:v", "libx264", "-c:a", "aac")


def test_a_good_file_is_told_as_it_is(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv", "a.avi", "a.mov", "a.ts"):
        info = examine(made(tmp_path / name, *SMALL))
        assert (info.width, info.height, info.video_codec, info.audio_codec) == (64, 64, "h264", "aac")
        assert 1.9 < info.duration_s < 2.3


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("huge.mp4", ("-f", "lavfi", "-i", "color=s=8192x8192:d=0.2:r=5", "-preset", "ultrafast"), "8192x8192"),
        ("long.mp4", ("-f", "lavfi", "-i", "color=s=64x64:d=700:r=1"), "lasts 700 s"),
        (
            "fast.mp4",
            ("-f", "lavfi", "-i", "color=s=64x64:d=1:r=480"),
            r"480 pictures a second \(stream 0\), up to 240",
        ),
        ("many.mkv", ("-f", "lavfi", "-i", "anullsrc=d=0.1", *("-map", "0") * 40, "-c:a", "flac"), "streams"),
        ("anim.gif", ("-f", "lavfi", "-i", "testsrc=s=64x64:d=0.2"), "container that is taken; MP4, MOV"),
    ],
)
def test_a_bomb_is_refused_before_anything_decodes_it(
    tmp_path: Path, name: str, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=rf"{name}: .*{message}"):
        examine(made(tmp_path / name, *options))


_PICTURES = ("-f", "lavfi", "-i", "testsrc=s=96x64:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1", "-shortest")


@pytest.mark.parametrize(
    ("name", "options", "codecs"),
    [
        ("editor.mov", ("-c:v", "prores_ks", "-c:a", "pcm_s16be"), ("prores", "pcm_s16be")),
        ("editor24.mov", ("-c:v", "prores_ks", "-c:a", "pcm_s24be"), ("prores", "pcm_s24be")),
        ("edit.mxf", ("-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"), ("mpeg2video", "pcm_s16le")),
        ("dvb.ts", ("-c:v", "mpeg2video", "-c:a", "mp2"), ("mpeg2video", "mp2")),
        ("disc.mpg", ("-c:v", "mpeg2video", "-c:a", "ac3"), ("mpeg2video", "ac3")),
        ("film.wmv", ("-c:v", "wmv2", "-c:a", "wmav2"), ("wmv2", "wmav2")),
        ("camera.avi", ("-c:v", "mjpeg", "-c:a", "adpcm_ima_wav"), ("mjpeg", "adpcm_ima_wav")),
        ("old.avi", ("-c:v", "cinepak", "-c:a", "adpcm_ms"), ("cinepak", "adpcm_ms")),
        ("archive.mkv", ("-c:v", "ffv1", "-c:a", "wavpack"), ("ffv1", "wavpack")),
        ("theora.ogv", ("-c:v", "libtheora", "-c:a", "libvorbis"), ("theora", "vorbis")),
        ("phone.3gp", ("-s", "176x144", "-c:v", "h263", "-c:a", "aac"), ("h263", "aac")),
        ("screen.mp4", ("-r", "60", "-c:v", "libx264", "-c:a", "aac"), ("h264", "aac")),
        ("slow.mp4", ("-r", "240", "-c:v", "libx264", "-c:a", "aac"), ("h264", "aac")),
        ("uneven.mp4", ("-vf", "select='lt(n,5)+not(mod(n,3))'", "-vsync", "vfr", "-c:a", "aac"), ("h264", "aac")),
    ],
)
def test_whatever_editors_cameras_and_recorders_write_is_taken(
    tmp_path: Path, name: str, options: tuple[str, ...], codecs: tuple[str, str]
) -> None:
    path = made(tmp_path / name, *_PICTURES, *options)
    info = examine(path)
    assert (info.video_codec, info.audio_codec, info.problem) == (*codecs, "")
    assert 0.5 < info.duration_s < 1.3
    assert sniffed(path.read_bytes()[:4096], name)


@pytest.mark.parametrize(
    ("form", "options"),
    [("webm", ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")), ("matroska", ("-c:a", "aac"))],
)
def test_a_recording_that_says_no_length_is_measured(tmp_path: Path, form: str, options: tuple[str, ...]) -> None:
    path = tmp_path / "browser"
    command = [require("ffmpeg"), "-v", "error", *_PICTURES, *options, "-f", form, "pipe:1"]  # cannot go back
    path.write_bytes(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout)
    assert examine(path).duration_s == pytest.approx(1.0, abs=0.1)
    with pytest.raises(InputError, match=r"at most 0 s"):
        examine(path, IntakeLimits(max_duration_s=0.4))


def test_large_pictures_are_taken_or_refused_as_the_operator_wishes(tmp_path: Path) -> None:
    path = made(tmp_path / "uhd.mp4", "-f", "lavfi", "-i", "testsrc=s=3840x2160:d=0.2", "-preset", "ultrafast")
    assert examine(path, RenderLimits().intake()).width == 3840
    with pytest.raises(
        InputError, match=r"3840x2160 \(stream 0\), up to 1920x1088 are taken; scale it down.*-vf scale"
    ):
        examine(path, RenderLimits(scale_down=False).intake())


def test_a_refusal_names_stream_codec_and_remedy(tmp_path: Path) -> None:
    path = made(tmp_path / "a.mov", *_PICTURES, "-c:v", "libx264", "-c:a", "aac")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    with pytest.raises(InputError, match=r"pictures \(zzzz in stream 0\) cannot be decoded by FFmpeg; .*-c:v libx264"):
        examine(path)
    path.write_bytes(data.replace(b"mp4a", b"apac").replace(b"esds", b"dapa"))
    assert "sound (apac in stream 1) cannot be decoded" in examine(path).problem


def test_a_header_that_lies_about_the_pictures_is_found_out(tmp_path: Path) -> None:
    path = made(tmp_path / "liar.mp4", "-f", "lavfi", "-i", "color=s=8192x8192:d=0.2:r=5", "-preset", "ultrafast")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x20\x00\x20\x00", b"\x00\x40\x00\x40"))  # the sizes of avc1: 64x64
    with pytest.raises(InputError):
        examine(path)


@pytest.mark.parametrize("text", ["#EXTM3U\n/etc/passwd\n", "ffconcat version 1.0\nfile '/etc/passwd'\n", "<svg/>", ""])
def test_a_text_that_leads_elsewhere_is_not_opened(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.mp4").write_text(text)
    with pytest.raises(InputError, match=r"a\.mp4: cannot be read"):
        examine(tmp_path / "a.mp4")


def test_looking_takes_no_more_memory_and_time_than_it_may(tmp_path: Path) -> None:
    path = made(tmp_path / "a.mp4", *SMALL)
    with pytest.raises(InputError, match=r"takes more than may be spent|memory"):
        examine(path, IntakeLimits(memory_mb=1))
    with pytest.raises(InputError, match=r"within 0\.01 s"):
        examine(path, IntakeLimits(timeout_s=0.01))


def test_a_damaged_file_is_an_answer_or_a_refusal(tmp_path: Path) -> None:
    content, chance = bytearray(made(tmp_path / "a.mp4", *SMALL).read_bytes()), random.Random(0)
    for _ in range(12):
        damaged = bytearray(content)
        for _ in range(40):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (tmp_path / "b.mp4").write_bytes(damaged)
        with contextlib.suppress(InputError):
            assert examine(tmp_path / "b.mp4").duration_s > 0


@pytest.mark.parametrize("url", ["https://xn--/", "https://xn--a/v.mp4", "https://[/v.mp4", "https://\u2488com/v.mp4"])
async def test_a_name_that_cannot_be_one_is_refused_in_words(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError):
        await fetch(url, tmp_path / "a.mp4", OWN)
