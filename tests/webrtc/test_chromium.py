"""Real Chromium with livefoley's own pages: publishes by WHIP, watches by WHEP, falls back to HLS."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from livefoley.demo.sidecar import KEY, ROOM, Sidecar
from tests.support.peers import require
from tests.support.programs import run_peer
from tests.support.sidecars import client, sidecar, sounded, wait_room
from tests.support.waiting import LIMIT_S, until
from tests.webrtc.browser import Browser, Page, chromium

pytestmark = pytest.mark.live

RING_S = 3.0  # from a cue to where its bell has rung
QUIET = {"enabled": True, "bed": {"enabled": False}}
SILENT: dict[str, Any] = {"lookahead_s": 0.5, "foley": {"enabled": False}}
WIDTHS = (640, 480, 320)  # the camera's, and what Chromium makes of it when it finds the machine too busy
SMALL_CAMERA = """
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask({ ...wanted, video: { width: 640, height: 360, frameRate: 20 } });
    // a busy machine shall cost Chromium pictures before it costs their size
    stream.getVideoTracks().forEach((track) => (track.contentHint = "detail"));
    return stream;
  };
"""
LISTEN = """(async () => {
  const context = new AudioContext({ sampleRate: 48000 });
  const analyser = context.createAnalyser();
  analyser.fftSize = 32768;  // two thirds of a second: a page that is kept from looking misses nothing
  context.createMediaStreamSource(document.getElementById("video").srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize), length = 2048;
  window.loudest = window.now = 0;
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    window.now = 0;
    samples.forEach((sample, at) => {
      sum += sample * sample - (at < length ? 0 : samples[at - length] ** 2);
      window.now = Math.max(window.now, sum / length);
    });
    window.loudest = Math.max(window.loudest, window.now);
  }, 100);
  await context.resume();
  return context.state;
})()"""


@asynccontextmanager
async def stage(place: Path, **room: Any) -> AsyncIterator[tuple[Sidecar, httpx.AsyncClient]]:
    """A sidecar with one room."""
    async with sidecar(place, **{"on_drop": "audio", **room}) as made, client(made) as http:
        yield made, http


def silence(path: Path) -> Path:
    """Write a second of silence."""
    with wave.open(str(path), "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(48_000)
        made.writeframes(bytes(96_000))
    return path


async def go_live(browser: Browser, url: str) -> Page:
    """Publish the fake camera with the publish page."""
    page = await browser.open(url, before=SMALL_CAMERA)
    await page.run(f"document.getElementById('key').value = '{KEY}'")
    await page.run("document.getElementById('start').click()")
    await page.until("!document.getElementById('stop').hidden")
    return page


async def pictures(page: Page, count: int) -> dict[str, Any]:
    """Wait until so many pictures were decoded; return what the page knows of them."""
    await page.until(f"document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames > {count}")
    return dict(await page.run("(({videoWidth, muted}) => ({videoWidth, muted}))(document.getElementById('video'))"))


async def plays_smoothly(page: Page) -> None:
    """Wait until a page has played a second without a freeze: a busy machine may need a few."""

    async def playing() -> dict[str, Any]:
        statistics = await page.run("livefoleySession().connection.getStats().then(all => [...all.values()])")
        return next(one for one in statistics if one["type"] == "inbound-rtp" and one["kind"] == "video")

    async def more_than(count: int) -> dict[str, Any] | None:
        return now if (now := await playing())["framesDecoded"] > count else None

    async with asyncio.timeout(LIMIT_S):
        last = await playing()
        while True:
            before, last = last, await until(lambda count=last["framesDecoded"] + 20: more_than(count))
            if last["freezeCount"] == before["freezeCount"]:
                return


async def loudest_db(page: Page, made: Sidecar, http: httpx.AsyncClient) -> float:
    """Lay a cue; return the loudest 43 ms the page plays until it has left, in dBFS."""
    before = await made.room()
    await page.run("window.loudest = 0")
    last = before
    while sounded(last) == sounded(before):  # a busy machine may be too late for one
        assert (await http.post(f"/v1/rooms/{ROOM}/cues", json={"effect": "BELLMisc_Ding"})).is_success
        last = await wait_room(made, settled)
    await wait_room(made, lambda room: room["position_s"] >= last["position_s"] + RING_S)
    await page.until("window.now < 1e-8")
    return float(10 * np.log10(await page.run("window.loudest") + 1e-12))


def settled(room: dict[str, Any]) -> bool:
    """Say whether something became of every accent that was asked for."""
    counts = {each["outcome"]: each["count"] for each in room["cues"] if each["kind"] == "accent"}
    asked = counts.pop("requested", 0)
    return 0 < asked <= sum(counts.values())


def recorded_db(path: Path) -> float:
    """Return the loudest 43 ms of a recording, in dBFS."""
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)])
    power = np.convolve(sound.astype(np.float64) ** 2, np.full(2048, 1 / 2048), "valid")
    return float(10 * np.log10(power.max()))


async def test_chromium_publishes_by_whip_watches_by_whep_and_hears_a_cue_with_and_without_foley(
    tmp_path: Path,
) -> None:
    capture = f"--use-file-for-fake-audio-capture={silence(tmp_path / 'silence.wav')}"
    room = {"source": {"whip": {"key": KEY}}, "foley": QUIET, "actions": {"enabled": False}, "stem": True}
    async with (
        stage(tmp_path, **room, sinks=[{"file": f"{tmp_path}/out.mp4"}]) as (made, client),
        chromium(tmp_path, capture) as browser,
    ):
        base = f"http://127.0.0.1:{made.ports.http}/{ROOM}"
        viewer = await browser.open(base)  # before there is anything to watch: it begins by itself
        publisher = await go_live(browser, f"{base}/publish")
        await viewer.until("document.getElementById('way').textContent === 'WebRTC'")
        await pictures(viewer, 60)
        assert await viewer.run(LISTEN) == "running"
        with_foley = await loudest_db(viewer, made, client)
        await viewer.run("document.getElementById('foley').click()")
        await viewer.until("document.getElementById('foley').getAttribute('aria-pressed') === 'false'")
        without_foley = await loudest_db(viewer, made, client)
        assert (await pictures(viewer, 120))["videoWidth"] in WIDTHS
        await plays_smoothly(viewer)
        assert await viewer.run("document.getElementById('latency').textContent")
        assert not [line for line in publisher.console + viewer.console if "409" not in line]
        audience = (await made.room())["audience"]
        await publisher.run("document.getElementById('stop').click()")
        await made.stop()
    assert audience["dropped_frames"] == 0
    assert abs(with_foley - recorded_db(tmp_path / "out.mp4")) < 2
    assert with_foley > -40
    assert without_foley < -70


async def test_a_publisher_sees_himself_before_air_and_viewers_are_told_when_he_is_away(tmp_path: Path) -> None:
    room = {"source": {"whip": {"key": KEY}}, **SILENT, "sinks": [], "on_drop": "freeze"}
    async with stage(tmp_path, **room) as (made, _), chromium(tmp_path, "--window-size=1280,800") as browser:
        base = f"http://127.0.0.1:{made.ports.http}/{ROOM}"
        page = await browser.open(f"{base}/publish#{KEY}", before=SMALL_CAMERA)
        await page.send("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
        await page.until("document.getElementById('video').videoWidth > 0")  # nothing was clicked
        await page.until("document.getElementById('camera').options.length > 0")
        await page.until("document.getElementById('microphone').options.length > 0")
        await page.until("document.getElementById('level').value > -60")  # Chromium's camera beeps
        assert (await made.room())["source"]["connects"] == 0
        await page.run("document.getElementById('start').click()")
        await page.until("document.getElementById('state').classList.contains('live')")
        for part in ("state", "stop", "figures", "video"):
            bottom = await page.run(f"document.getElementById('{part}').getBoundingClientRect().bottom")
            assert 0 < bottom <= 800, part
        viewer = await browser.open(base)
        await pictures(viewer, 10)
        assert await viewer.run("document.getElementById('away').hidden")
        await page.run("document.getElementById('stop').click()")
        await viewer.until("!document.getElementById('away').hidden")
        assert "away" in await viewer.run("document.getElementById('away').textContent")


async def test_a_room_webrtc_cannot_carry_plays_by_hls_and_says_what_to_change(
    tmp_path: Path, b_frames_clip: Path
) -> None:
    room = {"source": {"rtmp": {"key": KEY}}, **SILENT, "sinks": [{"hls": f"{tmp_path}/hls"}]}
    room["whep"] = {"key": "play-key"}  # which guards HLS, too
    async with stage(tmp_path, **room) as (made, _), chromium(tmp_path) as browser:
        command = [require("ffmpeg"), "-v", "error", "-re", "-stream_loop", "-1", "-i", b_frames_clip, "-c", "copy"]
        publishing = asyncio.create_task(run_peer(*command, "-f", "flv", made.ports.publish_url))
        await until((tmp_path / "hls" / "index.m3u8").exists)
        viewer = await browser.open(f"http://127.0.0.1:{made.ports.http}/{ROOM}#play-key")
        await viewer.until("document.getElementById('way').textContent === 'HLS'")
        await viewer.until("document.getElementById('why').textContent.includes('B-frames')")
        assert not await viewer.run("document.getElementById('notice').textContent")  # once is enough
        assert (await pictures(viewer, 60))["videoWidth"] == 320
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def test_the_page_asks_for_the_play_key_and_takes_it_from_the_fragment_too(tmp_path: Path) -> None:
    room = {"source": {"whip": {"key": KEY}}, "whep": {"key": "play-key"}, "sinks": [{"hls": f"{tmp_path}/hls"}]}
    async with stage(tmp_path, **room, **SILENT) as (made, _), chromium(tmp_path) as browser:
        base = f"http://127.0.0.1:{made.ports.http}/{ROOM}"
        await go_live(browser, f"{base}/publish#{KEY}")
        asked = await browser.open(base)
        await asked.until("!document.getElementById('key-form').hidden")
        await asked.run("document.getElementById('key').value = 'play-key'")
        await asked.run("document.getElementById('key-form').requestSubmit()")
        given = await browser.open(f"{base}#play-key")
        for page in (asked, given):
            await pictures(page, 10)
        assert "play-key" not in (tmp_path / "sidecar.log").read_text()
