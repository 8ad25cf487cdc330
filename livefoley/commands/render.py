"""`livefoley render`: sound under a file, with progress."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from livefoley.clips.model import PROVIDER
from livefoley.commands.console import plain
from livefoley.commands.marking import content_id, label_video, write_labelled
from livefoley.core.cues import Stereo, ambience_of
from livefoley.core.errors import InputError, OutputError
from livefoley.core.events import PerceptionEvent
from livefoley.core.media import VIDEO_CODECS, MediaKind, OutputItem, Packet, TrackInfo
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks
from livefoley.engine.leanings.film import FilmPlace, FilmPlaces
from livefoley.engine.mixer import MixSettings
from livefoley.engine.offline import LaidSound
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.render import Renderer
from livefoley.engine.room_types import Departure, RoomSettings
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.bed.in_turn import BedInTurn
from livefoley.foley.chain import credits_of
from livefoley.foley.description import lexicon
from livefoley.foley.makers import Makers
from livefoley.foley.sound_chain import ChainBed
from livefoley.foley.student.settings import StudentSettings
from livefoley.marks.streaming import StreamEmbedder
from livefoley.media.audio_codecs import AacEncoder, make_decoder
from livefoley.media.files.audio_file import AUDIO_FORMATS
from livefoley.media.files.containers import carried_video, no_place
from livefoley.media.files.file_source import probe, read_items
from livefoley.media.files.mux import Muxer
from livefoley.media.pictures.untold import untold
from livefoley.perception.eyes.eyes import Eyes
from livefoley.perception.eyes.people import People
from livefoley.perception.eyes.picture_classes import PictureClasses
from livefoley.perception.hearing.vad import SpeechDetector
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.system.dirs import library_directory
from livefoley.system.files import SHARED, write_whole

AUDIO_EXTENSIONS = tuple(f".{name}" for name in AUDIO_FORMATS)
OFFLINE_STEPS = 8  # of the student: nobody waits for these sounds
LATEST_PICTURE: Tick = 300 * TICK_RATE
"""How long the sound of a file may wait for its first picture, so that both get into one file."""
LOOKAHEAD_S = 9.0  # costs no time here; where a scene is, is known some seconds after it begins


class PcmCapture:
    """An "encoder" that keeps the samples, for outputs that are sound alone."""

    info = TrackInfo(MediaKind.AUDIO, "pcm_f32le", sample_rate=TICK_RATE, channels=2)

    def __init__(self) -> None:
        self._blocks: list[Stereo] = []

    def encode(self, samples: Stereo, start: Tick) -> list[Packet]:
        """Keep a block."""
        self._blocks.append(samples)
        return []

    def flush(self) -> list[Packet]:
        """There is nothing inside."""
        return []

    def take(self) -> list[Stereo]:
        """Return the blocks kept since the last call."""
        blocks, self._blocks = self._blocks, []
        return blocks


def render_file(
    source: Path,
    describe: str,
    output: Path,
    *,
    stem: Path | None,
    report: Path | None,
    seed: int,
    force: bool,
    console: Console,
    student: bool = True,
    steps: int = OFFLINE_STEPS,
    provider: str = PROVIDER,
) -> None:
    """Render ``source`` to ``output`` with progress; files appear whole or not at all.

    Raises ``InputError``, ``OutputError`` or ``UnsupportedCodec`` in one line.
    """
    _check_outputs(source, output, stem, report, force)
    content = content_id(source.name, source.stat().st_size, describe, seed)
    clip = probe(source)
    sound_only = output.suffix.lower() in AUDIO_EXTENSIONS
    program, foley_alone = PcmCapture(), PcmCapture()
    makers = Makers([library_directory()], StudentSettings(steps=steps) if student else None, seed=seed)
    chain = makers.chain()
    places = _Places(describe, lambda text: chain.bed(ambience_of("render", text, seed)))
    renderer = Renderer(
        render_settings(describe, seed, stem is not None),
        make_decoder=make_decoder,
        encoder=program if sound_only else AacEncoder(192_000),
        stem_encoder=foley_alone if stem is not None else None,
        analyser=MotionAnalyser(eyes=Eyes(PictureClasses(), People())),
        speech=SpeechDetector(),
        effects=chain,
        bed=places.bed,
        make_mark=partial(StreamEmbedder, content),
        see=places.see,
    )
    began = time.perf_counter()
    stem_blocks: list[Stereo] = []
    problems: list[str] = []
    if not sound_only and (container := no_place(output)):
        problems += filter(None, (untold(info, container) for info in clip.tracks))

    def departures() -> Iterator[Departure]:
        keep = VIDEO_CODECS if sound_only else carried_video(output)
        items = read_items(source, keep, on_problem=problems.append)
        for departure in _with_progress(renderer, items, clip.duration_s, console):
            stem_blocks.extend(foley_alone.take())
            yield departure

    if sound_only:
        write_labelled(output, (block for _ in departures() for block in program.take()), provider, content)
    else:
        shows = any(info.kind is MediaKind.VIDEO for info in clip.tracks)
        _mux(output, (item for departure in departures() for item in departure.program), shows)
        problems += filter(None, [label_video(output, provider, content)])
    if stem is not None:
        write_labelled(stem, stem_blocks, provider, content)
    wall_s = time.perf_counter() - began
    duration_s = clip.duration_s or renderer.position_s  # not every file says
    problems += [renderer.problem] if renderer.problem else []
    counts = _report(renderer, places, source, describe, output, duration_s, wall_s, problems, report)
    for problem in problems:
        console.print(f"[bold yellow]warning:[/] {plain(problem)}", highlight=False, soft_wrap=True)
    console.print(f"{output}: {counts} in {wall_s:.1f} s ({duration_s / max(wall_s, 1e-9):.1f} times real time)")


class _Places:
    """Where the pictures say the film is: heard in its ambience, and kept for the report."""

    def __init__(self, describe: str, open_bed: Callable[[str], ChainBed]) -> None:
        self.found: list[FilmPlace] = []
        self.beds: list[ChainBed] = []
        self.bed = BedInTurn(self._open, describe)
        self._open_bed = open_bed
        self._describe = describe
        self._film = FilmPlaces(lexicon.is_place(describe), ORIGIN)

    def _open(self, text: str) -> ChainBed:
        self.beds.append(self._open_bed(text))
        return self.beds[-1]

    def see(self, event: PerceptionEvent) -> None:
        """Take what is seen."""
        if (place := self._film.take(event)) is not None:
            self.found.append(place)
            self.bed.change(place.start - ORIGIN, lexicon.at_place(self._describe, place.words))


def render_settings(describe: str, seed: int, stem: bool) -> RoomSettings:
    """Return the settings of a render: a live room's defaults, and the actions that ``describe`` names."""
    plan = PlannerSettings(prompts=lexicon.action_prompts(describe), seed=seed)
    return RoomSettings(lookahead_s=LOOKAHEAD_S, mix=MixSettings(stem=stem, follow=True), plan=plan, stem=stem)


