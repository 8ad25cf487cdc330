"""Finds bursts in a room's chat: more people write than did a while ago, in this room.

A count of writers over a short window is judged against the median of such windows over the last minutes and their
spread (median absolute deviation, never less than chance alone would scatter a Poisson count, and never so little that
what happens every other minute were unusual). A room of ten and a room of ten thousand are so judged alike, and an
evening that fills slowly is no burst. Who counts is told apart over the same window that is judged: two who talk are
two, however much they write, and one text is few people, unless it is a short excited one (see `ChatWords`).
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from livefoley.core.highlights import ChatBurst
from livefoley.engine.highlights.chat_lines import DEFAULT_WORDS, EXCITED, ChatWords, parted

WINDOW_S = 5  # what is judged
BASELINE_S = 180  # what it is judged against
WARM_UP_S = 20  # before that, nothing is unusual
BEGIN, END = 5.0, 2.0
"""How many spreads above the median a burst begins and ends."""

MIN_WRITERS = 6  # in a window: in a room where nobody writes, two lines are no burst
ALIKE = 3  # writers that one text counts for at most
UNNAMED = 0.5  # of a writer, for a line without one: its writer may have written before
HIGH = 90  # percentile of the last minutes up to which nothing is unusual
LONGEST_S = 60  # a burst that goes on for longer has become the usual
MAX_READ_PER_S = 200  # texts looked at for words; the rest is counted only
MAX_WRITERS_PER_S = 4096  # told apart; more are counted by the message
MAD_TO_SIGMA = 1.4826  # for a normal distribution


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
    """What came within one second: who wrote which text, the texts of nobody in particular, and lines not read."""

    named: dict[int, str] = field(default_factory=dict)
    unnamed: Counter[str] = field(default_factory=Counter)
    unread_users: set[int] = field(default_factory=set)
    unread_lines: int = 0
    read: int = 0
    hits: int = 0


class ChatMeter:
    """Messages in, bursts out. ``now`` is in seconds and never goes back; memory is bounded whatever comes."""

    def __init__(self, words: Iterable[str] = DEFAULT_WORDS) -> None:
        self._words = ChatWords(words)
        self._current = _Second()
        self._second: int | None = None  # the one that is being counted
        self._window: deque[_Second] = deque(maxlen=WINDOW_S)
        self._past: deque[float] = deque(maxlen=BASELINE_S)  # writers in a window, one count a second
        self._during: list[float] = []  # the same, since the burst began
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
        current, self._messages = self._current, self._messages + 1
        user = hash(message.user) if message.user else None
        if current.read >= MAX_READ_PER_S:
            self._unread += 1
            if user is None or len(current.unread_users) >= MAX_WRITERS_PER_S:
                current.unread_lines += 1
            elif user not in current.named:
                current.unread_users.add(user)
            return
        if user is not None and current.named.get(user) == EXCITED:  # nothing more can be learned of this one
            return
        current.read += 1
        key, hit = self._words.key(message.text)
        current.hits += hit
        if user is None:
            current.unnamed[key] += 1
        elif key == EXCITED or user not in current.named:
            current.named[user] = key

    def _writers(self) -> float:
        """Return about how many people write in the window: each once, and of one text a few."""
        named: dict[int, str] = {}
        people: Counter[str] = Counter()
        for second in self._window:
            named.update((user, key) for user, key in second.named.items() if named.get(user) != EXCITED)
        people.update(named.values())
        lines = float(people.total())
        weighed: dict[str, float] = {key: float(count) for key, count in people.items()}
        for second in self._window:
            for key, count in second.unnamed.items():
                weighed[key] = weighed.get(key, 0.0) + UNNAMED * count
                lines += UNNAMED * count
        counted = weighed.pop(EXCITED, 0.0) + _of_different_texts(weighed)
        unread = {user for second in self._window for user in second.unread_users} - named.keys()
        more = len(unread) + UNNAMED * sum(second.unread_lines for second in self._window)
        return counted + (more * counted / lines if lines else 0.0)  # those who were not read are as those who were

    # ---- judging ----

    def _close(self, end_s: int) -> list[ChatBurst]:
        """End the second before ``end_s`` and judge the window that ends there."""
        self._window.append(self._current)
        self._current = _Second()
        writers = self._writers()
        found = self._judge(writers, end_s)
        (self._past if self._burst is None else self._during).append(writers)
        return found

    def _judge(self, writers: float, end_s: int) -> list[ChatBurst]:
        usual, spread = self._baseline()
        excess = (writers - usual) / spread
        self._rate, self._usual = writers / WINDOW_S, usual / WINDOW_S
        if self._burst is None:
            if len(self._past) < WARM_UP_S or writers < MIN_WRITERS or excess < BEGIN:
                return []
            self._bursts += 1
            start_s = max(end_s - self._length(usual), self._over_s)
            return [self._tell(self._bursts, start_s, end_s, excess, writers)]
        if end_s - self._burst.start_s > LONGEST_S:  # this is how the room is now
            self._past.clear()
            return [self._end(end_s)]
        if excess < END:
            return [self._end(end_s)]
        return [self._tell(self._burst.id, self._burst.start_s, end_s, excess, writers)]

    def _baseline(self) -> tuple[float, float]:
        """Return the usual number of writers in a window, and how far windows scatter about it."""
        if not self._past:
            return 0.0, 1.0
        usual = float(statistics.median(self._past))
        deviation = float(statistics.median(abs(count - usual) for count in self._past))
        high = (float(np.percentile(self._past, HIGH)) - usual) / BEGIN
        return usual, max(MAD_TO_SIGMA * deviation, high, math.sqrt(usual) + 1.0)

    def _length(self, usual: float) -> int:
        """Return how many of the window's last seconds are above the usual: when the burst began."""
        length = 0
        for second in reversed(self._window):
            if len(second.named) + len(second.unread_users) + second.unnamed.total() <= usual / WINDOW_S + 1:
                break
            length += 1
        return max(1, length)

    def _tell(self, number: int, start_s: float, end_s: float, excess: float, writers: float) -> ChatBurst:
        read = sum(second.read for second in self._window)
        share = sum(second.hits for second in self._window) / read if read else 0.0
        score, people, rate, usual = burst_score(excess, share), round(writers), self._rate, self._usual
        if (before := self._burst) is not None:
            score = max(score, before.score)
            if before.writers >= people:  # it is told as it was at its height
                people, rate, usual, share = before.writers, before.rate, before.usual, before.share
        self._burst = ChatBurst(number, start_s, end_s, rate, usual, share, score, people)
        return self._burst

    def _end(self, end_s: float) -> ChatBurst:
        """Close the burst, told as it was at its height; what happens so often is the room's usual."""
        before, self._burst, self._over_s = self._burst, None, end_s
        self._past.extend(self._during)
        self._during.clear()
        assert before is not None  # noqa: S101 - for the type checker
        return replace(before, end_s=end_s, over=True)


def _of_different_texts(people: Mapping[str, float]) -> float:
    """Return how many of the writers of these texts count: of those whose texts begin or end alike, a few."""
    heads, tails = defaultdict[str, float](float), defaultdict[str, float](float)
    for key, count in people.items():
        head, tail = parted(key)
        heads[head] += count
        tails[tail] += count
    return min(sum(min(count, float(ALIKE)) for count in each.values()) for each in (heads, tails))


def burst_score(excess: float, share: float) -> float:
    """Return 0..1 from how many spreads above the usual it is, and the share of excited words in it."""
    unusual = 1.0 - math.exp(-max(0.0, excess) / 10.0)
    return min(1.0, unusual * (0.75 + 0.5 * min(1.0, share / 0.5)))
