"""What a room takes of a core with everything on, by process: ``python benchmarks/cores.py [--seconds 30]``.

A real ffmpeg publishes 1080p30 H.264 (High, B-frames, 6 Mb/s) with AAC at its own pace to three that receive it at the
same time: a room with everything on (foley, movements, eyes with the networks of people, what lasts, the microphone),
the same room that understands nothing of what it sees and hears (a bed alone), and ``ffmpeg -c:v copy -c:a aac``. What
is counted is the processor time of all the processes of each, not how long anything took, over the seconds of stream
that arrived: a busy machine makes it larger by what its caches and its clock lose. One so busy that the
watching fell behind saves what it should have spent: then nothing passes.

The value is the share of a core of the room with everything on, its baseline the room that understands nothing. With
``--listen`` it hears words, too: their cost depends on how much is spoken, and is told beside the value. With
``--busy`` the clip is one in which everything moves all the time. The material is that of ``passthrough.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import Any

import common
from passthrough import Cost, clip, room, watch

TARGET = 0.25
ARRIVAL_S = 60.0  # a busy machine takes its time until the first picture comes out
EARS = "ears"
NOTHING: dict[str, Any] = {
    "actions": {"enabled": False},
    "eyes": {"enabled": False},
    "microphone": {"learn": False},
}
"""Of a room that understands nothing."""


async def measure(place: Path, source: Path, listen: bool, seconds: float) -> tuple[dict[str, Cost], dict[str, Any]]:
    """Return what each of the three costs, and what became of the room with everything on."""
    keys = ("everything-on", "understanding-off", "ffmpeg-copy")
    async with common.drain(*keys) as drain, contextlib.AsyncExitStack() as stack:
        rooms = {"everything-on": {"listen": {"enabled": listen}}, "understanding-off": NOTHING}
        trees, urls = {}, {}
        for key, settings in rooms.items():
            folder = place / key
            folder.mkdir()
            config = {"bench": room(drain.url(key), True) | settings}
            running = await stack.enter_async_context(common.sidecar(folder, config))
            trees[key], urls[key] = running.tree, running.url("bench")
            if key == "everything-on":
                watched = running
        urls["ffmpeg-copy"] = f"rtmp://127.0.0.1:{common.free_port()}/live/x"
        relay = ("ffmpeg", "-v", "error", "-listen", 1, "-i", urls["ffmpeg-copy"])
        copy = ("-c:v", "copy", "-c:a", "aac", "-b:a", "160k", "-f", "flv", drain.url("ffmpeg-copy"))
        trees["ffmpeg-copy"] = common.Tree(stack.enter_context(common.process(*relay, *copy)).pid)
        await asyncio.sleep(1.0)
        for url in urls.values():
            stack.enter_context(common.process(*common.publisher(source, url, "-stream_loop", -1)))
        async with asyncio.timeout(ARRIVAL_S):
            while not all(drain.pictures.get(key) for key in keys):  # noqa: ASYNC110 - a drain tells nobody
                await asyncio.sleep(0.2)
        costs = await asyncio.gather(*(watch(trees[key], drain, key, seconds) for key in keys))
        return dict(zip(keys, costs, strict=True)), await watched.room("bench")


def report(costs: dict[str, Cost], left: dict[str, Any], source: str) -> tuple[float, bool]:
    """Print the tables; return the share of a core of the room with everything on, without what hears words, and
    whether all that is watched was."""
    roles = sorted({role for cost in costs.values() for role in cost.parts if role != "ended"})
    rows = [
        (key, f"{cost.cores:.3f}", *(f"{cost.parts.get(role, 0.0):.3f}" for role in roles), f"{cost.memory_mb:.0f}")
        for key, cost in costs.items()
    ]
    common.print_table((f"cores, {source}", "all", *roles, "peak MB"), rows)
    lost = next(worker["dropped"] for worker in left["workers"] if worker["name"] == "perception")
    spared, seen = left["eyes"]["spared"], ", ".join(left["eyes"]["families"]) or "nothing"
    print(f"\nof the room with everything on: {lost} units not watched, eyes closed {spared} times; it saw {seen} last")
    if lost or spared:
        print("the machine was too busy: what the room should have done for its pictures is not all in these figures")
    full = costs["everything-on"]
    return full.cores - full.parts.get(EARS, 0.0), not (lost or spared)


async def main(seconds: float, listen: bool, busy: bool) -> None:
    """Measure and print."""
    source, name = clip("fight" if busy else "room")
    with tempfile.TemporaryDirectory() as folder:
        costs, left = await measure(Path(folder), source, listen, seconds)
    value, whole = report(costs, left, name)
    if listen:
        print(f"hearing words: {costs['everything-on'].parts.get(EARS, 0.0):.3f} of a core")
    baseline = round(costs["understanding-off"].cores, 3)
    passed = whole and value <= TARGET
    common.print_result("cores", round(value, 3), "of a core, everything on", baseline, TARGET, passed)


if __name__ == "__main__":
    common.quiet()
    common.require("ffmpeg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--listen", action="store_true")
    parser.add_argument("--busy", action="store_true")
    given = parser.parse_args()
    asyncio.run(main(given.seconds, given.listen, given.busy))
