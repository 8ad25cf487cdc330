"""Publishing that a target which is down does not stop: clips wait on the disk and go to a backup meanwhile.

What waits is bounded in bytes, tried again with growing pauses, and found again after a restart: it is a directory for
each clip, named by its content id, and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.clips.ports import Published, Publisher
from livefoley.core.backoff import Backoff
from livefoley.core.errors import OutputError, reason
from livefoley.system.files import PARTIAL

log = structlog.get_logger("livefoley.clips")

_BROKEN = ".broken"


class Spool:
    """Clips that wait, below one directory, ``max_bytes`` at most."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes

    def add(self, files: ClipFiles, metadata: ClipMetadata) -> Path:
        """Keep a clip and return where; raises ``OutputError`` when there is no room."""
        target = self._directory / metadata.content_id
        wanted = sum(path.stat().st_size for path in files.all())
        if target.exists():
            return target
        if self.bytes() + wanted > self._max_bytes:
            raise OutputError(
                f"{self._directory}: clips that wait may take {self._max_bytes // 1_000_000} MB; it is full"
            )
        partial = target.with_name(target.name + PARTIAL)
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for path in files.all():
                _keep(path, partial / path.name)
            os.replace(partial, target)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise OutputError(f"{self._directory}: {reason(error)}") from None
        return target

    def waiting(self) -> list[ClipFiles]:
        """Return what waits, the oldest first."""
        with suppress(OSError):
            found = [
                path for path in self._directory.iterdir() if path.is_dir() and path.suffix not in (PARTIAL, _BROKEN)
            ]
            return [ClipFiles(path) for path in sorted(found, key=lambda path: path.stat().st_mtime)]
        return []

    def bytes(self) -> int:
        """Return how much waits."""
        total = 0
        for files in self.waiting():
            with suppress(OSError):
                total += sum(path.stat().st_size for path in files.all())
        return total

    def set_aside(self, files: ClipFiles) -> None:
        """Keep what cannot be read out of the way, for people to look at."""
        with suppress(OSError):
            os.replace(files.directory, files.directory.with_name(files.directory.name + _BROKEN))

    def forget(self, content_id: str) -> None:
        """Forget the clip of this content id, if it waits."""
        if content_id.isalnum():
            shutil.rmtree(self._directory / content_id, ignore_errors=True)

    def remove(self, files: ClipFiles) -> None:
        """Forget a clip."""
        shutil.rmtree(files.directory, ignore_errors=True)


def _keep(source: Path, target: Path) -> None:
    """Make ``target`` the same file without a copy, where the system can."""
    if source.name == "metadata.json":  # it is written in place
        shutil.copy2(source, target)
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@dataclass(frozen=True, slots=True)
class PublishStatistics:
    """What became of clips since the start, and what waits now."""

    published: int = 0  # at the target
    repeated: int = 0  # were there already
    spooled: int = 0
    backed_up: int = 0
    failures: int = 0  # of the target
    lost: int = 0  # neither at the target, nor kept, nor backed up
    waiting: int = 0
    waiting_bytes: int = 0
    target_up: bool = True


class SpoolingPublisher:
    """Implements ``Publisher``: the target, else the backup (if any) and the spool; ``run`` brings the rest later.

    ``publish`` may run in other processes than ``run``: they meet on the disk. ``on_late`` is told, in a thread of its
    own, of each clip that reached the target later.
    """

    def __init__(
        self,
        target: Publisher,
        spool: Spool,
        backup: Publisher | None = None,
        *,
        backoff_s: tuple[float, float] = (1.0, 300.0),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._spool = spool
        self._backup = backup
        self._backoff = Backoff(backoff_s)
        self._now = now
        self.on_late: Callable[[Published], None] = lambda published: None
        self._try_at_s = 0.0
        self._published = self._repeated = self._spooled = self._backed_up = self._failures = self._lost = 0

    def publish(self, files: ClipFiles, metadata: ClipMetadata) -> Published:
        """Publish, or keep for later; raises ``OutputError`` only when the clip could not be kept anywhere."""
        if self._now() >= self._try_at_s:
            try:
                return self._at_target(files, metadata)
            except OutputError as error:
                self._note_failure(error)
        return self._elsewhere(files, metadata)

    def withdraw(self, prefix: str, content_id: str = "") -> None:
        """Delete what was published, and forget what waits. Raises ``OutputError``."""
        if content_id:
            self._spool.forget(content_id)
        if prefix:
            self._target.withdraw(prefix, content_id)

    def drain(self) -> int:
        """Bring what waits to the target, if it is time to try; return how many clips still wait."""
        waiting = self._spool.waiting()
        for done, files in enumerate(waiting):
            if self._now() < self._try_at_s:
                return len(waiting) - done
            try:
                metadata = ClipMetadata.from_json(files.metadata.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                log.error("what waits is no clip, it is set aside", place=str(files.directory))
                self._spool.set_aside(files)
                continue
            try:
                published = self._at_target(files, metadata)
            except OutputError as error:
                self._note_failure(error)
                return len(waiting) - done
            self._spool.remove(files)
            self.on_late(published)
        return 0

    async def run(self, every_s: float = 1.0) -> None:
        """Bring what waits to the target, until cancelled."""
        while True:
            await asyncio.to_thread(self.drain)
            await asyncio.sleep(every_s)

    def statistics(self) -> PublishStatistics:
        """Return a snapshot; it reads the disk."""
        return PublishStatistics(
            self._published,
            self._repeated,
            self._spooled,
            self._backed_up,
            self._failures,
            self._lost,
            len(self._spool.waiting()),
            self._spool.bytes(),
            not self._backoff.failures,
        )

    def _at_target(self, files: ClipFiles, metadata: ClipMetadata) -> Published:
        published = self._target.publish(files, metadata)
        if self._backoff.failures:
            log.info("the clips' target answers again")
        self._backoff.reset()
        self._try_at_s = 0.0
        self._published += published.created
        self._repeated += not published.created
        return published

    def _note_failure(self, error: OutputError) -> None:
        self._failures += 1
        if not self._backoff.failures:
            log.warning("the clips' target is down, clips wait", error=str(error))
        self._try_at_s = self._now() + self._backoff.next_s()

    def _elsewhere(self, files: ClipFiles, metadata: ClipMetadata) -> Published:
        backup, kept, refused = self._at_backup(files, metadata), None, None
        try:
            kept = self._spool.add(files, metadata)
            self._spooled += 1
        except OutputError as error:
            refused = error
        if backup is not None:
            return Published(
                metadata.content_id, backup.location, backup.created, backup.prefix, waits=kept is not None
            )
        if kept is not None:
            return Published(metadata.content_id, str(kept), waits=True)
        self._lost += 1
        raise OutputError(f"the clip could not be published, and not be kept for later: {refused}")

    def _at_backup(self, files: ClipFiles, metadata: ClipMetadata) -> Published | None:
        if self._backup is None:
            return None
        try:
            published = self._backup.publish(files, metadata)
        except OutputError as error:
            log.warning("the clips' backup is down, too", error=str(error))
            return None
        self._backed_up += 1
        return published
