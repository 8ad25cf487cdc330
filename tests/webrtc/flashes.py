"""A stream to measure lip sync with: a white picture and a 1 ms tick each second; and the measuring."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av import AudioFrame, VideoFrame

from livefoley.demo.measure import mono
from livefoley.demo.recording import read_sound

FPS, RATE = 30, 48_000
WIDTH, HEIGHT = 640, 360


def pictures(seconds: float, *, keyframe_s: float = 1.0, size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[bytes]:
    """Return access units as OBS sends them (no B-frames, parameter sets before each keyframe), white each second."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate = 1_500_000
    extra = "repeat-headers=1:sliced-threads=0:scenecut=0"
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": str(round(keyframe_s * FPS)),
        "x264-params": extra,
    }
    grain = np.random.default_rng(1).integers(0, 30, (size[1], size[0]), np.uint8)
    units: list[bytes] = []
    for number in range(round(seconds * FPS)):
        picture = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
        picture[: size[1]] = 225 if number % FPS == 0 and number else 40 + np.roll(grain, number * 3, 1)
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        units += [bytes(packet) for packet in encoder.encode(frame)]
    return units + [bytes(packet) for packet in encoder.encode(None)]


def ticks(seconds: float) -> list[bytes]:
    """Return Opus packets of 20 ms, stamped as WebRTC does: by what went in."""
    sound = np.zeros(round(seconds * RATE), np.float32)
    tick = 0.8 * np.sin(2 * np.pi * 2000 * np.arange(RATE // 1000) / RATE)
    for second in range(1, int(seconds)):
        sound[second * RATE : second * RATE + len(tick)] = tick
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "stereo", "flt", 128_000
    packets: list[bytes] = []
    for start in range(0, len(sound) - 959, 960):
        block = np.repeat(sound[start : start + 960], 2).reshape(1, -1)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="flt", layout="stereo")
        frame.sample_rate, frame.pts = RATE, start
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def offsets_ms(path: Path) -> list[float]:
    """Return, for each flash in a recording, by how much its tick comes later (ms)."""
    sound = mono(read_sound(path)).astype(np.float64) ** 2
    found = []
    for at_s in _flashes_s(path):
        start = max(0, round((at_s - 0.2) * RATE))
        energy = np.convolve(sound[start : round((at_s + 0.2) * RATE)], np.ones(48), "same")
        if len(energy) > RATE // 10 and energy.max() > 1e-2:
            begins = start + int(np.argmax(energy)) - 24
            found.append(1000 * (begins / RATE - at_s))
    return found


def _flashes_s(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        frames = container.decode(container.streams.video[0])
        return [
            float(frame.pts * frame.time_base.numerator / frame.time_base.denominator)
            for frame in frames
            if np.frombuffer(frame.planes[0], np.uint8)[::997].mean() > 180
        ]
