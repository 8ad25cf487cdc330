"""Makes the sound of one video, in a process of its own: ``python -m livefoley.renders.make``.

The pictures are watched in pieces, in parallel; meanwhile the video's own sound is decoded here and searched for
speech. Then planner and mixer go over all that was seen in one pass, as they do for a clip: that is fast, and what was
never cut has no seams. The generated sound carries the watermark, the file the labels.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from av.stream import Discard

from livefoley.clips.sound import CEILING_DBTP, TARGET_LUFS, ambience_gain_db, master, with_mark
from livefoley.core.cues import Stereo, ambience_of
from livefoley.core.errors import LivefoleyError
from livefoley.core.events import MotionCourse, MotionOnset, PerceptionEvent
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ports import AudioDecoder
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks, ticks_from_s, ticks_from_stamp
from livefoley.dsp.levels import SILENCE_DB, linear_from_db, true_peak_db
from livefoley.dsp.loudness import integrated_lufs
from livefoley.engine.leanings.film import FilmPlaces
from livefoley.engine.mixer import MixSettings
from livefoley.engine.offline import PREROLL, FoleyPass, Moment
from livefoley.engine.planner import PlannerSettings
from livefoley.foley.bed.in_turn import BedInTurn
from livefoley.foley.description import lexicon
from livefoley.foley.makers import Makers
from livefoley.marks.embed import embed, mark
from livefoley.marks.labels import make_labels
from livefoley.media.audio_codecs import make_decoder
from livefoley.media.files.audio_file import write_audio
from livefoley.media.files.demux import Demuxer
from livefoley.perception.hearing.vad import SpeechDetector
from livefoley.renders.child import NO_MEMORY, tell, told, wants_memory
from livefoley.renders.examine import IntakeLimits, examine, limit
from livefoley.renders.layout import Layout, divide, opened, survey
from livefoley.renders.model import MAX_SIDE, OutputFormat, Rendered, RenderLimits
from livefoley.renders.order import Order
from livefoley.renders.piece import Seen, watch
from livefoley.renders.wav import label_wav
from livefoley.system.files import SHARED, WholeFile
from livefoley.system.priority import step_behind_parent

NICENESS = 10
SAME: Tick = ticks_from_s(0.05)
"""Two pieces may see the movement at their border a frame apart."""

COURSES = 1_000_000  # more than a piece can have

_WATCHED, _SOUNDED, _MARKED = 0.7, 0.8, 0.95  # how far the whole is after each step
_BLOCK = 10 * TICK_RATE


def make(order: Order, progress: Callable[[float], None] = lambda part: None) -> Rendered:
    """Make the sound, which lies at ``order.output`` as a whole or not at all. Raises ``LivefoleyError``."""
    began_s = time.perf_counter()
    limits = order.limits.intake()
    problem = examine(order.source, limits).problem
    layout = survey(order.source, limits)
    seen, original, speech = _perceive(order, layout, lambda part: progress(_WATCHED * part))
    chain = Makers(order.libraries, order.student).chain()
    description = order.request.description
    bed = BedInTurn(lambda text: chain.bed(ambience_of("render", text, 0)), description, ambiences(description, seen))
    plan = PlannerSettings(prompts=lexicon.action_prompts(description))
    under = original if order.request.mix else None  # alone, nothing in it sounds already
    foley = FoleyPass(MixSettings(follow=True), plan, chain, bed, 0, layout.end, under)
    stem = foley.make([event for event in (*seen, *speech) if isinstance(event, Moment)])
    progress(_SOUNDED)
    sound = _finished(under, stem, order.content_id)
    progress(_MARKED)
    _write(order, sound)
    pieces = len(divide(layout, order.limits.processes))
    made_by = tuple(sorted({bed.source, *(laid.source for laid in foley.laid)}))
    took_s = round(time.perf_counter() - began_s, 3)
    return Rendered(s_from_ticks(layout.end), len(foley.laid), pieces, took_s, made_by, problem)


def ambiences(description: str, seen: Sequence[Seen]) -> list[tuple[Tick, str]]:
    """Return what describes the ambience by where the pictures are, in ticks since the pass begins, before the film."""
    film = FilmPlaces(lexicon.is_place(description), 0)
    found = filter(None, map(film.take, sorted(seen, key=lambda event: event.at)))
    return [
        (place.start + PREROLL if place.start else 0, lexicon.at_place(description, place.words)) for place in found
    ]


def _finished(original: Stereo | None, stem: Stereo, content_id: str) -> Stereo:
    """Return the marked sound: with the original at the loudness of clips; alone as loud as that, as its peaks
    allow, for a limiter would take from the hits what it gives to the ambience, or as its ambience may be."""
    if original is not None:
        mixed = master(original, stem)
        return with_mark(mixed, mark(mixed.mix, content_id)).mix
    marked = embed(stem, content_id)
    loudness = integrated_lufs(marked)
    if loudness <= SILENCE_DB:
        return marked
    gain_db = min(TARGET_LUFS - loudness, CEILING_DBTP - true_peak_db(marked), ambience_gain_db(marked))
    return marked * np.float32(linear_from_db(gain_db))


def _write(order: Order, sound: Stereo) -> None:
    """Write the file with its labels; it has its name when it is whole."""
    labels = make_labels(order.provider, order.content_id)
    with WholeFile(order.output, mode=SHARED, called="the sound") as made:
        write_audio(made, _blocks(sound), order.request.output_format, labels)
        if order.request.output_format is OutputFormat.WAV:
            label_wav(made, labels)


def _blocks(sound: Stereo) -> Iterator[Stereo]:
    yield from (sound[:, at : at + _BLOCK] for at in range(0, sound.shape[1], _BLOCK))


# ---- what is seen and heard ----


def _perceive(
    order: Order, layout: Layout, progress: Callable[[float], None]
) -> tuple[list[Seen], Stereo, list[PerceptionEvent]]:
    """Return what is seen, the video's own sound ``[2, layout.end]``, and who speaks in it."""
    pieces = divide(layout, order.limits.processes)
    limits = piece_limits(order.limits)
    with ThreadPoolExecutor(max(1, len(pieces))) as pool:
        watching = [pool.submit(watch, order.source, layout.origin, piece, limits) for piece in pieces]
        original = _decoded(order.source, layout, limits)
        speech = _speech(original) if layout.has_sound else []
        for done, _ in enumerate(as_completed(watching), 1):
            progress(done / len(watching))
    return joined([each.result() for each in watching]), original, speech


