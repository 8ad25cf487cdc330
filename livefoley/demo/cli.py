"""Declares `livefoley demo`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def demo(
    directory: Annotated[Path, typer.Option("--out", help="Where the results go.")] = Path("out"),
    serve: Annotated[bool, typer.Option("--serve", help="Keep it running with HLS until Ctrl-C.")] = False,
) -> None:
    """Show the main job in about a minute: a room of our own is published by RTMP, and comes out with sound.

    Needs no GPU, Redis, S3 or network.
    """
    from livefoley.demo.run import demo as run_demo
    from livefoley.runtime import logs

    logs.configure("warning")  # beside the progress bar, only what went wrong
    code = asyncio.run(run_demo(directory, serve=serve))
    if code:
        raise typer.Exit(code)
