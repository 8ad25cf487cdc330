"""Fetches media from a URL that a stranger gave, without being sent where only we can go (SSRF).

The host is resolved once; every address it has must be one of the public internet, and the connection goes to the
address that was looked at, whatever the name says a moment later. No redirects, no passwords in URLs, no compression,
so many bytes and so many seconds; what arrives must begin as a video or sound file does, or it is thrown away.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import httpx

from livefoley.core.errors import InputError, OutputError, reason
from livefoley.system.files import WholeFile

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 2048
HEAD_BYTES = 4096
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_CLOUDS_OWN = frozenset({ipaddress.ip_address("168.63.129.16")})  # Azure's host agent, in public space


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may take. ``allowed_hosts`` are names or addresses of one's own network that may be fetched from
    all the same, by http, too, and on any port; empty: none."""

    max_bytes: int = 512 * 1024 * 1024
    timeout_s: float = 60.0
    connect_timeout_s: float = 5.0
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: the kind of container by its first bytes (``mp4``, ``avi``, ``matroska``, ...) and the size."""

    path: Path
    kind: str
    bytes: int


async def fetch(url: str, target: Path, limits: FetchLimits | None = None) -> Fetched:
    """Fetch ``url`` into ``target``, which is whole or not there. Raises ``InputError`` that repeats no secret."""
    bounds = limits or FetchLimits()
    try:
        async with asyncio.timeout(bounds.timeout_s):
            parsed = _checked(url, bounds)
            address = await _resolve(parsed, bounds)
            return await _download(parsed, address, target, bounds)
    except TimeoutError:
        raise InputError(f"{_name(url)}: did not come within {bounds.timeout_s:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise InputError(f"{_name(url)}: cannot be fetched ({type(error).__name__})") from None
    except OutputError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{_name(url)}: cannot be kept ({reason(error)})") from None


def is_public(address: IpAddress) -> bool:
    """Say whether an address is one of the public internet, also where it stands for another (mapped, 6to4, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if int(address) >> 32 == 0:  # ::a.b.c.d, and ::1
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved) and address not in _CLOUDS_OWN


def _checked(url: str, limits: FetchLimits) -> httpx.URL:
    """Return the URL if it is one we would fetch from anywhere; raises ``InputError``."""
    if len(url) > MAX_URL or any(ord(char) < 33 or ord(char) == 127 for char in url):
        raise InputError("the URL is too long, or has a space or a control character in it")
    try:
        parsed = httpx.URL(url)
        host = parsed.host
    except (httpx.InvalidURL, UnicodeError):  # an international name that cannot be one, too
        raise InputError("the URL cannot be read; give it as https://host/path") from None
    own = host in limits.allowed_hosts
    if parsed.scheme != "https" and not (own and parsed.scheme == "http"):
        raise InputError(f"{_name(url)}: only https:// URLs are fetched")
    if not host or parsed.userinfo:
        raise InputError(f"{_name(url)}: a URL has a host, and no user or password in it")
    if not own and parsed.port not in (None, 443):
        raise InputError(f"{_name(url)}: only the usual port is fetched from")
    return parsed