def _check_outputs(source: Path, output: Path, stem: Path | None, report: Path | None, force: bool) -> None:
    if not source.exists():
        raise InputError(f"{source}: there is no such file")
    for path in (output, stem, report):
        if path is None:
            continue
        if path.exists() and source.exists() and path.samefile(source):
            raise OutputError(f"{path}: would replace the input; choose another name")
        if path.exists() and not force:
            raise OutputError(f"{path}: exists already; --force replaces it")
        if not path.parent.is_dir():
            raise OutputError(f"{path.parent}: there is no such directory")
    if stem is not None and stem.suffix.lower() not in AUDIO_EXTENSIONS:
        raise OutputError(f"{stem}: a stem is sound alone; use one of {', '.join(AUDIO_EXTENSIONS)}")


def _with_progress(
    renderer: Renderer, items: Iterable[Any], duration_s: float, console: Console
) -> Iterator[Departure]:
    whole = f"/{duration_s:.0f}" if duration_s else ""
    columns = (TextColumn("rendering"), BarColumn(), TextColumn("{task.completed:.0f}" + whole + " s"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True) as progress:
        task: TaskID = progress.add_task("render", total=duration_s or None)
        for departure in renderer.run(items):
            progress.update(task, completed=min(renderer.position_s, duration_s or math.inf))
            yield departure


def _mux(output: Path, items: Iterable[OutputItem], shows: bool) -> None:
    muxer = Muxer(output, patience=LATEST_PICTURE if shows else TICK_RATE)
    try:
        for item in items:
            muxer.write(item)
        muxer.close()
    except BaseException:
        muxer.abort()
        raise


def _report(
    renderer: Renderer,
    places: _Places,
    source: Path,
    describe: str,
    output: Path,
    duration_s: float,
    wall_s: float,
    problems: Sequence[str],
    path: Path | None,
) -> str:
    """Write the report to ``path``, if any, and return its gist."""
    outcomes = renderer.outcomes()
    laid = sum(count for _, outcome, count in outcomes if outcome == "laid")
    if path is not None:
        content = {
            "input": str(source),
            "output": str(output),
            "describe": describe,
            "duration_s": round(duration_s, 3),
            "wall_s": round(wall_s, 3),
            "bed": places.bed.source,
            "places": [
                {"at_s": round(s_from_ticks(each.start - ORIGIN), 3), "place": each.words, "seen": each.seen}
                for each in places.found
            ],
            "problems": list(problems),
            "cues": [{"kind": kind, "outcome": outcome, "count": count} for kind, outcome, count in outcomes],
            "microphone": asdict(renderer.own_sound) if renderer.own_sound is not None else None,
            "sounds": [_told(laid) for laid in renderer.laid],
            "credits": [asdict(credit) for credit in credits_of((*places.beds, *renderer.laid))],
        }
        write_whole(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n", mode=SHARED)
    return f"{laid} sound(s) in sync over a {places.bed.source} bed"


def _told(laid: LaidSound) -> dict[str, Any]:
    """Return what the report tells of a sound: where it lies in the file, and what it is."""
    return {
        "at_s": round(s_from_ticks(laid.cue.start - ORIGIN), 4),
        "kind": laid.cue.kind,
        "name": laid.sound,
        "asked_for": laid.asked_for,
        "source": laid.source,
        "why": laid.cue.reason,
        "pan": round(laid.cue.pan, 3),
        "gain_db": round(laid.cue.gain_db, 2),
    }
