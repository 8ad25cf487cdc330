"""Groups of tasks that do not lose a cancellation."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Self

MENDED = sys.version_info >= (3, 13)


class TaskGroup(asyncio.TaskGroup):
    """asyncio's, but one that is cancelled at the moment one of its tasks fails is cancelled.

    Before Python 3.13 the failure alone was raised then (CPython issue 116720): whoever tries again after a failure
    went on for ever, and whoever had cancelled it waited as long. A group cancels its own task, too, to end what that
    awaits when another fails; told apart are the two by their number.
    """

    _cancelled_before = 0

    async def __aenter__(self) -> Self:
        """Enter the group, and note how often its task was cancelled before."""
        await super().__aenter__()
        self._cancelled_before = _this_task().cancelling()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the tasks; raises the group of their errors, or ``CancelledError``."""
        if MENDED:
            return await super().__aexit__(kind, error, trace)
        own_before = self._cancelled_itself()
        try:
            await super().__aexit__(kind, error, trace)
        except BaseExceptionGroup:
            task = _this_task()
            if self._cancelled_itself() and not own_before:
                task.uncancel()  # asyncio forgets the cancellation of its own that comes while it waits
            if task.cancelling() > self._cancelled_before:
                raise asyncio.CancelledError from None
            raise

    def _cancelled_itself(self) -> bool:
        """Return whether the group has cancelled its own task, which asyncio keeps to itself."""
        return bool(getattr(self, "_parent_cancel_requested"))  # noqa: B009 - typeshed does not know it


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a group of tasks is entered and left within a task")
    return task
