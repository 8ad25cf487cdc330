"""Strangers at the RTMP port: who holds places, who sends what is no stream, who was cut and comes again."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from livefoley.core.media import MediaKind
from livefoley.media.loop_share import LoopShare
from livefoley.media.penalties import FIRST_S, FORGOTTEN_S, LONGEST_S, Penalties
from livefoley.media.rtmp.limits import RtmpLimits
from tests.live.rtmp_client import connect
from tests.live.rtmp_peers import KEY, capture, serving, url
from tests.support.strangers import HELLO
from tests.support.waiting import until

pytestmark = pytest.mark.live


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.contextmanager
def half_open(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Connections of nine addresses that begin a handshake and do not go on."""
    with contextlib.ExitStack() as stack:
        made = []
        for number in range(count):
            source = f"127.0.0.{2 + number % 9}", 0
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5, source_address=source))
            with contextlib.suppress(OSError):
                one.sendall(HELLO[:700])
            made.append(one)
        yield made


async def test_the_owner_gets_in_and_stays_however_many_connect_and_do_not_go_on() -> None:
    limits = RtmpLimits(max_connections=20, max_connections_per_ip=5)
    async with serving(limits=limits) as server, capture(server.register(KEY)) as captured:
        with half_open(server.port, 60):
            await until(lambda: server.statistics().rejected.get("full", 0) >= 40)
            async with connect(url(server)) as owner:
                await owner.publish()
                await owner.header()
                with half_open(server.port, 60):
                    await until(lambda: server.statistics().rejected.get("full", 0) >= 100)
                    assert server.statistics().connections <= 21
                    await owner.picture()
                    await captured.wait(lambda got: got.packets(MediaKind.VIDEO))
                    assert captured.disconnects == []


async def test_a_flood_of_one_byte_messages_is_cut_and_its_address_waits() -> None:
    clock = Clock()
    async with serving(now=clock) as server, capture(server.register(KEY)) as captured:
        for times in range(1, 4):
            with socket.create_connection(("127.0.0.1", server.port), 5, source_address=("127.0.0.2", 0)) as stranger:
                begun = b"\x04" + bytes(6) + b"\x08\x01\x00\x00\x00"
                with contextlib.suppress(OSError):
                    stranger.sendall(HELLO + HELLO[1:] + begun + b"\xc4" * 8192)
                await until(lambda count=times: server.statistics().rejected.get("protocol") == count)
        assert server.penalty_s("127.0.0.2") == 4 * FIRST_S
        assert server.penalty_s("127.0.0.1") == 0
        async with connect(url(server)) as owner:
            await owner.publish()
        await captured.wait(lambda got: got.disconnects)


def test_an_address_that_was_cut_waits_longer_each_time_up_to_a_limit_and_is_forgotten() -> None:
    clock = Clock()
    penalties = Penalties(clock, names=3)
    waits = []
    for _ in range(10):
        penalties.add("a")
        waits.append(penalties.of("a"))
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-1] == LONGEST_S
    clock.now += FORGOTTEN_S
    assert penalties.of("a") == 0
    for name in "bcde":
        penalties.add(name)
    assert [penalties.of(name) > 0 for name in "bcde"] == [False, True, True, True]


async def test_strangers_have_their_share_of_the_loop_and_take_turns_by_address() -> None:
    clock, went = Clock(), list[str]()
    share = LoopShare(0.5, burst_s=0.01, now=clock)
    assert not share.spent
    with share.spending():
        clock.now += 0.1
    assert share.spent
    for number in range(3):
        for address in ("flooding", "other"):
            share.wait(address, lambda name=f"{address} {number}": went.append(name))
    clock.now += 0.1
    assert share.spent, "half of the time is not theirs"
    clock.now += 10.0
    await until(lambda: len(went) == 6)
    assert {went[0].split()[0], went[1].split()[0]} == {"flooding", "other"}
    assert share.waits == 6
