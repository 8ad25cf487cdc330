"""A blocking iterator in a daemon thread, handed to a coroutine through a bounded buffer; and a pacer.

Whatever blocks in FFmpeg blocks that thread only. A reader that is closed abandons its thread: the thread ends by
itself when the iterator gives way, and holds nothing the event loop waits for.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Reader(Generic[T]):
    """Iterates over ``make()`` in a thread: ``async for item in reader``; an error of the iterator comes out here.

    At most ``limit`` items wait; then the thread waits. `close` never blocks. Make it inside a running event loop.
    """

    def __init__(self, make: Callable[[], Iterator[T]], limit: int = 256, name: str = "livefoley-reader") -> None:
        self._make = make
        self._items: deque[T] = deque()
        self._slots = threading.Semaphore(limit)
        self._closed = threading.Event()
        self._error: BaseException | None = None
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def __aiter__(self) -> Reader[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        self._slots.release()
        return self._items.popleft()

    def close(self) -> None:
        """Tell the thread to end; what it gives from now on is dropped."""
        self._closed.set()
        self._slots.release()

    def _work(self) -> None:
        try:
            iterator = self._make()
            for item in iterator:
                self._slots.acquire()
                if self._closed.is_set():
                    break
                self._items.append(item)
                self._notify(self._wake.set)
            del iterator  # a generator closes its file here, in the thread that opened it
        except BaseException as error:  # carried over to the coroutine
            self._error = error
        self._notify(self._end)

    def _end(self) -> None:
        self._ended = True
        self._wake.set()

    def _notify(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the event loop is closed: nobody listens any more
            self._closed.set()


class Pacer:
    """Spreads stamped items over time as a live source would; all times in seconds, ``now`` is an argument.

    An item that comes more than ``patience_s`` late moves the schedule: after a stall items flow on at their own pace
    instead of all at once.
    """

    def __init__(self, patience_s: float = 1.0) -> None:
        self._patience_s = patience_s
        self._origin_s: float | None = None

    def delay_s(self, stamp_s: float, now_s: float) -> float:
        """Return how long to wait before the item stamped ``stamp_s``; 0 when it is due."""
        if self._origin_s is None or now_s - (self._origin_s + stamp_s) > self._patience_s:
            self._origin_s = now_s - stamp_s
        return max(0.0, self._origin_s + stamp_s - now_s)
