"""Declares `livefoley bank` and does what it says: list the effects, add sounds, write one to a file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from livefoley.commands.console import err, out, plain, show
from livefoley.core.errors import BankError
from livefoley.system.dirs import library_directory

if TYPE_CHECKING:
    from livefoley.foley.bank.bank import EffectBank
    from livefoley.foley.bank.library import AddReport

bank = typer.Typer(no_args_is_help=True, help="The effect bank: list it, add your own UCS-named sounds, listen to one.")

Into = Annotated[Path | None, typer.Option("--library", help="Where the library is kept.")]
AnyLicence = Annotated[
    bool, typer.Option("--any-licence", help="Also what its licence forbids to be sold, or to be changed.")
]
Opened = Annotated[Path | None, typer.Option("--library", help="An operator's library made by `bank add`.")]


@bank.command("list")
def list_effects(
    like: Annotated[str, typer.Argument(help="Only what fits these words, in any language.")] = "",
    library: Opened = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the effects: rendered ones and those added."""
    effects = _bank(library)
    found = [effects.describe(name) for name in (effects.find(like) if like else effects.names())]
    if not found:
        raise BankError(f'"{like}": no effect fits; `livefoley bank list` shows them all')
    if as_json:
        out.out(json.dumps({"effects": [asdict(info) for info in found]}, ensure_ascii=False), highlight=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "from", "what it is"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")
    for info in found:
        table.add_row(*map(plain, (info.name, info.source, info.summary)))
    show(table)


@bank.command("add")
def add(
    directory: Annotated[
        Path,
        typer.Argument(help="A folder of WAV, FLAC, Ogg, Opus or MP3 files, by UCS names or a manifest.csv."),
    ],
    library: Into = None,
    any_licence: AnyLicence = False,
) -> None:
    """Take your own sounds into the bank: normalised in loudness, trimmed to the onset, indexed by what they are
    called."""
    from livefoley.foley.bank.library import Library

    into = library or library_directory()
    _told(Library.add(directory, into, any_licence=any_licence), into)


@bank.command("fetch")
def fetch(
    pack: Annotated[str, typer.Argument(help="A pack's manifest, as a path or an address, or its name in packs.csv.")],
    library: Into = None,
    any_licence: AnyLicence = False,
) -> None:
    """Fetch a pack of recordings, compare every file with its manifest, and take them into the bank."""
    from livefoley.foley.bank.library import Library
    from livefoley.foley.recordings import packs

    into = library or library_directory()
    place = packs.place_of(pack, into)
    staging = packs.staging_of(place, into)
    with err.status("fetching") as status:
        fetched = packs.fetch(
            place,
            staging,
            any_licence=any_licence,
            progress=lambda done, total: status.update(f"fetching {done}/{total}"),
        )
    report = Library.add(staging, into, any_licence=any_licence)
    packs.clear(staging)
    _told(replace(report, problems=(*fetched.problems, *report.problems)), into)


def _told(report: AddReport, library: Path) -> None:
    """Say what came of sounds taken in, and embed what they are called."""
    problems = [*report.problems, *(f"{name}: known already" for name in report.duplicates)]
    for problem in problems:
        err.print(f"[yellow]left out:[/] {plain(problem)}", highlight=False, soft_wrap=True)
    _embed(library)
    out.print(f"{len(report.added)} sound(s) added")
    if problems and not report.added:
        raise typer.Exit(1)


@bank.command("play-to-file")
def play_to_file(
    effect: Annotated[str, typer.Argument(help="An effect's name from `bank list`, or words for one.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .wav, .flac or .mp3 file.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another take.")] = 0,
    intensity: Annotated[float, typer.Option("--intensity", min=0.0, max=1.0, help="How hard, how many.")] = 0.7,
    library: Opened = None,
) -> None:
    """Write one effect to a sound file, to listen to it."""
    from livefoley.core.cues import CueKind, SoundRequest
    from livefoley.core.ticks import s_from_ticks
    from livefoley.media.files.audio_file import write_audio

    effects = _bank(library)
    request = SoundRequest(CueKind.ACCENT, effect, intensity=intensity, seed=seed)
    if effect in effects.names():
        request = replace(request, effect=effect, prompt="")
    sound = effects.make(request)
    if sound is None:
        near = ", ".join(effects.find(effect)[:3])
        hint = f"near: {near}" if near else "`livefoley bank list` shows them all"
        raise BankError(f'"{effect}": no effect fits; {hint}')
    write_audio(output, [sound.samples.copy()])
    length_s, onset_s = s_from_ticks(sound.samples.shape[1]), s_from_ticks(sound.onset)
    out.print(f"{output}: {sound.name}, {length_s:.2f} s, onset at {onset_s:.3f} s", highlight=False)


def _embed(library: Path) -> None:
    """Embed what the sounds of a library are called, so that free words find them."""
    from livefoley.core.errors import ModelError
    from livefoley.foley.bank.library import Library
    from livefoley.foley.recordings.index import RecordingIndex
    from livefoley.foley.student.embed import TextEncoder

    try:
        RecordingIndex([Library(library)], TextEncoder())
    except ModelError as error:
        err.print(f"[yellow]not found by free words:[/] {plain(str(error))}", highlight=False, soft_wrap=True)


def _bank(library: Path | None) -> EffectBank:
    """Return the bank with a library, by default the user's own, which need not exist. Raises ``BankError``."""
    from livefoley.foley.source import Foley

    if library is not None and not library.is_dir():
        raise BankError(f"{library}: there is no such library; `livefoley bank add DIR --library {library}` makes it")
    return Foley([library or library_directory()]).bank
