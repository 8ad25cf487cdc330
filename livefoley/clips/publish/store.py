"""Where published files are kept: the port, and a directory that answers it. Keys are paths with ``/``, no ``..``."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livefoley.core.errors import OutputError

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
        target = self._place(key)
        partial = self._written(target, path)
        try:
            os.replace(partial, target)
        except OSError as error:
            raise _failed(target, error) from None
        finally:
            _drop(partial)

    def create(self, key: str, data: bytes, media_type: str) -> bool:
        """Write ``data`` if nothing is there; say whether it was written."""
        target = self._place(key)
        partial = self._written(target, data)
        try:
            os.link(partial, target)
        except FileExistsError:
            return False
        except OSError as error:
            raise _failed(target, error) from None
        finally:
            _drop(partial)
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

    def _written(self, target: Path, content: Path | bytes) -> Path:
        """Write ``content`` beside ``target`` and return where, on the disk for good."""
        partial: Path | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=target.parent)
            partial = Path(name)
            with os.fdopen(handle, "wb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    with content.open("rb") as source:
                        shutil.copyfileobj(source, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o644)  # for the web server's user, too
        except OSError as error:
            if partial is not None:
                _drop(partial)
            raise _failed(target, error) from None
        return partial


def _drop(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _failed(target: Path, error: OSError) -> OutputError:
    return OutputError(f"{target}: {error.strerror or type(error).__name__}")
