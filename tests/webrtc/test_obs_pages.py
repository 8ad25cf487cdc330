"""Real OBS in, real Chromium out: what viewers get with OBS's own preset, and once it sends no B-frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from livefoley.demo.sidecar import ROOM
from tests.support.obs import obs
from tests.support.ports import free_port
from tests.support.sidecars import sidecar, wait_room
from tests.webrtc.browser import Page, chromium

pytestmark = pytest.mark.live

RAIN: dict[str, Any] = {"describe": "heavy rain", "stem": True, "lookahead_s": 1.0, "actions": {"enabled": False}}
LOUD = {"bed": {"gain_db": -9}, "student": "never"}
HISS = """(async () => {
  const video = document.getElementById("video");
  const context = new AudioContext({ sampleRate: 48000 });
  const analyser = context.createAnalyser();
  [analyser.fftSize, analyser.smoothingTimeConstant] = [8192, 0.5];
  context.createMediaStreamSource(video.srcObject ?? video.captureStream()).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  window.hiss = () => {  // between 3 and 9 kHz, far above OBS's tone
    analyser.getFloatFrequencyData(bins);
    const wanted = bins.slice(512, 1536);
    return 10 * Math.log10(wanted.reduce((sum, db) => sum + 10 ** (db / 10), 1e-30));
  };
  window.jumps = 0;
  for (const name of ["seeking", "loadstart"]) video.addEventListener(name, () => (window.jumps += 1));
  await context.resume();
})()"""
MARGIN_DB = 15


async def shows(page: Page, way: str) -> None:
    """Wait until the page plays pictures that way."""
    await page.until(f"document.getElementById('way').textContent === '{way}'")
    await page.until("document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames > 30")
    await page.until("document.getElementById('video').readyState > 2")


async def switches_by_keyboard(page: Page) -> None:
    """Take the foley away and bring it back with the Enter key; each time the rain must go and come without a jump."""
    await page.run(HISS)
    await page.until("hiss() > -60")
    loud_db = await page.run("hiss()")
    await page.run("document.getElementById('foley').focus()")
    for pressed, heard in (
        ("false", f"hiss() < {loud_db - MARGIN_DB}"),
        ("true", f"hiss() > {loud_db - MARGIN_DB / 2}"),
    ):
        enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        await page.send("Input.dispatchKeyEvent", type="keyDown", text="\r", **enter)
        await page.send("Input.dispatchKeyEvent", type="keyUp", **enter)
        await page.until(f"document.getElementById('foley').getAttribute('aria-pressed') === '{pressed}'")
        at_s = await page.run("document.getElementById('video').currentTime")
        await page.until(f"document.getElementById('video').currentTime > {at_s} + 1 && {heard}")
    assert await page.run("window.jumps") == 0


async def test_obs_as_it_is_plays_by_hls_with_a_reason_and_without_b_frames_by_webrtc_both_with_and_without_foley(
    tmp_path: Path,
) -> None:
    room = {**RAIN, "foley": LOUD, "sinks": [{"hls": f"{tmp_path}/hls"}]}
    async with sidecar(tmp_path, **room) as made, chromium(tmp_path) as browser:
        url, port = f"http://127.0.0.1:{made.ports.http}/{ROOM}", free_port()
        async with obs(port, tmp_path / "default.log", made.ports.publish_url, preset="veryfast"):
            await wait_room(made, lambda room: room["position_s"] > 5)
            page = await browser.open(url)
            await shows(page, "HLS")
            why = await page.run("document.getElementById('why').textContent")
            assert "B-frames" in why
            assert "bframes=0" in why
            await switches_by_keyboard(page)
        await wait_room(made, lambda room: not room["publisher_connected"])
        async with obs(port, tmp_path / "without.log", made.ports.publish_url):
            await wait_room(made, lambda room: room["publisher_connected"])
            await shows(page, "WebRTC")  # by itself
            assert not await page.run("document.getElementById('why').textContent")
            await switches_by_keyboard(page)
