"""An OBS-like publisher: OBS's own WebRTC library, OBS's manners."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from livefoley.formats import nal
from tests.webrtc import obs_like
from tests.webrtc.conftest import KEY, House

pytestmark = pytest.mark.live


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory, video: list[bytes], sound: list[bytes]) -> Path:
    return obs_like.record(tmp_path_factory.mktemp("obs") / "stream", video, sound)


@pytest.mark.parametrize("options", [(), ("--candidates",)], ids=["OBS 30.2", "OBS 30.0"])
async def test_obs_publishes_and_every_access_unit_comes_out_as_it_went_in(
    house: House, program: Path, recording: Path, video: list[bytes], sound: list[bytes], options: tuple[str, ...]
) -> None:
    url = f"{house.client.base_url}/stage/whip"
    async with obs_like.publishing(program, url, KEY, recording, *options) as obs:
        assert (await obs.wait("answered"))["status"] == 201
        assert (await obs.wait("deleted"))["status"] == 200
    sent = [nal.split_annex_b(unit) for unit in video]
    assert [nal.split_length_prefixed(packet.data) for packet in house.packets("video")] == sent
    assert [packet.data for packet in house.packets("audio")] == sound
    assert house.gone == 1


async def test_what_was_sent_before_the_goodbye_comes_out_though_the_goodbye_overtakes_it(
    house: House, program: Path, recording: Path, video: list[bytes], sound: list[bytes]
) -> None:
    """On a busy machine the request is read before the datagrams that wait beside it."""

    async def be_busy() -> None:
        while True:
            await asyncio.sleep(0.02)
            time.sleep(0.3)  # noqa: ASYNC251 - nothing else runs meanwhile

    url = f"{house.client.base_url}/stage/whip"
    async with obs_like.publishing(program, url, KEY, recording, "--hasty") as obs:
        await obs.wait("connected")
        busy = asyncio.create_task(be_busy())
        assert (await obs.wait("deleted"))["status"] == 200
        busy.cancel()
    sent = [nal.split_annex_b(unit) for unit in video]
    assert [nal.split_length_prefixed(packet.data) for packet in house.packets("video")] == sent
    assert [packet.data for packet in house.packets("audio")] == sound
    assert house.gone == 1


@pytest.mark.parametrize("options", [(), ("--candidates",)], ids=["OBS 30.2", "OBS 30.0"])
async def test_obs_connects_every_time(house: House, program: Path, recording: Path, options: tuple[str, ...]) -> None:
    url = f"{house.client.base_url}/stage/whip"
    for _ in range(3):
        async with obs_like.publishing(program, url, KEY, recording, *options, "--stay") as obs:
            await obs.wait("connected")
        assert house.source.session is not None
        await house.source.session.close("the next one comes")
