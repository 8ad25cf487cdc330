"""`livefoley train ...`: from recordings to weights. Imports torch only inside the commands, so help needs none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from livefoley.core.errors import ConfigError, InputError, LivefoleyError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Train the student: prepare a corpus, fit, distil from a teacher, evaluate, quantise, export. "
    "Needs `pip install 'livefoley[train]'`; a GPU makes it minutes, two cores do it in hours.",
)

Seed = Annotated[int, typer.Option("--seed", help="The same seed, the same run.")]
Size = Annotated[str, typer.Option("--size", help="nano (11M, a CPU), base (180M, a GPU), tiny (tests).")]
CorpusFolder = Annotated[Path, typer.Argument(help="A folder made by `train prepare`.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="CPU threads; 0 leaves it to torch.")]
Devices = Annotated[int, typer.Option("--devices", min=1, help="How many accelerators (or processes) share the work.")]


@app.command()
def prepare(
    recordings: Annotated[
        list[Path], typer.Argument(help="manifest.csv files, WebDataset .tar shards, or folders of either.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the corpus goes.")],
    latent: Annotated[int, typer.Option("--latent", min=8, help="Numbers in which 80 ms of sound are held.")] = 128,
    rendered: Annotated[
        bool, typer.Option("--rendered/--no-rendered", help="Add our own procedural sounds where recordings are thin.")
    ] = True,
    seed: Seed = 0,
) -> None:
    """Turn labelled recordings into a corpus: mel frames, levels, onsets, captions in two languages, embedded.

    A manifest is a CSV with `path` and `caption_en`, better with `caption_zh`, `ucs_category`, `split` (train or
    valid), `licence`, `author`. A shard holds pairs KEY.flac and KEY.json with the same fields.

    Example: `livefoley train prepare sounds/manifest.csv --out out/corpus`
    """
    _need_torch()
    from itertools import chain

    from livefoley.train.corpus import prepare as preparing
    from livefoley.train.corpus import recordings as reading
    from livefoley.train.corpus import rendered as rendering

    sounds = chain.from_iterable(reading.read(path) for path in recordings)
    if rendered:
        sounds = chain(sounds, rendering.render(seed=seed))
    corpus = preparing.prepare(sounds, out, preparing.sentence_encoder(), latent, seed, typer.echo)
    if not corpus.clips:
        raise InputError("not one recording could be read")
    typer.echo(f"{out}: {len(corpus.clips)} clips, {corpus.basis.explained:.1%} of the power in {latent} latents")


@app.command()
def fit(
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where checkpoints and samples go.")],
    size: Size = "nano",
    minutes: Annotated[float, typer.Option("--minutes", min=0, help="Plan the run by time; over all resumptions.")] = 0,
    steps: Annotated[int, typer.Option("--steps", min=0, help="Plan the run by steps, when no time is given.")] = 0,
    tokens: Annotated[int, typer.Option("--tokens", min=64, help="Batch: tokens of 80 ms, over its clips.")] = 800,
    rate: Annotated[float, typer.Option("--rate", min=0, help="The highest learning rate.")] = 1e-3,
    stop_after: Annotated[
        float,
        typer.Option("--stop-after", min=0, help="Stop after so many minutes of this session; run again to go on."),
    ] = 0,
    emphasise: Annotated[
        list[str] | None, typer.Option("--emphasise", help="Draw this group three times as often; may be repeated.")
    ] = None,
    precision: Annotated[str, typer.Option("--precision", help="Fabric's: 32-true, bf16-mixed (a GPU).")] = "32-true",
    devices: Devices = 1,
    threads: Threads = 0,
    seed: Seed = 0,
) -> None:
    """Fit the student to a corpus. Interrupted runs go on from the last checkpoint with the same command.

    Example on two cores: `livefoley train fit out/corpus --out out/nano --minutes 85 --threads 2`

    Example on a GPU: `livefoley train fit out/corpus -o out/nano --steps 60000 --tokens 6400 --precision bf16-mixed`
    """
    _need_torch()
    from livefoley.train import fit as fitting

    if not minutes and not steps:
        raise ConfigError("say how long to fit: --minutes or --steps")
    plan = fitting.Plan(
        size=_known_size(size),
        steps=steps,
        minutes=minutes,
        tokens=tokens,
        rate=rate,
        seed=seed,
        emphasis=tuple(emphasise or ()),
    )
    fitting.run(corpus, out, plan, devices, threads, precision, 60 * stop_after, typer.echo)


@app.command()
def distill(
    corpus: CorpusFolder,
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint of `train fit`; it teaches itself fewer steps.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where checkpoints go.")],
    minutes: Annotated[float, typer.Option("--minutes", min=0, help="How long.")] = 20.0,
    guidance: Annotated[
        float, typer.Option("--guidance", min=1.0, help="How strongly the description is followed; taught in.")
    ] = 2.0,
    tokens: Annotated[int, typer.Option("--tokens", min=64, help="Batch: tokens of 80 ms, over its clips.")] = 800,
    rate: Annotated[float, typer.Option("--rate", min=0, help="The highest learning rate.")] = 3e-4,
    threads: Threads = 0,
    seed: Seed = 0,
) -> None:
    """Teach a fitted student to need one or two steps, with guidance built in (no second evaluation at run time).

    Example: `livefoley train distill out/corpus out/nano/last.pt --out out/nano-few --minutes 20`
    """
    _need_torch()
    from livefoley.train import distill as distilling

    plan = distilling.Plan(minutes=minutes, tokens=tokens, rate=rate, guidance=guidance, seed=seed)
    distilling.run(corpus, checkpoint, out, plan, threads, typer.echo)


@app.command()
def teach(
    teacher: Annotated[str, typer.Argument(help="Which one; `livefoley train teach list` names them.")],
    prompts: Annotated[
        Path | None, typer.Argument(help="A CSV: caption_en, and for video teachers video (a path); seconds if wanted.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder that `train prepare` reads.")] = Path("out/taught"),
    model: Annotated[str, typer.Option("--model", help="The teacher's weights: a folder or a name it knows.")] = "",
    accept_licence: Annotated[
        str, typer.Option("--accept-licence", help="The name of the teacher's licence, to say you have read it.")
    ] = "",
    takes: Annotated[int, typer.Option("--takes", min=1, help="Sounds per prompt.")] = 4,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, cuda:1, mps.")] = "cpu",
    seed: Seed = 0,
) -> None:
    """Let a large model make recordings to learn from: sounds and a manifest, made once and kept.

    What a student learns from a teacher falls under the teacher's licence: it is named, and must be accepted by name.

    Example: `livefoley train teach stable-audio prompts.csv --model stabilityai/stable-audio-open-1.0 --device cuda`
    """
    from livefoley.train import teachers

    if teacher == "list":
        for line in teachers.listed():
            typer.echo(line)
        return
    if prompts is None:
        raise ConfigError("say what the teacher shall make: a CSV with the column caption_en")
    _need_torch()
    teachers.teach(teacher, prompts, out, model, accept_licence, takes, device, seed, typer.echo)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder that gets NAME.onnx and NAME.json.")],
    checkpoint: Annotated[Path | None, typer.Argument(help="A checkpoint of `train fit` or `distill`.")] = None,
    corpus: Annotated[Path | None, typer.Option("--corpus", help="The corpus it was fitted to.")] = None,
    random: Annotated[bool, typer.Option("--random", help="Random weights: for timing, and nothing else.")] = False,
    size: Size = "nano",
    name: Annotated[str, typer.Option("--name", help="What the model is called; student-SIZE unless given.")] = "",
    precision: Annotated[
        str, typer.Option("--precision", help="fp32; stored-fp16 (half the file, for CPUs); fp16 (for TensorRT).")
    ] = "stored-fp16",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Evaluations it should be run with.")] = 4,
    guidance: Annotated[float, typer.Option("--guidance", min=1.0, help="Guidance it should be run with.")] = 1.0,
    texture: Annotated[
        float, typer.Option("--texture", min=0.0, max=2.0, help="Noise that gives fine components their texture back.")
    ] = 0.35,
    seed: Seed = 0,
) -> None:
    """Write a student as ONNX with its contract beside it, and check ONNX Runtime against torch.

    Example: `livefoley train export out/nano/last.pt --corpus out/corpus --out models`

    Example, for timing: `livefoley train export --random --size base --precision fp16 --out models`
    """
    _need_torch()
    from livefoley.train import export as exporting

    if (checkpoint is None) == (not random):
        raise ConfigError("give a checkpoint, or --random, and not both")
    graph = exporting.export_checked(
        checkpoint, corpus, _known_size(size), out, name, precision, steps, guidance, texture, seed, typer.echo
    )
    typer.echo(str(graph))


@app.command()
def quantize(
    model: Annotated[Path, typer.Argument(help="The .json of an exported student, fp32.")],
    corpus: Annotated[Path, typer.Option("--corpus", help="Sound to calibrate with.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the INT8 student goes.")],
    clips: Annotated[int, typer.Option("--clips", min=8, help="Windows to calibrate with.")] = 48,
    seed: Seed = 0,
) -> None:
    """Quantise to INT8 (static, QDQ, calibrated) and report size, speed and error beside the original.

    Example: `livefoley train quantize models/student-nano.json --corpus out/corpus --out models`
    """
    _need_torch()
    from livefoley.train import quantize as quantising

    report = quantising.quantise(model, corpus, out, clips, seed)
    typer.echo(json.dumps(report, indent=1))


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="The .json of an exported student, or a name `model list` shows.")],
    recordings: Annotated[Path, typer.Option("--recordings", help="A manifest with train and valid recordings.")],
    steps: Annotated[list[int] | None, typer.Option("--steps", help="Evaluations a sound; may be repeated.")] = None,
    takes: Annotated[int, typer.Option("--takes", min=1, help="Sounds per validation recording and language.")] = 1,
    seed: Seed = 0,
) -> None:
    """Tell how many sounds made from captions alone are recognised, by class (the judge is YAMNet).

    `benchmarks/quality.py` says more: other words, every source, what real recordings reach, how sure it all is.

    Example: `livefoley train evaluate models/student-nano.json --recordings sounds/manifest.csv --steps 1 --steps 4`
    """
    from livefoley.train import evaluate as evaluating

    for count in steps or [0]:
        for line in evaluating.table(evaluating.recognised(str(model), recordings, count or None, takes, seed)):
            typer.echo(line)


def _need_torch() -> None:
    import importlib.util

    missing = [name for name in ("torch", "lightning", "onnx") if importlib.util.find_spec(name) is None]
    if missing:
        raise LivefoleyError(f"training needs {', '.join(missing)}: pip install 'livefoley[train]'")


def _known_size(size: str) -> str:
    from livefoley.train.network import SIZES

    if size not in SIZES:
        raise ConfigError(f"no size {size!r}; there are {', '.join(SIZES)}")
    return size
