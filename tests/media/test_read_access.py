"""Who may watch and read: each row of the table, for every way of reading."""

from __future__ import annotations

import pytest

from livefoley.media.access.admission import Client, Refused
from livefoley.media.access.read_access import CLIPS, HLS, WEBRTC, ReadAccess
from livefoley.media.auth import AuthRequest

STRANGER, VIEWER = Client("203.0.113.1", ""), Client("203.0.113.2", "a-key")


class Hook:
    async def allow(self, request: AuthRequest) -> bool:
        return request.token == "a-key"

    async def aclose(self) -> None:
        pass


async def _lets(readers: ReadAccess, client: Client, protocol: str) -> bool:
    try:
        await readers.let_in("stage", client, protocol)
    except Refused as refused:
        return refused.status not in (401, 403)
    return True


@pytest.mark.parametrize("protocol", [WEBRTC, HLS, CLIPS])
@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize(
    ("key", "public", "hook", "stranger"),
    [
        ("a-key", False, False, False),
        ("a-key", False, True, False),
        (None, True, False, True),
        (None, True, True, True),
        (None, False, True, False),
        (None, False, False, None),  # HLS and clips: everybody; WebRTC: this machine
    ],
)
async def test_one_rule_holds_however_a_room_is_read(
    protocol: str, loopback: bool, key: str | None, public: bool, hook: bool, stranger: bool | None
) -> None:
    readers = ReadAccess(loopback=loopback, auth=Hook() if hook else None)
    readers.register("stage", key, public=public)
    expected = stranger if stranger is not None else protocol != WEBRTC or loopback
    assert await _lets(readers, STRANGER, protocol) is expected
    assert await _lets(readers, VIEWER, protocol) is (stranger is not None or expected)
    assert readers.guarded("stage") is (stranger is False)


async def test_wrong_keys_of_one_address_count_over_all_ways_and_never_against_the_right_one() -> None:
    readers = ReadAccess(loopback=False, now=lambda: 0.0)
    readers.register("stage", "a-key")
    wrong = Client(VIEWER.ip, "wrong")
    statuses = []
    for number in range(40):
        with pytest.raises(Refused) as refused:
            readers.check("stage", wrong, HLS if number % 2 else WEBRTC)
        statuses.append(refused.value.status)
    assert (statuses[:30], statuses[30:]) == ([401] * 30, [429] * 10)
    await readers.let_in("stage", VIEWER, HLS)
    assert readers.rejected(HLS) == {"key": 15, "rate": 5}
