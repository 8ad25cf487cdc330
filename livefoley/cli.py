"""The command line; ``livefoley --help`` lists what there is."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from livefoley import __version__
from livefoley.commands.clips import clip, clips
from livefoley.commands.models import ears, models
from livefoley.commands.student import generate
from livefoley.core.errors import LivefoleyError
from livefoley.train.cli import app as train

out = Console()
err = Console(stderr=True)

app = typer.Typer(
    name="livefoley",
    help="A real-time sidecar that lays generated ambient and action sound under a livestream, in sync.",
    epilog="Start with `livefoley doctor`, then `livefoley demo`. Rooms to copy lie in pipelines/.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
bank = typer.Typer(no_args_is_help=True, help="The effect bank: list it, add your own UCS-named sounds, listen to one.")
app.add_typer(bank, name="bank")
app.add_typer(models, name="models")
app.add_typer(models, name="model", hidden=True)  # names of earlier versions
app.add_typer(ears, name="ears", hidden=True)
app.add_typer(train, name="train")


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and an exit code, never a traceback."""
    try:
        app()  # typer reports mistakes in the command line itself and leaves through SystemExit
    except LivefoleyError as error:
        for line in str(error).splitlines():
            err.print(f"[bold red]error:[/] {_plain(line)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `livefoley bank list | head`
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the interpreter's own flush at exit
        sys.exit(0)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


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


@app.command()
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
        out.print(f"[green]{_plain(str(config))}: good, {len(loaded.rooms)} room(s)[/]")
        from livefoley.wiring.models import missing_models

        for line in missing_models(loaded):  # rooms run without them, less well
            err.print(f"[yellow]missing:[/] {_plain(line)}", highlight=False, soft_wrap=True)
        return
    from livefoley.app import serve

    asyncio.run(serve(loaded))


@app.command()
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

    jobs = load(config).jobs
    if jobs.broker is None:
        raise ConfigError(f"{config}: names no jobs.broker; without one, sidecars make their clips themselves")
    run_worker(jobs.broker.get_secret_value(), concurrency, jobs.visibility_timeout_s)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--out", help="Where the results go.")] = Path("out"),
    serve: Annotated[bool, typer.Option("--serve", help="Keep it running with HLS until Ctrl-C.")] = False,
) -> None:
    """Show the main job in about a minute: a room of our own is published by RTMP, and comes out with sound.

    Needs no GPU, Redis, S3 or network.
    """
    from livefoley.demo import demo as run_demo
    from livefoley.runtime import logs

    logs.configure("warning")  # beside the progress bar, only what went wrong
    code = asyncio.run(run_demo(directory, serve=serve))
    if code:
        raise typer.Exit(code)


@app.command()
def events(
    url: Annotated[str, typer.Argument(help="The room: http://HOST:PORT/ROOM, or its /v1/rooms/ROOM/events.")],
    kind: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only these: highlight, keyword, transcript, chat, scene, source, clip.ready, ..."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line, as it came.")] = False,
    token: Annotated[str | None, typer.Option("--token", envvar="LIVEFOLEY_TOKEN", help="server.http.token.")] = None,
) -> None:
    """Print a running room's events as they come: highlights, keywords, what was said, chat, scenes.

    Example: `livefoley events http://127.0.0.1:8080/demo`
    """
    from livefoley.commands.watch import watch

    try:
        asyncio.run(watch(url, token, kind or [], as_json, out))
    except KeyboardInterrupt:
        raise typer.Exit from None


app.command()(clip)
app.command()(clips)


