"""Stand-ins for the sources of models: a hub and a package index on this machine, spoken to by their real clients."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from livefoley.models.catalogue import Build, Entry, Hub, ModelFile, Part

REVISION = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 2000
CONFIG = b'{"made": "up"}'


def file_of(name: str, content: bytes, hub_path: str = "", *parts: Part) -> ModelFile:
    """Return what the catalogue would say of a file."""
    return ModelFile(name, len(content), hashlib.sha256(content).hexdigest(), hub_path, parts)


def entry_of(*files: ModelFile, hub: bool = False, build: Build | None = None) -> Entry:
    """Return what the catalogue would say of a model."""
    return Entry("tried", "tests", "MIT", "us", files, Hub("someone/tried", REVISION) if hub else None, build=build)


class Server:
    """Serves ``files`` by path; with ``breaks_after`` it hangs up after so many bytes of an answer, once each."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks_after = 0
        self.ranges: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.pause_s = 0.0
        self._over = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, body: bool) -> None:
                server.headers.append(dict(self.headers))
                content = server.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                begin = 0
                if given := self.headers.get("Range"):
                    server.ranges.append(given)
                    begin = int(given.removeprefix("bytes=").split("-")[0])
                self.send_response(206 if given else 200)
                if given:
                    self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
                self.send_header("Content-Length", str(len(content) - begin))
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", REVISION)
                self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
                self.end_headers()
                if body:
                    self._send(content[begin:])

            def _send(self, content: bytes) -> None:
                if server.breaks_after:
                    self.wfile.write(content[: server.breaks_after])
                    server.breaks_after = 0
                    self.close_connection = True
                    return
                server._over.wait(server.pause_s)
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Serve while the body runs."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def put_on_hub(self, path: str, content: bytes) -> None:
        """Let the repository of `entry_of` have a file."""
        self.files[f"/someone/tried/resolve/{REVISION}/{path}"] = content

    def put_in_index(self, wheel: Path) -> None:
        """Let the package index at ``/simple`` have a wheel."""
        project = wheel.name.split("-")[0].replace("_", "-")
        link = f'<a href="/files/{wheel.name}">{wheel.name}</a>'
        self.files[f"/simple/{project}/"] = f"<!DOCTYPE html><html><body>{link}</body></html>".encode()
        self.files[f"/files/{wheel.name}"] = wheel.read_bytes()


def make_wheel(directory: Path, distribution: str, files: dict[str, bytes], tag: str = "py3-none-any") -> Path:
    """Return a wheel that carries ``files``, and code that would be noticed if it ran."""
    stem = f"{distribution.replace('-', '_')}-1.0"
    path = directory / f"{stem}-{tag}.whl"
    metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
        wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
        wheel.writestr(f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return path
