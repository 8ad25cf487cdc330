"""The command line's part about models: ``livefoley models``; ``model`` and ``ears fetch`` are its older names,
``eyes fetch`` is short for a part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from livefoley.commands.console import err, out, show
from livefoley.commands.sounds import Device, Steps, Threads, checked_device
from livefoley.core.errors import ModelError

models = typer.Typer(
    no_args_is_help=True,
    help="The models: which there are, where they are and whether they are whole; fetch, compile and time them.",
)
ears = typer.Typer(no_args_is_help=True, help="Older name of a part of `livefoley models`.")

eyes = typer.Typer(no_args_is_help=True, help="A part of `livefoley models`: what the eyes look with.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@dataclass(frozen=True, slots=True)
class Row:
    """A model as it is listed. ``where`` is empty for one that is not here; ``problem`` says what is wrong with it."""

    name: str
    purpose: str
    size: int
    licence: str
    origin: str  # who made it
    source: str  # where a fetch gets it
    sha256: dict[str, str]  # by file
    where: str
    path: str
    problem: str
    remedy: str


def rows() -> Iterator[Row]:
    """Yield every model by name: those of the catalogue and the students. Reads all that is here."""
    from livefoley.models.catalogue import CATALOGUE

    for wanted in CATALOGUE.values():
        yield _row(wanted)
    yield from _students()


def _row(wanted: Any) -> Row:
    from livefoley.models.resolver import candidates, remedy

    found, problem = None, ""
    for candidate in candidates(wanted):  # the first that is whole is used; else the first is told of
        wrong = candidate.problem()
        if found is None or not wrong:
            found, problem = candidate, wrong
        if not wrong:
            break
    place = str(found.parts[wanted.files[0].name][0].parent) if found is not None else ""
    return Row(
        name=wanted.name,
        purpose=wanted.purpose,
        size=wanted.size,
        licence=wanted.licence,
        origin=wanted.origin,
        source=wanted.source,
        sha256={file.name: file.sha256 for file in wanted.files},
        where=found.where if found is not None else "",
        path=place,
        problem=problem,
        remedy="" if found is not None and not problem else remedy(wanted),
    )


def _students() -> Iterator[Row]:
    from livefoley.foley.student import models as students

    for each in students.installed():
        spec, packaged = each.spec, each.where == "packaged"
        yield Row(
            name=spec.name if spec is not None else each.path.stem,
            purpose="sounds from words (student)" + ("" if spec is None or spec.trained else "; random, for timing"),
            size=each.path.with_name(spec.file).stat().st_size if spec is not None else 0,
            licence="Apache-2.0" if packaged else "its maker's",
            origin="livefoley" if packaged else "others",
            source="livefoley itself" if packaged else "`livefoley models fetch ADDRESS`",
            sha256={spec.file: spec.sha256} if spec is not None else {},
            where="package" if packaged else "cache",
            path=str(each.path),
            problem=each.problem,
            remedy="",
        )


@models.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List every model: what it is for, size, licence, source and hash, where it is, and whether it is whole."""
    found = list(rows())
    if as_json:
        out.print_json(json.dumps({"models": [asdict(row) for row in found]}))
        return
    for row in found:
        for line in _lines(row):
            out.print(line, highlight=False, soft_wrap=True)
    _list_engines()


def _lines(row: Row) -> Iterator[str]:
    yield f"[bold]{escape(row.name)}[/]  {row.size / 1e6:.1f} MB, {escape(row.licence)}; {escape(row.purpose)}"
    yield f"  made by {escape(row.origin)}"
    yield f"  from    {escape(row.source)}"
    yield from (f"  sha256  {digest}  {escape(name)}" for name, digest in row.sha256.items())
    if row.problem:
        yield f"  here    [red]{escape(row.problem)}[/]"
    else:
        yield f"  here    [green]whole[/], {row.where}: {escape(row.path)}" if row.where else "  here    no"
    if row.remedy:
        yield f"  get it  {escape(row.remedy)}"


def _list_engines() -> None:
    from livefoley.foley.student.backends.engines import EngineStore

    engines = list(EngineStore().entries())
    if not engines:
        return
    table = _table("engine", "size", "")
    for engine in engines:
        table.add_row(engine.path.stem, f"{engine.size / 1e6:.1f} MB", escape(engine.problem))
    show(table)


