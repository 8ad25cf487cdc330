"""Files that appear whole, and who may read what is written.

Whoever looks finds the old file or the new one, never a part, whatever dies meanwhile.

What is written goes to a hidden file of a name nobody else has, in the same directory, and takes the target's name at
the end. A process that is killed leaves such a ``.NAME.1a2b3c4d.partial`` behind, which no reader takes for a file.

A process that serves streams writes for its own user alone: its umask says so, of everything that it and its children
write (`set_modes`). What a web server hands out is made `SERVED`, whatever the umask.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from livefoley.core.errors import OutputError, reason

PRIVATE = 0o600
"""For what the owner alone may read: what was said, what a job was told, caches."""
SHARED = 0o666
"""For what others may read as far as the umask lets them: what was asked for at a command line."""
SERVED = -1
"""For what a web server hands out, which may be another user: as `set_modes` was told."""
UMASK, SERVED_MODE = 0o077, 0o644
PARTIAL = ".partial"
_SERVED_MODE = "LIVEFOLEY_SERVED_MODE"  # in the environment: children write such files, too


def set_modes(umask: int = UMASK, served: int = SERVED_MODE) -> None:
    """Say who may read what this process and its children write from now on: ``umask`` is the system's, ``served`` the
    mode of `SERVED` files; their directories can be entered by whoever may read them."""
    os.umask(umask)
    os.environ[_SERVED_MODE] = f"{served:o}"


def make_directory(path: Path, *, served: bool = False) -> None:
    """Make a directory and those above that are missing, if it is not there. Raises ``OSError``.

    One that is there keeps its mode. ``served``: others can enter all that were made, as `set_modes` was told.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()] if served else []
    path.mkdir(parents=True, exist_ok=True)
    mode = _served_mode()
    for made in missing:
        made.chmod(0o700 | mode | (mode & 0o444) >> 2)


def _served_mode() -> int:
    with suppress(ValueError):
        return int(os.environ.get(_SERVED_MODE, ""), 8)
    return SERVED_MODE


class WholeFile:
    """A file that is being written to ``path`` and will be ``target``. All of it blocks.

    As a context manager it gives ``path``, and commits unless the block raises; an ``OSError`` of the block comes out
    as ``OutputError``, as FFmpeg's do that are one. ``mode`` is the new file's, less the umask, or `SERVED`. ``sync``
    waits until it is on the disk before it takes its name; ``parents`` makes the directories that are missing;
    ``called`` is what errors call it in place of its path. Raises ``OutputError``.
    """

    def __init__(
        self, target: Path, *, mode: int = PRIVATE, sync: bool = False, parents: bool = False, called: str = ""
    ) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PARTIAL}")
        self._sync = sync
        self._called = called or str(target)
        try:
            if parents:
                make_directory(target.parent, served=mode == SERVED)
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE if mode == SERVED else mode))
            if mode == SERVED:
                self.path.chmod(_served_mode())
        except OSError as error:
            self.discard()
            raise self._failed(error) from None

    def commit(self) -> None:
        """Give the file its name. Raises ``OutputError``; then nothing is left behind."""
        try:
            if self._sync:
                self.sync()
            os.replace(self.path, self.target)
        except OSError as error:
            self.discard()
            raise self._failed(error) from None

    def discard(self) -> None:
        """Give it up; one that has its name already stays."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Wait until what was written is on the disk. Raises ``OSError``."""
        handle = os.open(self.path, os.O_RDWR)  # Windows syncs none that is open for reading alone
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.commit()
            return
        self.discard()
        if isinstance(error, OSError):
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"{self._called}: cannot be written ({reason(error)})")


def write_whole(
    target: Path, data: bytes | str, *, mode: int = PRIVATE, sync: bool = False, parents: bool = False
) -> None:
    """Write ``data`` so that ``target`` is the old file or the whole new one; text as UTF-8, its line ends as they are.

    Raises ``OutputError``.
    """
    with WholeFile(target, mode=mode, sync=sync, parents=parents) as path:
        path.write_bytes(data.encode() if isinstance(data, str) else data)
