"""FFmpeg's own WHIP muxer as the publisher, where the build has one that works: PyAV 19 (Python 3.12 and later)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import av
import pytest

from livefoley.formats import nal
from tests.support.peers import impossible
from tests.support.waiting import LIMIT_S
from tests.webrtc.conftest import KEY, House
from tests.webrtc.publisher import RATE

pytestmark = pytest.mark.live

# In a process of its own: opening a network output holds the interpreter's lock.
PUBLISH = """
import sys, time, av
url, key, clip = sys.argv[1:]
with av.open(url, "w", format="whip", options={"authorization": key}) as out, av.open(clip) as source:
    video = out.add_stream_from_template(source.streams.video[0])
    audio = out.add_stream_from_template(source.streams.audio[0])
    began = time.monotonic()
    for packet in source.demux(source.streams.video[0], source.streams.audio[0]):
        if packet.dts is None:
            continue
        base = packet.stream.time_base
        time.sleep(max(0, began + packet.dts * base.numerator / base.denominator - time.monotonic()))
        packet.stream = video if packet.stream.type == "video" else audio
        out.mux(packet)
"""


async def test_ffmpegs_whip_muxer_publishes(house: House, tmp_path: Path) -> None:
    if int(av.__version__.split(".")[0]) < 19:
        impossible("the WHIP muxer of FFmpeg 8 fails its DTLS handshake")
    clip = tmp_path / "clip.mkv"
    with av.open(str(clip), "w") as made:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": "15", "profile": "baseline"}
        video = made.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = made.add_stream("libopus", rate=48000, layout="stereo")
        for index in range(2 * RATE):
            frame = av.VideoFrame(320, 240, "yuv420p")
            frame.pts = index
            made.mux(video.encode(frame))
        for index in range(100):
            sound = av.AudioFrame("s16", "stereo", 960)
            sound.sample_rate, sound.pts = 48000, index * 960
            made.mux(audio.encode(sound))
        made.mux(video.encode(None))
        made.mux(audio.encode(None))
    url = f"{house.client.base_url}/stage/whip"
    command = [sys.executable, "-c", PUBLISH, url, KEY, str(clip)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with av.open(str(clip)) as container:
        sent = [nal.split_length_prefixed(bytes(packet)) for packet in container.demux(video=0) if packet.size]
    came = [nal.split_length_prefixed(packet.data) for packet in house.packets("video")]
    kept = [[unit for unit in units if nal.unit_type("h264", unit) not in (7, 8)] for units in came]
    assert len(kept) >= len(sent) - 2
    assert kept == sent[: len(kept)]
