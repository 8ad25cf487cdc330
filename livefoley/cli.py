"""The command line: takes in the commands that `commands`, `demo` and `train` declare."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from livefoley import __version__
from livefoley.commands.bank import bank
from livefoley.commands.clips import clip, clips
from livefoley.commands.console import err, out, plain, say_anything
from livefoley.commands.doctor import doctor
from livefoley.commands.events import events
from livefoley.commands.init import init
from livefoley.commands.models import ears, eyes, models
from livefoley.commands.run import run, worker
from livefoley.commands.sounds import explain, generate, render, verify
from livefoley.core.errors import LivefoleyError
from livefoley.demo.cli import demo
from livefoley.train.cli import app as train

app = typer.Typer(
    name="livefoley",
    help="A real-time sidecar that lays generated ambient and action sound under a livestream, in sync.",
    epilog="Start with `livefoley doctor`, then `livefoley demo`. `livefoley init` writes a room's file to begin with.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and an exit code, never a traceback."""
    say_anything()
    try:
        app()  # typer reports mistakes in the command line itself and leaves through SystemExit
    except LivefoleyError as error:
        for line in str(error).splitlines():
            err.print(f"[bold red]error:[/] {plain(line)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `livefoley bank list | head`
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the interpreter's own flush at exit
        sys.exit(0)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"livefoley {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The options of every command."""


for command in (init, run, worker, demo, events, clip, clips, render, generate, explain, verify, doctor):
    app.command()(command)
for name, group, hidden in (
    ("bank", bank, False),
    ("models", models, False),
    ("model", models, True),  # names of earlier versions
    ("ears", ears, True),
    ("eyes", eyes, False),
    ("train", train, False),
):
    app.add_typer(group, name=name, hidden=hidden)

if __name__ == "__main__":
    main()
