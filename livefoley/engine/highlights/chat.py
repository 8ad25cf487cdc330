"""Finds bursts in a room's chat: more people write than did a while ago, in this room.

A count of writers a second, over a short window, is judged against the median of such windows over the last minutes and
their spread (median absolute deviation, never less than chance alone would scatter a Poisson count). A room of ten
and a room of ten thousand are so judged alike, and an evening that fills slowly is no burst.
"""

from __future__ import annotations

import math
import statistics
import unicodedata
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from livefoley.core.highlights import ChatBurst

WINDOW_S = 5  # what is judged
BASELINE_S = 180  # what it is judged against
WARM_UP_S = 20  # before that, nothing is unusual
BEGIN, END = 5.0, 2.0
"""How many spreads above the median a burst begins and ends."""

MIN_WRITERS = 6  # in a window: in a room where nobody writes, two lines are no burst
LONGEST_S = 60  # a burst that goes on for longer has become the usual
MAX_READ_PER_S = 200  # texts looked at for words; the rest is counted only
MAX_WRITERS_PER_S = 4096  # told apart; more are counted by the message
MAX_TEXT = 200  # characters of a message that are looked at
MAD_TO_SIGMA = 1.4826  # for a normal distribution

DEFAULT_WORDS = (
    *("666", "哈哈", "牛", "冲", "绝了", "太强", "卧槽", "啊啊", "抢到", "买了", "拍了", "下单", "好球", "漂亮"),
    *("gg", "pog", "omg", "wow", "lol", "lmao", "clutch", "let's go", "goal", "insane", "bought", "got it"),
)
"""What an excited audience writes."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """What somebody wrote; ``user`` tells writers apart and may be empty."""

    text: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class ChatStatistics:
    """Counts since the meter was made; ``unread`` were counted as messages but not looked at for words."""

    messages: int
    unread: int
    bursts: int
    rate: float  # writers a second, over the window
    usual: float


@dataclass(slots=True)
class _Second:
    """What came within one second."""

    writers: int = 0
    read: int = 0
    hits: int = 0
    users: set[str] = field(default_factory=set)


class ChatMeter:
    """Messages in, bursts out. ``now`` is in seconds and never goes back; memory is bounded whatever comes."""

    def __init__(self, words: Iterable[str] = DEFAULT_WORDS) -> None:
        self._words = tuple(fold(word) for word in words)
        self._current = _Second()
        self._second: int | None = None  # the one that is being counted
        self._window: deque[_Second] = deque(maxlen=WINDOW_S)
        self._past: deque[int] = deque(maxlen=BASELINE_S)  # sums over a window, one a second
        self._during: list[int] = []  # the same, since the burst began
        self._burst: ChatBurst | None = None
        self._over_s = -math.inf  # where the last one ended
        self._bursts = self._messages = self._unread = 0
        self._rate = self._usual = 0.0

    def feed(self, messages: Iterable[ChatMessage], now: float) -> list[ChatBurst]:
        """Take what was written by ``now``; return what is known anew of bursts."""
        found = self.advance(now)
        for message in messages:
            self._count(message)
        return found

    def advance(self, now: float) -> list[ChatBurst]:
        """Let time pass; return what is known anew of bursts."""
        second = math.floor(now)
        if self._second is None:
            self._second = second
        if second - self._second > BASELINE_S:  # nothing for long: begin anew at its last minutes
            self._second = second - BASELINE_S
        found: list[ChatBurst] = []
        while self._second < second:
            found += self._close(self._second + 1)
            self._second += 1
        return found

    def statistics(self) -> ChatStatistics:
        """Return a snapshot."""
        return ChatStatistics(self._messages, self._unread, self._bursts, self._rate, self._usual)

    # ---- counting ----

    def _count(self, message: ChatMessage) -> None:
        current = self._current
        self._messages += 1
        if message.user and len(current.users) < MAX_WRITERS_PER_S:
            if message.user in current.users:
                return
            current.users.add(message.user)
        current.writers += 1
        if current.read >= MAX_READ_PER_S:
            self._unread += 1
            return
        current.read += 1
        text = fold(message.text[:MAX_TEXT])
        current.hits += any(word in text for word in self._words)

    # ---- judging ----

    def _close(self, end_s: int) -> list[ChatBurst]:
        """End the second before ``end_s`` and judge the window that ends there."""
        self._current.users.clear()
        self._window.append(self._current)
        self._current = _Second()
        writers = sum(second.writers for second in self._window)
        found = self._judge(writers, end_s)
        (self._past if self._burst is None else self._during).append(writers)
        return found

    def _judge(self, writers: int, end_s: int) -> list[ChatBurst]:
        usual, spread = self._baseline()
        excess = (writers - usual) / spread
        self._rate, self._usual = writers / WINDOW_S, usual / WINDOW_S
        if self._burst is None:
            if len(self._past) < WARM_UP_S or writers < MIN_WRITERS or excess < BEGIN:
                return []
            self._bursts += 1
            start_s = max(end_s - self._length(usual), self._over_s)
            return [self._tell(self._bursts, start_s, end_s, excess)]
        if end_s - self._burst.start_s > LONGEST_S:  # this is how the room is now
            self._past.clear()
            self._past.extend(self._during)
            return [self._end(end_s)]
        if excess < END:
            return [self._end(end_s)]
        return [self._tell(self._burst.id, self._burst.start_s, end_s, excess)]

    def _baseline(self) -> tuple[float, float]:
        """Return the usual number of writers in a window, and how far windows scatter about it."""
        if not self._past:
            return 0.0, 1.0
        usual = float(statistics.median(self._past))
        deviation = float(statistics.median(abs(sum_ - usual) for sum_ in self._past))
        return usual, max(MAD_TO_SIGMA * deviation, math.sqrt(usual) + 0.5)

    def _length(self, usual: float) -> int:
        """Return how many of the window's last seconds are above the usual: when the burst began."""
        length = 0
        for second in reversed(self._window):
            if second.writers <= usual / WINDOW_S + 1:
                break
            length += 1
        return max(1, length)

    def _tell(self, number: int, start_s: float, end_s: float, excess: float) -> ChatBurst:
        read = sum(second.read for second in self._window)
        share = sum(second.hits for second in self._window) / read if read else 0.0
        score = burst_score(excess, share)
        writers = sum(second.writers for second in self._window)
        if self._burst is not None:
            score, writers = max(score, self._burst.score), max(writers, self._burst.writers)
        self._burst = ChatBurst(number, start_s, end_s, self._rate, self._usual, share, score, writers)
        return self._burst

    def _end(self, end_s: float) -> ChatBurst:
        before, self._burst, self._over_s = self._burst, None, end_s
        self._during.clear()
        assert before is not None  # noqa: S101 - for the type checker
        return replace(before, end_s=end_s, rate=self._rate, usual=self._usual, over=True)


def burst_score(excess: float, share: float) -> float:
    """Return 0..1 from how many spreads above the usual it is, and the share of excited words in it."""
    unusual = 1.0 - math.exp(-max(0.0, excess) / 10.0)
    return min(1.0, unusual * (0.75 + 0.5 * min(1.0, share / 0.5)))


def fold(text: str) -> str:
    """Return ``text`` as it is compared: full-width forms and case do not matter."""
    return unicodedata.normalize("NFKC", text).casefold()