async def _resolve(url: httpx.URL, limits: FetchLimits) -> str:
    """Return the address to connect to; raises ``InputError`` when one of the host's is none of the public internet."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise InputError(f"{_name(str(url))}: there is no such host") from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if url.host not in limits.allowed_hosts and not all(map(is_public, map(ipaddress.ip_address, addresses))):
        raise InputError(f"{_name(str(url))}: leads to a network that is not public")
    return addresses[0]


async def _download(url: httpx.URL, address: str, target: Path, limits: FetchLimits) -> Fetched:
    host = url.netloc.decode("ascii")
    pinned = url.copy_with(host=address)
    # the name is for TLS and the Host header alone; where to connect was settled above
    request_for = {"headers": {"Host": host, "Accept-Encoding": "identity"}, "extensions": {"sni_hostname": url.host}}
    client = httpx.AsyncClient(
        timeout=httpx.Timeout(limits.timeout_s, connect=limits.connect_timeout_s),
        follow_redirects=False,
        trust_env=False,
    )
    async with client, client.stream("GET", pinned, **request_for) as answer:  # type: ignore[arg-type]
        _check_answer(answer, host, limits)
        kept = await asyncio.to_thread(WholeFile, target, called=host)
        try:
            fetched = await _keep(answer, kept.path, host, limits)
            await asyncio.to_thread(kept.commit)
        finally:
            kept.discard()
    return Fetched(target, fetched.kind, fetched.bytes)


def _check_answer(answer: httpx.Response, host: str, limits: FetchLimits) -> None:
    if answer.is_redirect:
        raise InputError(f"{host}: redirects are not followed; give the URL of the file itself")
    if answer.status_code != 200:
        raise InputError(f"{host}: answers with status {answer.status_code}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise InputError(f"{host}: sends the file compressed, which was not asked for")
    length = answer.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limits.max_bytes:
        raise InputError(f"{host}: the file is larger than {limits.max_bytes // 1_000_000} MB")


async def _keep(answer: httpx.Response, partial: Path, host: str, limits: FetchLimits) -> Fetched:
    head, size, kind = b"", 0, ""
    with await asyncio.to_thread(partial.open, "wb") as file:
        async for piece in answer.aiter_raw(256 * 1024):
            size += len(piece)
            if size > limits.max_bytes:
                raise InputError(f"{host}: the file is larger than {limits.max_bytes // 1_000_000} MB")
            if not kind:
                head += piece[:HEAD_BYTES]
                if len(head) >= HEAD_BYTES:
                    kind = sniffed(head, host)
            await asyncio.to_thread(file.write, piece)
    return Fetched(partial, kind or sniffed(head, host), size)


# ---- what media begins with ----

_KINDS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("mp4", lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    ("matroska", lambda head: head.startswith(b"\x1a\x45\xdf\xa3")),
    ("avi", lambda head: head.startswith(b"RIFF") and head[8:12] == b"AVI "),
    ("wav", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WAVE"),
    ("flv", lambda head: head.startswith(b"FLV\x01")),
    ("mpegts", lambda head: len(head) > 376 and head[0] == head[188] == head[376] == 0x47),
    ("mpegts", lambda head: len(head) > 388 and head[4] == head[196] == head[388] == 0x47),  # of camcorders and discs
    ("mpeg", lambda head: head.startswith((b"\0\0\x01\xba", b"\0\0\x01\xb3"))),
    ("asf", lambda head: head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
    ("mxf", lambda head: head.startswith(b"\x06\x0e\x2b\x34\x02\x05\x01\x01")),
    ("dv", lambda head: head.startswith(b"\x1f\x07\0")),
    ("aiff", lambda head: head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC")),
    ("w64", lambda head: head.startswith(b"riff\x2e\x91\xcf\x11")),
    ("caf", lambda head: head.startswith(b"caff")),
    ("au", lambda head: head.startswith(b".snd")),
    ("amr", lambda head: head.startswith(b"#!AMR")),
    ("ogg", lambda head: head.startswith(b"OggS")),
    ("flac", lambda head: head.startswith(b"fLaC")),
    ("mp3", lambda head: head.startswith(b"ID3") or (head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE6 == 0xE2)),
)


def sniffed(head: bytes, name: str) -> str:
    """Return the kind of container by its first bytes; raises ``InputError`` for text, playlists and all else."""
    for kind, fits in _KINDS:
        if fits(head):
            return kind
    known = ", ".join(dict.fromkeys(kind for kind, _ in _KINDS))
    raise InputError(f"{name}: what came is no video or sound file ({known})")


def _name(url: str) -> str:
    """Return the host of a URL, which may be told; the rest may hold a token."""
    with suppress(httpx.InvalidURL, ValueError):
        return httpx.URL(url).host[:100] or "the URL"
    return "the URL"
