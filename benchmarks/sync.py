"""How well sound and picture stay together, measured in what a receiver decodes.

    python benchmarks/sync.py [--seconds 60]

All of it at once through one sidecar, by RTMP in and out; nginx-rtmp receives and records.
1. Flash and tick: a white frame and a 1 ms tick every second. How far the tick has moved against its frame, and
   whether that drifts. The same with a publisher whose sound card runs 200 ppm fast and whose clock runs 200 ppm slow.
2. The demo's clip without its sound, so that all sound in the recording is generated: the onsets found in it against
   the frames in which something lands. The value is the 95th percentile of the error of those that got a sound; how
   many did, and how many sounds had no contact, stands beside it. The baseline is what 10 fps sampling alone gives.
3. shared/footage, when it lies beside the repository: generated onsets against those of the clip's own sound (music,
   voices and all; by spectral flux), as F1 within 50 and 100 ms, beside as many onsets laid at random.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import common
import numpy as np
from scipy import ndimage, signal

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, ticks_from_stamp
from livefoley.demo import measure
from livefoley.demo.clip import DemoClip, make_clip
from livefoley.demo.recording import read_pictures, read_sound
from livefoley.demo.run import DESCRIBE
from livefoley.media.files.file_source import read_items
from livefoley.media.reader import Pacer
from livefoley.media.rtmp import RtmpSink
from livefoley.perception.motion.analyser import MotionAnalyser

FPS, WIDTH, HEIGHT = 30, 640, 360
SKEW = 200e-6
TARGET_P95_MS, TARGET_DRIFT_MS = 20.0, 2.0
TAIL_S = 5.0  # look-ahead and what the recording needs
FOOTAGE = {
    "tears_of_steel_fight.mp4": "a fight, punches, metal",
    "friday.mp4": "an office, footsteps",
    "big_buck_bunny_bird.mp4": "a meadow, birds",
    "nasa_13013.mp4": "a machine hall",
}


# ---- flash and tick ----


def flash_and_tick(seconds: int, skew: float = 0.0) -> Path:
    """Return a clip with a white frame each second and, counted in samples that are ``skew`` too fast, a tick."""
    path = common.CACHE / f"flash-{seconds}-{skew * 1e6:.0f}.mp4"
    if not path.exists():
        common.CACHE.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"partial-{path.name}")
        _write_flashes(partial, seconds, _ticks(seconds, skew))
        partial.replace(path)
    return path


def _ticks(seconds: int, skew: float) -> np.ndarray:
    track = np.zeros((2, round(seconds * TICK_RATE * (1 + skew))), np.float32)
    tick = 0.8 * np.sin(2 * np.pi * 2000 * np.arange(TICK_RATE // 1000) / TICK_RATE)
    for second in range(1, seconds):
        start = round(second * TICK_RATE * (1 + skew))
        track[:, start : start + len(tick)] = tick
    return track


def _write_flashes(path: Path, seconds: int, sound: np.ndarray) -> None:
    options = {"preset": "superfast", "bf": "2", "g": str(2 * FPS), "x264-params": "scenecut=0"}
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=TICK_RATE, layout="stereo")
        audio.bit_rate = 160_000
        for number in range(seconds * FPS):
            container.mux(video.encode(_flash_frame(number)))
        container.mux(video.encode(None))
        for start in range(0, sound.shape[1], TICK_RATE):
            block = np.ascontiguousarray(sound[:, start : start + TICK_RATE])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = TICK_RATE, start, Fraction(1, TICK_RATE)
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


def _flash_frame(number: int) -> av.VideoFrame:
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    picture[:HEIGHT] = 40 + np.arange(WIDTH) % 60
    picture[:HEIGHT, (number * 7) % WIDTH :][:, :40] = 110
    if number % FPS == 0 and number:
        picture[:HEIGHT] = 235
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def offsets_s(path: Path) -> list[tuple[float, float]]:
    """Return ``(moment of a flash, tick minus flash)`` for each flash in a recording, in seconds."""
    sound = measure.mono(read_sound(path))
    return [(at, tick - at) for at in _flashes_s(path) if (tick := _tick_near(sound, at)) is not None]


def _flashes_s(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        frames = container.decode(stream)
        bright = (f for f in frames if np.frombuffer(f.planes[0], np.uint8)[::997].mean() > 180)
        return [float(frame.pts * frame.time_base.numerator / frame.time_base.denominator) for frame in bright]


def _tick_near(sound: np.ndarray, at_s: float) -> float | None:
    """Return the middle of the tick nearest to a moment, less half its length: where it begins."""
    start = max(0, round((at_s - 0.2) * TICK_RATE))
    energy = sound[start : round((at_s + 0.2) * TICK_RATE)].astype(np.float64) ** 2
    if len(energy) < TICK_RATE // 10 or energy.max() < 1e-3:
        return None
    peak = int(np.argmax(np.convolve(energy, np.ones(48), "same")))
    near = np.arange(max(0, peak - 96), min(len(energy), peak + 96))
    return float((start + np.average(near, weights=energy[near])) / TICK_RATE - 0.0005)


@dataclass(frozen=True)
class Offset:
    """How far the tick moved against the flash, all in ms: on average, at most from that, and over the whole clip."""

    flashes: int
    mean_ms: float
    spread_ms: float
    drift_ms: float


def compare(source: Sequence[tuple[float, float]], out: Sequence[tuple[float, float]]) -> Offset:
    """Return what the way through the sidecar did to the offsets."""
    count = min(len(source), len(out))
    at = np.array([moment for moment, _ in source[:count]])
    moved_ms = 1000 * np.array([b[1] - a[1] for a, b in zip(source, out, strict=False)])
    drift_ms = float(np.polyfit(at, moved_ms, 1)[0] * (at[-1] - at[0]))
    return Offset(count, float(moved_ms.mean()), float(np.abs(moved_ms - moved_ms.mean()).max()), drift_ms)


async def publish_skewed(clip: Path, url: str) -> None:
    """Publish with sound whose samples come 200 ppm too fast for their stamps, all of it by a clock 200 ppm slow."""
    sink, pacer = RtmpSink(url, name="skewed"), Pacer()
    sending = asyncio.create_task(sink.run())
    for item in read_items(clip):
        if isinstance(item, TrackInfo):
            sink.write_nowait(item)
        elif isinstance(item, Packet):
            unit = _stamped(item)
            await asyncio.sleep(pacer.delay_s(unit.dts / TICK_RATE * (1 + SKEW), asyncio.get_running_loop().time()))
            sink.write_nowait(unit)
    sink.close()
    await sending


def _stamped(packet: Packet) -> Unit:
    if packet.kind is MediaKind.AUDIO:
        pts, dts = (round(stamp / (1 + SKEW)) for stamp in (packet.pts, packet.dts))
        packet = replace(packet, pts=pts, dts=dts)
    pts, dts = (ticks_from_stamp(stamp, packet.time_base) for stamp in (packet.pts, packet.dts))
    return Unit(packet, pts, dts, 0)


# ---- generated sounds ----


def without_sound(clip: DemoClip) -> Path:
    """Return the demo's clip without its sound track."""
    silent = clip.path.with_name("silent.mp4")
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(clip.path), "-an", "-c", "copy", str(silent)]
    subprocess.run(command, check=True)
    return silent


