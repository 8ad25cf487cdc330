"""The command line's part about generated sound: ``livefoley generate`` and ``livefoley model``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from livefoley.core.errors import DescriptionError

out = Console()

model = typer.Typer(no_args_is_help=True, help="The student's weights: what is here, how fast, whole or not.")

Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or tensorrt.")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=64, help="On the CPU.")]
Steps = Annotated[
    int | None, typer.Option("--steps", min=1, max=64, help="Evaluations; as the model was made for unless given.")
]


def generate(
    text: Annotated[str, typer.Argument(help='What shall be heard, in any language: "glass breaking, 雨声".')],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .wav, .flac, .mp3 or .m4a file.")],
    seconds: Annotated[float, typer.Option("--seconds", help="How long, up to 60.")] = 5.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another take.")] = 0,
    onsets: Annotated[str | None, typer.Option("--onsets", help="Where it begins anew, in seconds: 0.5,1.2")] = None,
    envelope: Annotated[Path | None, typer.Option("--envelope", help="How loud when: a CSV of seconds,dB.")] = None,
    source: Annotated[
        Literal["student", "bank", "procedural"] | None,
        typer.Option("--source", help="Who makes it; the student if it can."),
    ] = None,
    weights: Annotated[str, typer.Option("--model", help="A name from `livefoley model list`, or a file.")] = "nano",
    device: Device = "auto",
    threads: Threads = 2,
    steps: Steps = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an output that exists.")] = False,
) -> None:
    """Make one sound from words, and say what it cost.

    Example: `livefoley generate "rain on a tin roof" --seconds 8 -o rain.wav`
    """
    from livefoley.commands.generate import Order, generate_file
    from livefoley.core.cues import SoundSource

    times_s = _times(onsets) if onsets is not None else None
    maker = SoundSource(source) if source is not None else None
    order = Order(text, seconds, seed, times_s, envelope, maker, weights, _device(device), threads, steps)
    out.print(generate_file(order, output, force=force), markup=False, highlight=False, soft_wrap=True)


def _times(onsets: str) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in onsets.split(",") if each.strip())
    except ValueError:
        raise DescriptionError(f"--onsets {onsets}: want seconds with commas between, like 0.5,1.2") from None


def _device(name: str) -> str:
    from livefoley.foley.student.backends.onnx import DEVICES

    if name not in DEVICES:
        raise typer.BadParameter(f"{name}: want one of {', '.join(DEVICES)}", param_hint="--device")
    return name


@model.command("list")
def model_list() -> None:
    """List the models on this machine, and the engines compiled of them."""
    from livefoley.foley.student import models
    from livefoley.foley.student.backends.engines import EngineStore

    table = _table("model", "where", "size", "parameters", "precision", "steps", "")
    for each in models.installed():
        spec = each.spec
        if spec is None:
            table.add_row(each.path.stem, each.where, "", "", "", "", escape(each.problem))
            continue
        size_mb = each.path.with_name(spec.file).stat().st_size / 1e6
        figures = (f"{size_mb:.1f} MB", f"{spec.parameters / 1e6:.1f} M", spec.precision, str(spec.steps))
        table.add_row(spec.name, each.where, *figures, "" if spec.trained else "random weights, for timing")
    out.print(table)
    engines = list(EngineStore().entries())
    if engines:
        table = _table("engine", "size", "")
        for engine in engines:
            table.add_row(engine.path.stem, f"{engine.size / 1e6:.1f} MB", escape(engine.problem))
        out.print(table)


@model.command("verify")
def model_verify() -> None:
    """Compare every model and engine with its SHA-256; exit with 1 when one is damaged."""
    from livefoley.foley.student import models
    from livefoley.foley.student.backends.engines import EngineStore

    checked = [(each.path, each.problem) for each in models.installed()]
    checked += [(engine.path, engine.problem) for engine in EngineStore().entries()]
    for path, problem in checked:
        verdict = f"[red]{escape(problem)}[/]" if problem else "[green]good[/]"
        out.print(f"{escape(str(path))}: {verdict}", highlight=False, soft_wrap=True)
    if any(problem for _, problem in checked):
        raise typer.Exit(1)


@model.command("pull")
def model_pull(
    url: Annotated[str, typer.Argument(help="Where its .json lies; the graph lies beside it.")],
) -> None:
    """Download a model into the cache, and check that it came whole."""
    from livefoley.foley.student import models

    found = models.pull(url)
    out.print(f"[green]{escape(str(found.path))}[/]: {escape(found.spec.name)}", highlight=False, soft_wrap=True)


@model.command("build")
def model_build(
    name: Annotated[str, typer.Argument(help="A name from `livefoley model list`, or a file.")] = "nano",
    target: Annotated[
        list[str] | None, typer.Option("--target", help="here, sm75, sm80, sm86, sm89, sm120; several if repeated.")
    ] = None,
) -> None:
    """Compile a model by TensorRT; tensorrt_rtx does it for cards that are not here.

    Example: `livefoley model build nano --target sm86 --target sm89`
    """
    from livefoley.foley.student import models
    from livefoley.foley.student.backends import tensorrt
    from livefoley.foley.student.backends.engines import EngineStore

    found, store = models.find(name), EngineStore()
    for each in target or ["here"]:
        key, built = tensorrt.build(found, each, store)
        word = "built" if built else "there already"
        out.print(f"{escape(str(store.beside(key, '.engine')))}: {word}", highlight=False, soft_wrap=True)


@model.command("bench")
def model_bench(
    name: Annotated[str, typer.Argument(help="A name from `livefoley model list`, or a file.")] = "nano",
    device: Device = "auto",
    threads: Threads = 2,
    steps: Steps = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=10, help="Length of a window.")] = 2.0,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", min=1, max=256, help="1, 8 and 32 unless given.")
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=3, max=10_000)] = 20,
) -> None:
    """Time a model on this machine, from conditions to sound."""
    from livefoley.foley.student import features, models
    from livefoley.foley.student.backends.bench import measure
    from livefoley.foley.student.student import open_backend

    found = models.find(name)
    backend = open_backend(found, _device(device), threads)
    steps = steps or found.spec.steps
    table = _table("batch", "p50", "p99", "network alone", "s per s of sound", title=f"{backend.name}, {steps} step(s)")
    tokens = min(features.tokens_for(seconds), found.spec.window_tokens)
    for size in batch or [1, 8, 32]:
        timing = measure(backend, found.spec, batch=size, tokens=tokens, steps=steps, repeats=repeats)
        times = (f"{1000 * each:.1f} ms" for each in (timing.p50_s, timing.p99_s, timing.network_s))
        table.add_row(str(size), *times, f"{timing.per_second:.4f}")
    out.print(table)


def _table(*headings: str, title: str | None = None) -> Table:
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
