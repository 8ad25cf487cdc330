"""The demo from beginning to end: render a clip, run the sidecar, publish, stop it, measure, show."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from livefoley.demo import report
from livefoley.demo.clip import DemoClip, make_clip
from livefoley.demo.publish import publish, single_error
from livefoley.demo.report import DemoError, Outputs
from livefoley.demo.scene import SECONDS
from livefoley.demo.sidecar import Sidecar, free_ports, running, write_config
from livefoley.system.tasks import TaskGroup

DESCRIBE = "rain on a window, 敲击木桌"
ACCENTS = ("a dog barks", "一只公鸡在打鸣")
"""What is asked for while the play goes on: of these words the student makes the best sounds, and it is heard here."""
ACCENT_DELAY_S = 2.0  # a network's first sound takes longer than the look-ahead on a busy machine
LOOKAHEAD_S = 1.5
SETTLE_S = 1.0  # after the look-ahead, for the last packets to be written


async def demo(directory: Path, *, serve: bool = False, seconds: int = SECONDS, console: Console | None = None) -> int:
    """Run the demo into ``directory`` and return its exit code; ``seconds`` is how much of the play is shown.

    With ``serve`` the clip is published over and over until Ctrl-C, to be watched by HLS. Raises a ``LivefoleyError``
    in one line when something cannot be written, does not start or dies.
    """
    console = console or Console()
    columns = (TextColumn("{task.description:<34}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with _terminable(), Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        clip = await _rendered(directory, seconds, progress)
        ports = free_ports()
        config = directory / "demo.yaml"
        write_config(config, ports, room_of(directory))
        async with running(config, ports, directory / "sidecar.log") as sidecar:
            await _with_pulse(progress, "starting the sidecar", sidecar.wait_ready())
            if serve:
                progress.stop()
                await _serve(clip, sidecar, console)
                return 0
            room, cpu_share = await _published(clip, sidecar, progress)
            await _with_pulse(progress, "finishing the outputs", sidecar.stop())
        result = await _with_pulse(progress, "measuring what came out", _measured(clip, directory, room, cpu_share))
    report.show(result, directory, console)
    report.require_sound(result, directory / "sidecar.log")
    return 0


def room_of(directory: Path) -> dict[str, Any]:
    """Return the demo's room as it stands in the configuration."""
    return {
        "lookahead_s": LOOKAHEAD_S,
        "describe": DESCRIBE,
        "stem": True,
        "sinks": [{"file": str(directory / "demo.mp4")}, {"hls": str(directory / "hls")}],
    }


async def _rendered(directory: Path, seconds: int, progress: Progress) -> DemoClip:
    task = progress.add_task("rendering a little room", total=1.0)
    path = directory / "demo-source.mp4"
    return await asyncio.to_thread(make_clip, path, seconds, lambda part: progress.update(task, completed=part))


async def _published(clip: DemoClip, sidecar: Sidecar, progress: Progress) -> tuple[dict[str, Any], float]:
    """Publish the clip once; return the room's last snapshot and the cores the sidecar took."""
    task = progress.add_task("publishing it by RTMP, like OBS", total=clip.seconds)
    began_s, cpu_s = monotonic(), sidecar.cpu_s()
    async with single_error(), TaskGroup() as tasks:
        watch = tasks.create_task(_watch(sidecar))
        accents = tasks.create_task(_accents(sidecar, clip.seconds))
        await publish(clip.path, sidecar.ports.publish_url, on_position=_mover(progress, task))
        share = (sidecar.cpu_s() - cpu_s) / (monotonic() - began_s)
        await asyncio.sleep(LOOKAHEAD_S + SETTLE_S)
        watch.cancel()
        accents.cancel()
    progress.update(task, completed=clip.seconds)
    room = await sidecar.room()
    if not room["units_out"]:
        raise DemoError(f"nothing came out of the sidecar; its log: {sidecar.log}")
    return room, share


async def _serve(clip: DemoClip, sidecar: Sidecar, console: Console) -> None:
    """Publish until Ctrl-C, then let the outputs be finished."""
    console.print(f"watch it: [bold]{sidecar.ports.playback_url}[/]  (Safari, VLC, mpv, ffplay, hls.js)")
    console.print(f"change it: curl -X PATCH http://127.0.0.1:{sidecar.ports.http}/v1/rooms/demo \\")
    console.print("""  -H 'Content-Type: application/json' -d '{"describe": "海边, waves"}'""", highlight=False)
    console.print("Ctrl-C ends it")
    try:
        async with single_error(), TaskGroup() as tasks:
            tasks.create_task(_watch(sidecar))
            tasks.create_task(publish(clip.path, sidecar.ports.publish_url, loop=True))
    except asyncio.CancelledError:
        console.print("finishing the outputs")
        await sidecar.stop()
        raise


async def _accents(sidecar: Sidecar, seconds: float) -> None:
    """Ask for the accents, evenly over the play."""
    for words in ACCENTS:
        await asyncio.sleep(seconds / (len(ACCENTS) + 1))
        await sidecar.accent(words, ACCENT_DELAY_S)


async def _watch(sidecar: Sidecar) -> None:
    """Raise as soon as the sidecar is gone."""
    while True:
        sidecar.check()
        await asyncio.sleep(0.5)


async def _measured(clip: DemoClip, directory: Path, room: dict[str, Any], cpu_share: float) -> report.Result:
    outputs = Outputs(directory / "demo.mp4", directory / "demo.stem.m4a")
    picture = directory / "spectrogram.png"
    return await asyncio.to_thread(report.evaluate, clip, outputs, room, cpu_share, picture)


async def _with_pulse(progress: Progress, what: str, work: Any) -> Any:
    """Await ``work`` while a bar shows that something is going on."""
    task = progress.add_task(what, total=None)
    done = await work
    progress.update(task, total=1.0, completed=1.0)
    return done


def _mover(progress: Progress, task: TaskID) -> Callable[[float], None]:
    return lambda seconds: progress.update(task, completed=seconds)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that no sidecar is left behind."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def end(*_: object) -> None:
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
