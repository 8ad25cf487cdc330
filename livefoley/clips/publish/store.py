"""Where published files are kept: the port, and a directory that answers it. Keys are paths with ``/``, no ``..``."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livefoley.core.errors import OutputError, reason
from livefoley.system.files import SERVED, WholeFile

KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of an object without reading it; ``etag`` is strong, with its quotes."""

    size: int
    etag: str
    modified_s: float  # time of day


class Store(Protocol):
    """Objects by key. All of it blocks; what cannot be done raises ``OutputError``."""

    def put(self, key: str, path: Path, media_type: str) -> None:
        """Write the file at ``path``, in place of what was there; it appears whole."""
        ...

    def create(self, key: str, data: bytes, media_type: str) -> bool:
        """Write ``data`` if nothing is there; say whether it was written."""
        ...

    def stat(self, key: str) -> Stat | None:
        """Return what is known of an object; None when there is none."""
        ...

    def read(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` up to ``end``."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below ``prefix``, in order."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        ...

    def location(self, key: str) -> str:
        """Return where an object is, for people: a path, or a URL without secrets."""
        ...


def check_key(key: str) -> str:
    """Return a key that leads nowhere else; raises ``OutputError``."""
    if not KEY.fullmatch(key) or len(key) > 900:
        raise OutputError(f"{key!r} is no key of a store: parts of letters, digits, '.', '_' and '-' between slashes")
    return key


class DirectoryStore:
    """Files below one directory. Implements ``Store``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, path: Path, media_type: str) -> None:
        """Write the file at ``path``, in place of what was there."""
        with self._begun(key) as partial, path.open("rb") as source, partial.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)

    def create(self, key: str, data: bytes, media_type: str) -> bool:
        """Write ``data`` if nothing is there; say whether it was written."""
        begun = self._begun(key)
        try:
            begun.path.write_bytes(data)
            begun.sync()
            os.link(begun.path, begun.target)
        except FileExistsError:
            return False
        except OSError as error:
            raise _failed(begun.target, error) from None
        finally:
            begun.discard()
        return True

    def stat(self, key: str) -> Stat | None:
        """Return what is known of an object; None when there is none."""
        try:
            found = self._place(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _failed(self._place(key), error) from None
        return Stat(found.st_size, f'"{found.st_mtime_ns:x}-{found.st_size:x}"', found.st_mtime)

    def read(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` up to ``end``."""
        try:
            with self._place(key).open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError as error:
            raise _failed(self._place(key), error) from None

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below ``prefix``, in order."""
        found = (path.relative_to(self._root).as_posix() for path in self._place(prefix).rglob("*") if path.is_file())
        return sorted(key for key in found if KEY.fullmatch(key))

    def delete(self, key: str) -> None:
        """Delete an object and the directories it leaves empty; one that is not there is no error."""
        target = self._place(key)
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise _failed(target, error) from None
        for parent in target.parents:
            if parent == self._root or self._root not in parent.parents:
                return
            try:
                parent.rmdir()
            except OSError:
                return

    def location(self, key: str) -> str:
        """Return the path of an object."""
        return str(self._place(key))

    def _place(self, key: str) -> Path:
        return self._root / check_key(key)

    def _begun(self, key: str) -> WholeFile:
        """Begin an object beside its place."""
        return WholeFile(self._place(key), mode=SERVED, sync=True, parents=True)


def _failed(target: Path, error: OSError) -> OutputError:
    return OutputError(f"{target}: {reason(error)}")
