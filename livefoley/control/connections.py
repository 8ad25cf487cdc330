"""How many connections the HTTP port keeps, and who goes when there are too many: whoever asks for nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Container
from typing import Protocol

MOST, MOST_OF_ADDRESS = 1000, 256


class Client(Protocol):
    """A connection, as it is seen when room is needed."""

    @property
    def idle(self) -> bool:
        """Whether no whole request of it is being answered."""
        ...

    def give_way(self) -> None:
        """Close at once."""
        ...


class Connections:
    """The open connections by address, the oldest first. A newcomer always gets in: a probe must find an answer.

    Room is made by an idle connection, the oldest first, of the newcomer's address when that has ``most_of_address``,
    else of the address that has the most; where none of these is idle, by the oldest of them. ``proxies`` speak for
    many: they may have as many as there are, and theirs go last.
    """

    def __init__(
        self,
        most: int = MOST,
        most_of_address: int = MOST_OF_ADDRESS,
        proxies: Container[str] = (),
    ) -> None:
        self.gave_way: Counter[str] = Counter()
        """How many were closed for want of room: "idle" ones and "busy" ones."""
        self.most = most
        self._most_of_address = most_of_address
        self._proxies = proxies
        self._open: dict[str, dict[Client, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def opened(self, client: Client, address: str) -> None:
        """Take a newcomer in."""
        if len(self._open.get(address, ())) >= self._most_of_address and address not in self._proxies:
            self._make_room(address)
        elif len(self) >= self.most:
            self._make_room(max(self._open, key=lambda each: (each not in self._proxies, len(self._open[each]))))
        self._open.setdefault(address, {})[client] = None

    def closed(self, client: Client, address: str) -> None:
        """Forget a connection; one that is not known is no matter."""
        of_address = self._open.get(address)
        if of_address is not None:
            of_address.pop(client, None)
            if not of_address:
                del self._open[address]

    def _make_room(self, address: str) -> None:
        of_address = self._open[address]
        victim = next(itertools.chain((each for each in of_address if each.idle), of_address))
        self.gave_way["idle" if victim.idle else "busy"] += 1
        self.closed(victim, address)
        victim.give_way()
