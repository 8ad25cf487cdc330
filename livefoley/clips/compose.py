"""The two stages in which a clip comes to be: its pictures, then its sound, its captions and the whole."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from livefoley import __version__
from livefoley.clips import words
from livefoley.clips.jobs.files import ClipInput, Pictures, read_encoded, write_encoded
from livefoley.clips.jobs.job import Job
from livefoley.clips.marked import EncodedSound, encode_marked
from livefoley.clips.model import ClipFiles, ClipMetadata, ClipReason, Gap, PlacedSound, Priority
from livefoley.clips.pictures.cover import write_cover
from livefoley.clips.pictures.cut import write_mp4
from livefoley.clips.pictures.exact import cut_exactly, with_notice
from livefoley.clips.pictures.reframe import reframed
from livefoley.clips.ports import Captions, Marks
from livefoley.clips.sound import Mastered, master
from livefoley.clips.waveform import write_waveform
from livefoley.core.cues import Stereo, ambience_of
from livefoley.core.events import KEYWORD, MotionOnset, Transcript
from livefoley.core.notices import utc
from livefoley.core.text.credits import Credit
from livefoley.core.ticks import Tick, s_from_ticks, ticks_from_s
from livefoley.engine.leanings.decisions import Decisions, leaning_of
from livefoley.engine.offline import PREROLL, FoleyPass, LaidSound, Moment
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.bed.in_turn import BedInTurn
from livefoley.foley.chain import credits_of
from livefoley.foley.makers import Makers
from livefoley.foley.sound_chain import ChainBed
from livefoley.media.files.audio_file import write_audio
from livefoley.system.files import SHARED, write_whole

log = structlog.get_logger("livefoley.clips")

ENGINE = "livefoley-foley"
LIVE = "livefoley-live"


def cut(job: Job, clip_input: ClipInput, marks: Marks) -> None:
    """Settle the pictures."""
    cut_pictures(job, clip_input, marks.visible)


def compose(
    job: Job, clip_input: ClipInput, files: ClipFiles, makers: Makers, marks: Marks, captions: Captions
) -> ClipMetadata:
    """Make the sound and the clip of both, and the pictures of each; return what there is to tell of it."""
    wait_for_said = captions.begin(clip_input, heard(clip_input), patient=job.request.priority is Priority.BATCH)
    pictures = cut_pictures(job, clip_input, marks.visible)
    with ThreadPoolExecutor(1, "clip-beside") as beside:  # what decodes and draws leaves the interpreter to the sound
        drawn = [beside.submit(_cover, job, clip_input, pictures, files)]
        made = foley_of(job, clip_input, makers)
        mastered = master(clip_input.original(), marks.noticed(made.stem))
        drawn.append(beside.submit(_stems, mastered, marks, job.content_id, files))
        sound = encode_marked(mastered, marks, job.content_id, job.bitrate, clip_input.start)
        drawn.append(beside.submit(write_waveform, files.waveform, sound.mastered.mix))
        info, units = (pictures.info, pictures.units) if pictures is not None else (None, ())
        write_mp4(files.clip, info, units, sound.info, sound.packets, clip_input.start)
        for each in drawn:
            each.result()
    said = wait_for_said()
    spoken = words.spoken(said.transcripts, clip_input.start, clip_input.end)
    _write_captions(spoken, files)
    return metadata(job, clip_input, pictures, made, sound, spoken, said.by)


def _write_captions(spoken: words.Spoken, files: ClipFiles) -> None:
    write_whole(files.srt, spoken.srt(), mode=SHARED)
    write_whole(files.vtt, spoken.vtt(), mode=SHARED)


def _cover(job: Job, clip_input: ClipInput, pictures: Pictures | None, files: ClipFiles) -> None:
    if pictures is not None:
        peak = min(max(peak_of(job, clip_input), clip_input.start), clip_input.end - 1)
        write_cover(files.cover, pictures.info, pictures.units, peak, pictures.start, pictures.end)


def _stems(mastered: Mastered, marks: Marks, content_id: str, files: ClipFiles) -> None:
    """Write what the mix is made of; the foley alone carries a mark of its own, as loud as it hides it."""
    write_audio(files.stem, [mastered.stem + marks.watermark(mastered.stem, content_id)])
    write_audio(files.original, [mastered.original])


def cut_pictures(job: Job, clip_input: ClipInput, noticed: bool) -> Pictures | None:
    """Return the pictures of the clip, ``noticed`` with a notice at first; None in a room without."""
    if clip_input.info is None:
        return None
    copied = Pictures(clip_input.info, tuple(clip_input.units()), clip_input.start, clip_input.end, noticed)
    if not (job.request.exact or job.request.vertical or noticed):
        return copied
    made = read_encoded(clip_input.directory)
    if made is None or made.noticed != noticed:
        made = _encoded_anew(job, clip_input, copied)
        write_encoded(made, clip_input.directory)
    return made


def _encoded_anew(job: Job, clip_input: ClipInput, copied: Pictures) -> Pictures:
    """Return the pictures, as many of them encoded anew as the request and the notice need."""
    if job.request.vertical:
        return reframed(copied, [event for event in clip_input.events if isinstance(event, MotionOnset)])
    return cut_exactly(copied) if job.request.exact else with_notice(copied)


@dataclass(frozen=True, slots=True)
class MadeFoley:
    """A clip's foley ``[2, n]``, its sounds, who made its ambience (empty: nobody), what made it all, and whose
    recordings are heard in it."""

    stem: Stereo
    sounds: tuple[PlacedSound, ...]
    bed_source: str
    model: str
    credits: tuple[Credit, ...] = ()


def foley_of(job: Job, clip_input: ClipInput, makers: Makers) -> MadeFoley:
    """Return the clip's foley. Where it cannot be made anew the live one stands in.

    It sounds as its room did then: ambiences one after another, and what was chosen for what moved. Where the request
    describes it anew, that is chosen again, by what spoke for families at the time.
    """
    chain, own, chose = makers.chain(job.student), job.request.describe is None, clip_input.choices

    beds: list[ChainBed] = []

    def ambience(text: str) -> ChainBed:
        beds.append(chain.bed(ambience_of(f"clip-{job.content_id}", text, job.seed)))
        return beds[-1]

    describes = chose.describes if own and chose.describes else ((clip_input.start, job.describe),)
    begin = clip_input.start - PREROLL
    bed = BedInTurn(ambience, describes[0][1], [(at - begin, text) for at, text in describes[1:]])
    foley = FoleyPass(
        job.mix,
        job.plan,
        chain,
        bed,
        clip_input.start,
        clip_input.end,
        clip_input.original(),
        leaning=leaning_of(chose.leaned),
        decided=Decisions(chose.decisions) if own else None,
    )
    try:
        stem = foley.make([event for event in clip_input.events if isinstance(event, Moment)])
        sounds = tuple(_placed(laid, clip_input.start) for laid in foley.laid)
        made_by = bed.source if job.plan.bed else ""
        return MadeFoley(stem, sounds, made_by, ENGINE, credits_of((*beds, *foley.laid)))
    except Exception:
        log.exception("the foley cannot be made anew, the live one stands in", clip=job.id)
        return MadeFoley(clip_input.stem(), (), "", LIVE)


def _placed(laid: LaidSound, start: Tick) -> PlacedSound:
    at_s = round(s_from_ticks(laid.cue.start - start), 4)
    return PlacedSound(at_s, laid.cue.kind.value, laid.asked_for, laid.sound, laid.source, laid.cue.reason)


# ---- what is told of it ----


def heard(clip_input: ClipInput) -> list[Transcript]:
    """Return what was heard in the clip live."""
    return words.told((e for e in clip_input.events if isinstance(e, Transcript)), clip_input.start, clip_input.end)


def peak_of(job: Job, clip_input: ClipInput) -> Tick:
    """Return the clip's peak: the highlight's, else its strongest movement, else its middle."""
    if job.request.peak_s is not None:
        return ORIGIN + ticks_from_s(job.request.peak_s)
    seen = [e for e in clip_input.events if isinstance(e, MotionOnset) and clip_input.start <= e.at < clip_input.end]
    return max(seen, key=lambda e: e.strength).at if seen else (clip_input.start + clip_input.end) // 2


def metadata(
    job: Job,
    clip_input: ClipInput,
    pictures: Pictures | None,
    made: MadeFoley,
    sound: EncodedSound,
    said: words.Spoken,
    captions: str,
) -> ClipMetadata:
    """Return the clip's document, as far as known before it is published; ``captions`` says who wrote ``said``."""
    request, start, end = job.request, clip_input.start, clip_input.end
    start_s, stream_s = job.clock[1] + s_from_ticks(start - job.clock[0]), s_from_ticks(start - ORIGIN)
    values = template_values(job, said, start_s)
    tags = request.tags if request.tags is not None else words.filled_tags(job.tags, values)
    info = pictures.info if pictures is not None else None
    shown = info.display.size(info.width, info.height) if info is not None else (0, 0)
    return ClipMetadata(
        content_id=job.content_id,
        room=request.room,
        title=request.title or words.filled(job.title, values),
        tags=tags,
        heat=request.heat,
        created_at=utc(time.time()),
        start_at=utc(start_s),
        duration_s=round(s_from_ticks(end - start), 4),
        peak_s=round(s_from_ticks(min(max(peak_of(job, clip_input), start), end) - start), 3),
        stream_start_s=round(stream_s, 4),
        stream_end_s=round(s_from_ticks(end - ORIGIN), 4),
        kind=request.kind,
        score=request.score,
        reasons=tuple(_moved(reason, stream_s) for reason in request.reasons),
        language=said.language,
        transcript=said.text,
        captions=captions,
        describe=job.describe,
        sounds=made.sounds,
        bed_source=made.bed_source,
        credits=made.credits,
        gaps=tuple(Gap(_since(a, start), _since(b, start), what) for a, b, what in clip_input.gaps),
        epochs=clip_input.epochs,
        exact=request.exact,
        vertical=request.vertical,
        hidden_s=_hidden_s(pictures),
        width=shown[0],
        height=shown[1],
        video_codec=info.codec if info is not None else "",
        visible_notice=pictures is not None and pictures.noticed,
        loudness_lufs=round(sound.mastered.loudness_lufs, 2),
        true_peak_dbtp=round(sound.mastered.true_peak_dbtp, 2),
        watermark=sound.watermark,
        model=made.model,
        model_version=__version__,
    )


def _hidden_s(pictures: Pictures | None) -> float:
    """Return how many seconds of pictures lie before the clip, to be decoded and not shown."""
    first = min((unit.pts for unit in pictures.units), default=pictures.start) if pictures is not None else 0
    return round(s_from_ticks(max(0, pictures.start - first)), 3) if pictures is not None else 0.0


def template_values(job: Job, said: words.Spoken, start_s: float) -> dict[str, str]:
    """Return what the names of templates stand for in this clip; the operator's own values win."""
    request = job.request
    detail = next((reason.detail for reason in request.reasons if reason.signal == KEYWORD), "")
    keyword = words.as_said(detail, said.text)
    known = (request.room, request.kind, keyword, said.text[:80], *words.day_and_time(start_s), job.describe)
    return {**dict(zip(words.NAMES, known, strict=True)), **job.values}


def _since(tick: Tick, start: Tick) -> float:
    return round(s_from_ticks(tick - start), 3)


def _moved(reason: ClipReason, stream_s: float) -> ClipReason:
    """Return a reason on the clip's own clock."""
    start_s, end_s = (round(at_s - stream_s, 3) for at_s in (reason.start_s, reason.end_s))
    return ClipReason(reason.signal, start_s, end_s, reason.score, reason.detail)