@models.command("verify")
def models_verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Of `livefoley models list`; all that are here if none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare models with their SHA-256; exit with 1 when one is damaged, or one that is named is not here."""
    from livefoley.foley.student.backends.engines import EngineStore

    known = {row.name: row for row in rows()}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ModelError(f"there is no model {unknown[0]!r}; known are {', '.join(known)}")
    looked = [known[name] for name in names] if names else [row for row in known.values() if row.where]
    verdicts = {row.name: row.problem or ("" if row.where else f"not here; {row.remedy}") for row in looked}
    if not names:
        verdicts |= {str(engine.path): engine.problem for engine in EngineStore().entries()}
    if as_json:
        out.print_json(json.dumps({"models": verdicts}))
    else:
        for name, problem in verdicts.items():
            verdict = f"[red]{escape(problem)}[/]" if problem else "[green]good[/]"
            out.print(f"{escape(name)}: {verdict}", highlight=False, soft_wrap=True)
    if any(verdicts.values()):
        raise typer.Exit(1)


@models.command("fetch")
def models_fetch(
    names: Annotated[
        list[str], typer.Argument(help="Of `livefoley models list`; or where a student's .json lies: http(s)://...")
    ],
    place: Annotated[
        str, typer.Option("--from", help="A directory or an http(s) address that has the files by their names.")
    ] = "",
    limit_s: Annotated[float, typer.Option("--limit-s", min=1, help="Seconds after which it is given up.")] = 3600.0,
) -> None:
    """Bring models into the cache and check that they came whole.

    Without --from they come from where `livefoley models list` says, by the hub's and pip's own clients; HF_ENDPOINT
    and pip's configuration name mirrors.

    Example: `livefoley models fetch whisper-small`, then `ears: {model: small}` in the configuration.
    """
    for name in names:
        out.print(f"[green]{escape(str(_fetched(name, place, limit_s)))}[/]", highlight=False, soft_wrap=True)


def _fetched(name: str, place: str, limit_s: float) -> Path:
    if name.startswith(("http://", "https://")):
        from livefoley.foley.student import models as students

        return students.pull(name).path
    from livefoley.models.catalogue import entry
    from livefoley.models.fetch import fetch

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(name, total=None)
        found = fetch(entry(name), place, lambda done, total: bar.update(task, completed=done, total=total), limit_s)
    return found.directory or found.parts[found.entry.files[0].name][0].parent


@models.command("pull", hidden=True)
def models_pull(url: Annotated[str, typer.Argument(help="Where a student's .json lies.")]) -> None:
    """Older name of `livefoley models fetch`."""
    models_fetch([url])


@ears.command("fetch")
def ears_fetch(
    model: Annotated[str, typer.Argument(help="tiny, base, small, medium or large-v3; larger hears better.")] = "base",
) -> None:
    """Older name of `livefoley models fetch whisper-MODEL`."""
    from livefoley.models.catalogue import SPEECH

    models_fetch([f"{SPEECH}{model.removeprefix(SPEECH)}"])


@eyes.command("fetch")
def eyes_fetch() -> None:
    """Fetch what the eyes look for people with: the same as `livefoley models fetch mediapipe-people`."""
    from livefoley.models.catalogue import PEOPLE

    models_fetch([PEOPLE.name])


@models.command("build")
def models_build(
    name: Annotated[str, typer.Argument(help="A name from `livefoley models list`, or a file.")] = "nano",
    target: Annotated[
        list[str] | None, typer.Option("--target", help="here, sm75, sm80, sm86, sm89, sm120; several if repeated.")
    ] = None,
) -> None:
    """Compile a model by TensorRT; tensorrt_rtx does it for cards that are not here.

    Example: `livefoley models build nano --target sm86 --target sm89`
    """
    from livefoley.foley.student import models as students
    from livefoley.foley.student.backends import tensorrt
    from livefoley.foley.student.backends.engines import EngineStore

    found, store = students.find(name), EngineStore()
    for each in target or ["here"]:
        key, built = tensorrt.build(found, each, store)
        word = "built" if built else "there already"
        out.print(f"{escape(str(store.beside(key, '.engine')))}: {word}", highlight=False, soft_wrap=True)


@models.command("bench")
def models_bench(
    name: Annotated[str, typer.Argument(help="A name from `livefoley models list`, or a file.")] = "nano",
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
    from livefoley.foley.student import features
    from livefoley.foley.student import models as students
    from livefoley.foley.student.backends.bench import measure
    from livefoley.foley.student.student import open_backend

    found = students.find(name)
    backend = open_backend(found, checked_device(device), threads)
    steps = steps or found.spec.steps
    table = _table("batch", "p50", "p99", "network alone", "s per s of sound", title=f"{backend.name}, {steps} step(s)")
    tokens = min(features.tokens_for(seconds), found.spec.window_tokens)
    for size in batch or [1, 8, 32]:
        timing = measure(backend, found.spec, batch=size, tokens=tokens, steps=steps, repeats=repeats)
        times = (f"{1000 * each:.1f} ms" for each in (timing.p50_s, timing.p99_s, timing.network_s))
        table.add_row(str(size), *times, f"{timing.per_second:.4f}")
    show(table)


def _table(*headings: str, title: str | None = None) -> Table:
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for index, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=index == 0)
    return table
