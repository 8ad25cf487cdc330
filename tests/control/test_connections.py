"""Room at the HTTP port: who comes gets in, who asks for nothing goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livefoley.control.connections import Connections


class Peer:
    """A connection that remembers whether it had to go."""

    def __init__(self, idle: bool) -> None:
        self.idle = idle
        self.gone = False

    def give_way(self) -> None:
        self.gone = True


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=200))
def test_it_stays_bounded_and_the_newest_is_always_in(comers: list[tuple[int, bool]]) -> None:
    connections = Connections(most=10, most_of_address=4)
    peers: list[tuple[int, Peer]] = []
    for address, idle in comers:
        peers.append((address, Peer(idle)))
        connections.opened(peers[-1][1], str(address))
        assert not peers[-1][1].gone
        still = [(where, peer) for where, peer in peers if not peer.gone]
        assert len(still) == len(connections) <= 10
        assert max(sum(where == each for where, _ in still) for each in range(5)) <= 4
    for address, peer in peers:
        connections.closed(peer, str(address))
    assert len(connections) == 0


def test_the_oldest_idle_one_goes_before_any_that_is_busy() -> None:
    connections = Connections(most=4, most_of_address=4)
    first_busy, first_idle, second_idle, last = Peer(False), Peer(True), Peer(True), Peer(True)
    for peer in (first_busy, first_idle, second_idle, last, Peer(False)):
        connections.opened(peer, "a")
    assert [peer.gone for peer in (first_busy, first_idle, second_idle, last)] == [False, True, False, False]


def test_a_crowd_of_one_address_makes_room_for_another() -> None:
    connections = Connections(most=6, most_of_address=6)
    alone = Peer(True)
    connections.opened(alone, "viewer")
    crowd = [Peer(False) for _ in range(50)]
    for peer in crowd:
        connections.opened(peer, "crowd")
    assert not alone.gone
    assert sum(not peer.gone for peer in crowd) == 5
    assert connections.gave_way == {"busy": 45}
