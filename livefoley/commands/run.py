"""Declares `livefoley run` and `livefoley worker`: what serves streams, and what makes their clips elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from livefoley.commands.console import err, out, plain


def run(
    config: Annotated[Path, typer.Argument(help="The YAML file; pipelines/reference.yaml explains every key.")],
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Validate the file, print it with secrets masked, name models it lacks, and stop."
        ),
    ] = False,
) -> None:
    """Run the rooms of a configuration until stopped.

    SIGTERM or Ctrl-C lets every output finish; a second one stops at once.

    Example: `livefoley run pipelines/demo.yaml`
    """
    from livefoley.config import load, masked

    loaded = load(config)
    if check:
        out.print(masked(loaded), markup=False, highlight=False)
        out.print(f"[green]{plain(str(config))}: good, {len(loaded.rooms)} room(s)[/]")
        from livefoley.wiring.models import missing_models

        for line in missing_models(loaded):  # rooms run without them, less well
            err.print(f"[yellow]missing:[/] {plain(line)}", highlight=False, soft_wrap=True)
        return
    from livefoley.app import serve

    asyncio.run(serve(loaded))


def worker(
    config: Annotated[Path, typer.Argument(help="The configuration of the sidecars this worker is for.")],
    concurrency: Annotated[int, typer.Option("--concurrency", "-c", min=1, help="Clips made at once.")] = 1,
) -> None:
    """Make the clips of sidecars that share this machine's disk, as jobs of their `jobs.broker`, until stopped.

    SIGTERM or Ctrl-C lets clips that are being made be finished; a second one stops at once.
    """
    from livefoley.config import load
    from livefoley.core.errors import ConfigError
    from livefoley.runtime.clips.celery_worker import run_worker
    from livefoley.wiring.outputs import use_modes

    loaded = load(config)
    jobs = loaded.jobs
    if jobs.broker is None:
        raise ConfigError(f"{config}: names no jobs.broker; without one, sidecars make their clips themselves")
    use_modes(loaded)
    run_worker(jobs.broker.get_secret_value(), concurrency, jobs.visibility_timeout_s)