@app.command()
def render(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A clip: MP4, MOV, MKV, WebM, AVI, FLV, TS.")],
    describe: Annotated[
        str, typer.Option("--describe", help='What the place sounds like, e.g. "rain on a window, 切菜".')
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A video (.mp4 .mov .mkv), or sound alone (.wav .flac .mp3 .m4a).")
    ],
    stem: Annotated[Path | None, typer.Option("--stem", help="Also write the generated sound alone.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Also write what was laid where, as JSON.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another take.")] = 0,
    student: Annotated[
        bool, typer.Option("--student/--no-student", help="Whether the student may make what no template covers.")
    ] = True,
    steps: Annotated[int, typer.Option("--steps", min=1, max=64, help="The student's; more cost more.")] = 8,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an output that exists.")] = False,
) -> None:
    """Lay sound under a clip, as fast as the machine can. The picture is copied bit for bit.

    Example: `livefoley render clip.mp4 --describe "雨夜的街道, footsteps on wood" -o out.mp4`
    """
    from livefoley.commands.render import render_file

    files = {"stem": stem, "report": report}
    render_file(source, describe, output, **files, seed=seed, force=force, console=out, student=student, steps=steps)


app.command()(generate)


@app.command()
def verify(file: Annotated[Path, typer.Argument(help="A sound or video file.")]) -> None:
    """Say what marks of generated sound a file carries: container labels, watermark, C2PA manifest.

    Exit code 0: marked as generated; 3: not marked.
    """
    from livefoley.commands.verify import show

    if not show(file, out):
        raise typer.Exit(3)


@app.command()
def doctor() -> None:
    """Look at this machine: codecs, ports, optional parts; what is missing and what to do about it."""
    from livefoley.commands.doctor import Verdict, examine

    marks = {Verdict.OK: "[green]ok[/]", Verdict.OPTIONAL: "[yellow]optional[/]", Verdict.BROKEN: "[red]missing[/]"}
    table = Table(box=None, pad_edge=False)
    for heading in ("check", "", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    findings = examine()
    for finding in findings:
        table.add_row(finding.what, marks[finding.verdict], _plain(finding.detail), _plain(finding.remedy))
    out.print(table)
    if any(finding.verdict is Verdict.BROKEN for finding in findings):
        raise typer.Exit(1)


@bank.command("list")
def bank_list(
    like: Annotated[str, typer.Argument(help="Only what fits these words, in any language.")] = "",
    library: Annotated[Path | None, typer.Option("--library", help="An operator's library made by `bank add`.")] = None,
) -> None:
    """List the effects: rendered ones and those added."""
    from livefoley.commands.render import list_bank

    table = Table(box=None, pad_edge=False)
    for heading in ("name", "from", "what it is"):
        table.add_column(heading, overflow="fold")
    for row in list_bank(like, library):
        table.add_row(*map(_plain, row))
    out.print(table)


@bank.command("add")
def bank_add(
    directory: Annotated[Path, typer.Argument(help="A folder of UCS-named WAV, FLAC, Ogg, Opus or MP3 files.")],
    library: Annotated[Path | None, typer.Option("--library", help="Where the library is kept.")] = None,
) -> None:
    """Take your own UCS-named sounds into the bank: normalised in loudness, trimmed to the onset, indexed."""
    from livefoley.commands.render import add_to_bank

    added, problems = add_to_bank(directory, library)
    for problem in problems:
        err.print(f"[yellow]left out:[/] {_plain(problem)}", highlight=False, soft_wrap=True)
    out.print(f"{added} sound(s) added")
    if problems and not added:
        raise typer.Exit(1)


@bank.command("play-to-file")
def bank_play_to_file(
    effect: Annotated[str, typer.Argument(help="An effect's name from `bank list`, or words for one.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .wav, .flac or .mp3 file.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another take.")] = 0,
    intensity: Annotated[float, typer.Option("--intensity", min=0.0, max=1.0, help="How hard, how many.")] = 0.7,
    library: Annotated[Path | None, typer.Option("--library", help="An operator's library made by `bank add`.")] = None,
) -> None:
    """Write one effect to a sound file, to listen to it."""
    from livefoley.commands.render import play_to_file

    out.print(play_to_file(effect, output, seed=seed, intensity=intensity, library=library), highlight=False)


if __name__ == "__main__":
    main()
