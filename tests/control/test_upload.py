"""Videos out of request bodies: the same however the bytes are cut, and never more of them than allowed."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from livefoley.control.api.upload import MAX_FIELD_BYTES, Receiver
from livefoley.control.problems import Problem
from livefoley.core.errors import InputError

VIDEO = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 40 + b"\r\n--edg\r\n--ed"  # nearly a boundary
BOUNDARY = "multipart/form-data; boundary=edge"


def form(*parts: tuple[str, bytes], end: bytes = b"--edge--\r\n") -> bytes:
    heads = [(f'--edge\r\nContent-Disposition: form-data; name="{name}"'.encode(), body) for name, body in parts]
    return b"".join(head + b"\r\n\r\n" + body + b"\r\n" for head, body in heads) + end


def whole(description: str) -> bytes:
    return form(("description", description.encode()), ('video"; filename="../../a.mp4', VIDEO), ("mix", b"true"))


def request(body: bytes, size: int, kind: str = BOUNDARY) -> Request:
    """Return a request whose body comes in pieces of ``size`` bytes."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]

    async def receive() -> Message:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}, receive)


@given(st.integers(1, 12_000), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_form_is_the_same_however_it_is_cut(size: int, description: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "input"
        fields = asyncio.run(Receiver(place, len(VIDEO)).form(request(whole(description), max(size, 400))))
        assert fields == {"description": description, "mix": "true"}
        assert place.read_bytes() == VIDEO


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (whole("rain"), "multipart/form-data", 400),  # no boundary
        (whole("rain"), "multipart/form-data; boundary=" + "e" * 300, 400),
        (form(('video"; filename="a.mp4', VIDEO), end=b""), BOUNDARY, 400),
        (b"--other\r\n\r\n", BOUNDARY, 400),
        (form(*[("x", b"1")] * 20), BOUNDARY, 400),
        (form(("description", bytes(MAX_FIELD_BYTES + 1))), BOUNDARY, 413),
        (form(('video"; filename="a.mp4', VIDEO + bytes(10))), BOUNDARY, 413),
    ],
)
async def test_a_form_that_is_none_is_refused(tmp_path: Path, body: bytes, kind: str, status: int) -> None:
    with pytest.raises(Problem) as refused:
        await Receiver(tmp_path / "input", len(VIDEO)).form(request(body, 1000, kind))
    assert refused.value.status_code == status


@pytest.mark.parametrize("body", [b"", b"text " * 4000, b"#EXTM3U\n"])
async def test_what_does_not_begin_like_a_video_is_refused_at_once(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(InputError, match="no video or sound file"):
        await Receiver(tmp_path / "input", 1_000_000).raw(request(body or b"\n", 4096, "video/mp4"))
    assert (tmp_path / "input").stat().st_size <= 4096


async def test_a_body_is_cut_at_the_limit(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        await Receiver(tmp_path / "input", 10_000).raw(request(VIDEO, 1000, "video/mp4"))
    assert refused.value.status_code == 413
    assert (tmp_path / "input").stat().st_size <= 10_000