def generated(clip: DemoClip, recording: Path) -> measure.OnsetMatch:
    """Return the onsets in a recording of the silent clip against the clip's contacts."""
    pictures = measure.match_pictures(read_pictures(clip.path), read_pictures(recording))
    if pictures.equal != pictures.sent:
        print(f"only {pictures.equal} of {pictures.sent} payloads came out", file=sys.stderr)
    onsets = measure.find_onsets_s(read_sound(recording)) - pictures.shift_s
    inside = onsets[(onsets > 0.2) & (onsets < clip.seconds)]
    return measure.match_onsets(inside, [contact.s for contact in clip.contacts])


def sampled_only(clip: DemoClip) -> measure.OnsetMatch:
    """Return what the analyser finds at a constant low rate, against the contacts: the baseline."""
    analyser, events = MotionAnalyser(refine=False), []
    for item in read_items(clip.path):
        if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO:
            analyser.configure(item)
        elif isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
            pts, dts = (ticks_from_stamp(stamp, item.time_base) for stamp in (item.pts, item.dts))
            events += analyser.feed(Unit(item, pts, dts, 0))
    moments = np.array([event.at / TICK_RATE for event in [*events, *analyser.flush()] if hasattr(event, "strength")])
    return measure.match_onsets(moments, [contact.s for contact in clip.contacts])


# ---- footage ----


def footage_f1(place: Path) -> list[tuple[str, ...]]:
    """Return a line for each clip with sound of its own: onsets of both, F1 within 50 and 100 ms, and by chance."""
    rows = []
    for name, describe in FOOTAGE.items():
        if (common.FOOTAGE / name).exists():
            rows.append(_footage_row(place, common.FOOTAGE / name, describe))
    return rows


def _footage_row(place: Path, clip: Path, describe: str) -> tuple[str, ...]:
    report = place / f"{clip.stem}.json"
    command = [sys.executable, "-m", "livefoley", "render", clip, "--describe", describe, "--force"]
    command += ["-o", place / f"{clip.stem}.wav", "--report", report]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    told = json.loads(report.read_text(encoding="utf-8"))
    laid = np.array([sound["at_s"] for sound in told["sounds"] if sound["kind"] == "action"])
    heard = heard_onsets_s(measure.mono(read_sound(clip)))
    rng = np.random.default_rng(1)
    chance = [rng.uniform(0, told["duration_s"], len(laid)) for _ in range(50)]
    figures = [f"{measure.match_onsets(laid, heard, near).f1:.2f}" for near in (0.05, 0.1)]
    luck = [f"{np.mean([measure.match_onsets(c, heard, near).f1 for c in chance]):.2f}" for near in (0.05, 0.1)]
    return (clip.name, str(len(heard)), str(len(laid)), *figures, *luck)


