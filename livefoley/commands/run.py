"""Declares `livefoley run` and `livefoley worker`: what serves streams, and what makes their clips elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livefoley.commands.console import err, out, plain
from livefoley.core.errors import ConfigError

if TYPE_CHECKING:
    from livefoley.config import Config


def run(
    config: Annotated[Path, typer.Argument(help="The YAML file; `livefoley init` writes one to begin with.")],
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Validate the file, print it with secrets masked, list what this machine lacks, and stop."
        ),
    ] = False,
    show_keys: Annotated[bool, typer.Option("--show-keys", help="Print stream keys, not stars.")] = False,
) -> None:
    """Run the rooms of a configuration until stopped.

    SIGTERM or Ctrl-C lets every output finish; a second one stops at once.

    Example: `livefoley init demo`, then `livefoley run demo.yaml`
    """
    from livefoley.config import LogFormat, load, masked

    loaded = load(config)
    if check:
        out.print(masked(loaded), markup=False, highlight=False)
        _check(config, loaded)
        return
    from livefoley.app import serve
    from livefoley.config.addresses import entrances

    if loaded.server.log.format is not LogFormat.JSON:
        for line in entrances(loaded, show_keys):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
    asyncio.run(serve(loaded))


def _check(path: Path, config: Config) -> None:
    """List what would stop a start, and what rooms would run without."""
    from livefoley.wiring.preflight import lacks

    found = lacks(config)
    refused = any(lack.stops or lack.wrong for lack in found)
    if not refused:
        out.print(f"[green]{plain(str(path))}: good, {len(config.rooms)} room(s)[/]", soft_wrap=True)
    for lack in found:
        mark = "[red]stops:[/]" if lack.stops else "[red]wrong:[/]" if lack.wrong else "[yellow]missing:[/]"
        err.print(f"{mark} {plain(lack.key)}: {plain(lack.what)}", highlight=False, soft_wrap=True)
    if refused:
        raise typer.Exit(ConfigError.exit_code)


def worker(
    config: Annotated[Path, typer.Argument(help="The configuration of the sidecars this worker is for.")],
    concurrency: Annotated[int, typer.Option("--concurrency", "-c", min=1, help="Clips made at once.")] = 1,
) -> None:
    """Make the clips of sidecars that share this machine's disk, as jobs of their `jobs.broker`, until stopped.

    SIGTERM or Ctrl-C lets clips that are being made be finished; a second one stops at once.
    """
    from livefoley.config import load
    from livefoley.runtime.clips.celery_worker import run_worker
    from livefoley.wiring.outputs import use_modes

    loaded = load(config)
    jobs = loaded.jobs
    if jobs.broker is None:
        raise ConfigError(f"{config}: names no jobs.broker; without one, sidecars make their clips themselves")
    use_modes(loaded)
    run_worker(jobs.broker.get_secret_value(), concurrency, jobs.visibility_timeout_s)
