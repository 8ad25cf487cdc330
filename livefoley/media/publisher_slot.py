"""The one publisher of a room: who may come, who takes over from whom, and where what comes in goes.

A room has one publisher at a time. Another one is turned away or takes over, as the room wants; one that takes over
again and again (two encoders with one key, both of which reconnect) is held back.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Generic, TypeVar

from livefoley.core.media import Disconnected, Packet, SourceItem
from livefoley.core.ports import Feed
from livefoley.media.token_bucket import Bucket

TAKEOVERS = 5  # in a row that one room allows ...
TAKEOVER_INTERVAL_S = 10.0  # ... and how long it takes to earn another

Publisher = TypeVar("Publisher")


class OnDuplicate(StrEnum):
    """What happens when a second authorised publisher comes while the first one is still there."""

    REPLACE = "replace"  # the newest wins: an encoder that reconnects is not locked out by its own ghost
    REJECT = "reject"


class Refusal(StrEnum):
    """Why a publisher is not taken."""

    IDLE = "idle"  # the room does not run
    DUPLICATE = "duplicate"  # it has one, and keeps it
    STORM = "storm"  # too many took it from each other


class PublisherSlot(Generic[Publisher]):
    """See the module. ``end(publisher, reason)`` sends one away; it leads to `release`, at once or soon."""

    def __init__(self, on_duplicate: OnDuplicate, takeovers: Bucket, end: Callable[[Publisher, str], None]) -> None:
        self.publisher: Publisher | None = None
        self.published = self.taken_over = self.packets = self.bytes = 0
        self._on_duplicate = on_duplicate
        self._takeovers = takeovers
        self._end = end
        self._feed: Feed | None = None

    def open(self, feed: Feed) -> None:
        """Take publishers, one at a time, from now on."""
        if self._feed is not None:
            raise RuntimeError("this source is running already")
        self._feed = feed

    def shut(self) -> None:
        """Take none any more, and feed nothing; the one who is here is the caller's to send away."""
        self._feed = None

    def refusal(self) -> Refusal | None:
        """Say why no publisher would be taken now; None when one might be."""
        if self._feed is None:
            return Refusal.IDLE
        if self.publisher is not None and self._on_duplicate is OnDuplicate.REJECT:
            return Refusal.DUPLICATE
        return None

    def admit(self, publisher: Publisher) -> Refusal | None:
        """Take ``publisher`` on, in place of the one before it, and return None, or say why not."""
        refused = self.refusal()
        if refused is None and self.publisher is not None:
            if not self._takeovers.take():
                return Refusal.STORM
            self.taken_over += 1
            self._end(self.publisher, "another publisher took over")
        if refused is None:
            self.publisher = publisher
            self.published += 1
        return refused

    def hears(self, publisher: Publisher) -> bool:
        """Whether what ``publisher`` sends goes to the room."""
        return publisher is self.publisher and self._feed is not None

    def take(self, item: SourceItem) -> None:
        """Hand an item of the present publisher on."""
        if isinstance(item, Packet):
            self.packets += 1
            self.bytes += len(item.data)
        if self._feed is not None:
            self._feed(item)

    def release(self, publisher: Publisher, reason: str) -> bool:
        """Note that ``publisher`` is gone; False when it was not, or no longer, the one."""
        if publisher is not self.publisher:
            return False
        self.publisher = None
        if self._feed is not None:
            self._feed(Disconnected(reason))
        return True
