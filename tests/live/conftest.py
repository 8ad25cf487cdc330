"""Material for the tests against real peers, made once a session."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from livefoley.media.rtmp import RtmpServer
from tests.support.made import made_once
from tests.support.media_files import make_clip
from tests.support.peers import require


@pytest.fixture(autouse=True)
def _student_only_where_it_is_tried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the student out of sidecars that try something else: it takes processor time at every start."""
    if "student" not in request.path.name:
        monkeypatch.setenv("LIVEFOLEY_STUDENT__ENABLED", "false")


@pytest.fixture(scope="session")
def h264_clip() -> Path:
    """H.264 with B-frames and AAC in MP4, 320x240, 3 s, a keyframe each second."""
    options = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "30", "-pix_fmt", "yuv420p"]
    return made_once("live/h264.mp4", lambda path: make_clip(path, *options, seconds=3.0))


@pytest.fixture(scope="session")
def hevc_clip() -> Path:
    """HEVC with B-frames and AAC in MP4."""
    options = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2:keyint=30"]
    options += ["-pix_fmt", "yuv420p", "-tag:v", "hvc1"]
    return made_once("live/hevc.mp4", lambda path: make_clip(path, *options))


@pytest.fixture(scope="session")
def av1_clip() -> Path:
    """AV1 and Opus in MP4."""
    options = ["-c:v", "libsvtav1", "-preset", "12", "-g", "30", "-pix_fmt", "yuv420p"]
    return made_once("live/av1.mp4", lambda path: make_clip(path, *options, audio="libopus"))


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RtmpServer]:
    """An RTMP server on a port of 127.0.0.1."""
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    yield server
    await server.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    place = tmp_path_factory.mktemp("tls")
    cert, key = place / "cert.pem", place / "key.pem"
    command = [
        require("openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def contexts(certificate: tuple[Path, Path]) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of the server, and that of a client which trusts it."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*certificate)
    return served, ssl.create_default_context(cafile=str(certificate[0]))
