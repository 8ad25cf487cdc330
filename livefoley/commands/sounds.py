"""Declares what makes sounds and looks at them: `livefoley render`, `generate`, `explain`, `verify`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from livefoley.clips.model import PROVIDER
from livefoley.commands.console import out, plain
from livefoley.core.errors import DescriptionError, ModelError

Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or tensorrt.")]
Provider = Annotated[str, typer.Option("--provider", help="Who answers for the sound, in the file's labels.")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=64, help="On the CPU.")]
Steps = Annotated[
    int | None, typer.Option("--steps", min=1, max=64, help="Evaluations; as the model was made for unless given.")
]


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
    provider: Provider = PROVIDER,
) -> None:
    """Lay sound under a clip, as fast as the machine can. The picture is copied bit for bit.

    Example: `livefoley render clip.mp4 --describe "雨夜的街道, footsteps on wood" -o out.mp4`
    """
    from livefoley.commands.render import render_file

    render_file(
        source,
        describe,
        output,
        stem=stem,
        report=report,
        seed=seed,
        force=force,
        console=out,
        student=student,
        steps=steps,
        provider=provider,
    )


def generate(
    text: Annotated[str, typer.Argument(help='What shall be heard, in any language: "glass breaking, 雨声".')],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .wav, .flac, .mp3 or .m4a file.")],
    seconds: Annotated[float, typer.Option("--seconds", help="How long, up to 60.")] = 5.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another take.")] = 0,
    onsets: Annotated[str | None, typer.Option("--onsets", help="Where it begins anew, in seconds: 0.5,1.2")] = None,
    envelope: Annotated[Path | None, typer.Option("--envelope", help="How loud when: a CSV of seconds,dB.")] = None,
    source: Annotated[
        Literal["student", "bank", "procedural", "recordings"] | None,
        typer.Option("--source", help="Who makes it; else whoever is best at it."),
    ] = None,
    weights: Annotated[str, typer.Option("--model", help="A name from `livefoley models list`, or a file.")] = "nano",
    device: Device = "auto",
    threads: Threads = 2,
    steps: Steps = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an output that exists.")] = False,
    provider: Provider = PROVIDER,
) -> None:
    """Make one sound from words, and say what it cost.

    Example: `livefoley generate "rain on a tin roof" --seconds 8 -o rain.wav`
    """
    from livefoley.commands.generate import Order, generate_file
    from livefoley.core.cues import SoundSource

    times_s = _times(onsets) if onsets is not None else None
    maker = SoundSource(source) if source is not None else None
    order = Order(
        text, seconds, seed, times_s, envelope, maker, weights, checked_device(device), threads, steps, provider
    )
    out.print(generate_file(order, output, force=force), markup=False, highlight=False, soft_wrap=True)


def explain(
    text: Annotated[str, typer.Argument(help="A description in Chinese or English.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what is understood of a description: places, actions and accents, what they sound like, and by whom.

    Example: `livefoley explain "rain on a window, glass bottles set down on a table"`
    """
    from livefoley.commands.console import show
    from livefoley.foley.bank.library import Library
    from livefoley.foley.chain import StudentUse
    from livefoley.foley.description.explain import explain as understood
    from livefoley.foley.recordings.explained import as_one_sound, with_recordings
    from livefoley.foley.recordings.finder import Finder
    from livefoley.foley.student import models
    from livefoley.foley.student.settings import StudentSettings
    from livefoley.system.dirs import library_directory

    try:
        models.find(StudentSettings().model)
        use = StudentUse.AUTO
    except ModelError:
        use = StudentUse.NEVER
    said, recorded = understood(text, use), None
    finder = Finder([Library(library_directory())])
    if finder.count:
        said, recorded = with_recordings(said, finder.find), as_one_sound(text, finder.find)
    if as_json:
        told = asdict(said) | {"recording": asdict(recorded) if recorded is not None else None}
        out.out(json.dumps(told, ensure_ascii=False), highlight=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("words", "what they are", "sound", "by"):
        table.add_column(heading, overflow="fold")
    for what, parts in (("place", said.place), ("action", said.actions), ("accent", said.accents)):
        for part in parts:
            sound = part.sound if part.lasting in ("", part.sound) else f"{part.sound}, going on: {part.lasting}"
            table.add_row(*map(plain, (part.text, part.family or what, sound, part.by)))
    if recorded is not None:
        sound = f"{recorded.caption} ({recorded.likeness:.2f}; {recorded.credit})"
        table.add_row(*map(plain, (text, "one sound", sound, "recordings")))
    for words in said.unknown:
        table.add_row(plain(words), "[yellow]not understood[/]", "", "")
    show(table)


def verify(file: Annotated[Path, typer.Argument(help="A sound or video file.")]) -> None:
    """Say what marks of generated sound a file carries: container labels, watermark, C2PA manifest.

    Exit code 0: marked as generated; 3: not marked.
    """
    from livefoley.commands.verify import show

    if not show(file, out):
        raise typer.Exit(3)


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