def piece_limits(limits: RenderLimits) -> IntakeLimits:
    """Return what watching one piece may take."""
    cpu_s = max(60, int(limits.timeout_s))
    return replace(limits.intake(), memory_mb=limits.memory_mb, cpu_s=cpu_s, timeout_s=limits.timeout_s)


def joined(pieces: Sequence[Sequence[Seen]]) -> list[Seen]:
    """Return what was seen in all pieces, in order; what two of them saw of one movement once.

    What lasts over a border is two: the second begins as the first fades.
    """
    events: list[Seen] = []
    for number, piece in enumerate(pieces):
        last = next((event for event in reversed(events) if isinstance(event, MotionOnset)), None)
        for each in piece:
            if isinstance(each, MotionCourse):
                events.append(replace(each, id=number * COURSES + each.id))
            elif not isinstance(each, MotionOnset) or last is None or not _are_one(last, each):
                events.append(each)
    return events


def _are_one(before: MotionOnset, after: MotionOnset) -> bool:
    return after.at - before.at <= SAME and after.kind is before.kind


def _decoded(source: Path, layout: Layout, limits: IntakeLimits) -> Stereo:
    """Return the video's own sound, each block where its stamp says; silence where there is none."""
    sound = np.zeros((2, layout.end), np.float32)
    if not layout.has_sound:
        return sound
    decoder: AudioDecoder | None = None
    with opened(source, limits) as container:
        for stream in container.streams.video:
            stream.discard = Discard.all
        for item in Demuxer(container, "the file", reencode=True, largest=MAX_SIDE).items():
            if isinstance(item, TrackInfo) and item.kind is MediaKind.AUDIO:
                decoder = make_decoder(item)
            elif isinstance(item, Packet) and item.kind is MediaKind.AUDIO and decoder is not None:
                at = ticks_from_stamp(item.pts, item.time_base) - layout.origin
                for offset, samples in decoder.decode(item):
                    _lay(sound, samples, at + offset)
    return sound


def _lay(sound: Stereo, samples: Stereo, at: Tick) -> None:
    begin, end = max(0, at), min(sound.shape[1], at + samples.shape[1])
    if begin < end:
        sound[:, begin:end] = samples[:, begin - at : end - at]


def _speech(original: Stereo) -> list[PerceptionEvent]:
    detector = SpeechDetector()
    found: list[PerceptionEvent] = []
    for at in range(0, original.shape[1], _BLOCK):
        found += detector.feed(original[:, at : at + _BLOCK].mean(axis=0), at)
    return found + detector.flush()


# ---- the process ----


def main() -> int:
    """Make one sound; how far it is, and what came of it, goes to standard output."""
    given = told()
    step_behind_parent(NICENESS)  # below all that a live stream waits for; the pieces inherit it
    order = Order.from_json(given)
    limit(order.limits.memory_mb, max(60, int(order.limits.timeout_s)))
    try:
        rendered = make(order, lambda part: tell(progress=round(part, 3)))
    except LivefoleyError as error:
        tell(refused=str(error))
    except Exception as error:
        if not wants_memory(error):
            raise
        tell(refused=NO_MEMORY)
    else:
        tell(rendered=asdict(rendered))
    return 0


if __name__ == "__main__":
    sys.exit(main())
