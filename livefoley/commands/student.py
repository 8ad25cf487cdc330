"""The command line's part about sound on demand: ``livefoley generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from livefoley.core.errors import DescriptionError

out = Console()

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
    weights: Annotated[str, typer.Option("--model", help="A name from `livefoley models list`, or a file.")] = "nano",
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
    order = Order(text, seconds, seed, times_s, envelope, maker, weights, checked_device(device), threads, steps)
    out.print(generate_file(order, output, force=force), markup=False, highlight=False, soft_wrap=True)


def _times(onsets: str) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in onsets.split(",") if each.strip())
    except ValueError:
        raise DescriptionError(f"--onsets {onsets}: want seconds with commas between, like 0.5,1.2") from None


def checked_device(name: str) -> str:
    """Return the name of a device; raises ``typer.BadParameter`` for what is none."""
    from livefoley.foley.student.backends.onnx import DEVICES

    if name not in DEVICES:
        raise typer.BadParameter(f"{name}: want one of {', '.join(DEVICES)}", param_hint="--device")
    return name