def heard_onsets_s(sound: np.ndarray) -> np.ndarray:
    """Return the moments at which something begins to sound in any sound: peaks of spectral flux.

    Rises of the logarithmic magnitude over 10 ms, summed over third-octave bands (after S. Böck and G. Widmer,
    "Maximum filter vibrato suppression for onset detection", DAFx 2013), above the median of the second around.
    """
    hop, window = TICK_RATE // 200, 2048
    frequencies, times, power = signal.spectrogram(sound, TICK_RATE, nperseg=window, noverlap=window - hop)
    edges = np.geomspace(60, 16_000, 26)
    bands = [power[(frequencies >= low) & (frequencies < high)].sum(0) for low, high in pairwise(edges)]
    level = np.log10(1e-8 + np.array(bands))
    widest = ndimage.maximum_filter1d(level, 3, axis=0)
    flux = np.maximum(0.0, level[:, 2:] - widest[:, :-2]).sum(0)
    floor = ndimage.median_filter(flux, 201)
    peaks, _ = signal.find_peaks(flux - floor, height=4.0 * np.median(np.abs(flux - floor)) + 1.0, distance=10)
    return times[peaks + 2]


# ---- all of it ----


async def through_sidecar(place: Path, flash: Path, skewed: Path, silent: Path) -> dict[str, Path]:
    """Send all clips through one sidecar at the same time; return the recordings by room."""
    still: dict[str, Any] = {"foley": {"bed": {"enabled": False}}, "actions": {"enabled": False}}
    lively: dict[str, Any] = {"describe": DESCRIBE}
    async with common.nginx(place) as (port, records):
        rooms = {
            name: {**room, "sinks": [{"rtmp": f"rtmp://127.0.0.1:{port}/live/{name}"}]}
            for name, room in (("flash", still), ("skewed", still), ("contacts", lively))
        }
        async with common.sidecar(place, rooms) as sidecar:
            with (
                common.process(*common.publisher(flash, sidecar.url("flash"))) as one,
                common.process(*common.publisher(silent, sidecar.url("contacts"))) as two,
            ):
                await publish_skewed(skewed, sidecar.url("skewed"))
                for sender in (one, two):
                    await asyncio.to_thread(sender.wait, 60)
            await asyncio.sleep(TAIL_S)
    return {path.stem: path for path in records.glob("*.flv")}


async def main(seconds: int) -> None:
    """Measure everything and print it."""
    flash, skewed = flash_and_tick(seconds), flash_and_tick(seconds, SKEW)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clip = make_clip(common.CACHE / "demo.mp4")
        silent = await asyncio.to_thread(without_sound, clip)
        recordings = await through_sidecar(place, flash, skewed, silent)
        plain = compare(offsets_s(flash), offsets_s(recordings["flash"]))
        # the skewed clip's own ticks are stamped right when published, so the plain clip is what it is held against
        crooked = compare(offsets_s(flash), offsets_s(recordings["skewed"]))
        actions, sampled = generated(clip, recordings["contacts"]), sampled_only(clip)
        rows = await asyncio.to_thread(footage_f1, place)
    report(seconds, plain, crooked, actions, sampled, rows)


def report(
    seconds: int,
    plain: Offset,
    crooked: Offset,
    actions: measure.OnsetMatch,
    sampled: measure.OnsetMatch,
    rows: list[tuple[str, ...]],
) -> None:
    """Print the tables and the last line."""
    print(f"original sound against its picture, {seconds} s of flash and tick (ms)\n")
    offsets = [
        (name, str(o.flashes), f"{o.mean_ms:+.2f}", f"{o.spread_ms:.2f}", f"{o.drift_ms:+.2f}")
        for name, o in (("ffmpeg", plain), ("200 ppm skewed", crooked))
    ]
    common.print_table(("publisher", "flashes", "moved", "at most from that", "drift over all"), offsets)
    print("\ngenerated sounds against the frames in which something lands (ms)\n")
    headings = ("", "contacts", "got a sound", "without contact", "median", "p95", "largest")
    common.print_table(headings, [_onset_row("livefoley", actions), _onset_row("10 fps, not refined", sampled)])
    if rows:
        print("\nfootage: generated onsets against those of the clip's own sound\n")
        headings = ("clip", "its own", "generated", "F1 50 ms", "F1 100 ms", "chance 50", "chance 100")
        common.print_table(headings, rows)
    value, drift = round(actions.error_ms(95), 1), max(abs(plain.drift_ms), abs(crooked.drift_ms))
    passed = value <= TARGET_P95_MS and drift <= TARGET_DRIFT_MS and plain.flashes >= seconds - 2
    baseline = round(sampled.error_ms(95), 1)
    common.print_result("sync", value, "p95 ms of generated onset against its frame", baseline, TARGET_P95_MS, passed)


def _onset_row(name: str, match: measure.OnsetMatch) -> tuple[str, ...]:
    contacts = len(match.errors_s) + len(match.missed_s)
    errors = (f"{match.error_ms(percentile):.1f}" for percentile in (50, 95, 100))
    return (name, str(contacts), str(len(match.errors_s)), str(len(match.false_s)), *errors)


if __name__ == "__main__":
    common.quiet()
    common.require("ffmpeg", "nginx")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    asyncio.run(main(parser.parse_args().seconds))
