"""The student as a source of sound: requests become wishes, and ambiences segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from livefoley.core.cues import HIT, CueKind, Sound, SoundRequest, SoundSource, Stereo
from livefoley.core.errors import LivefoleyError, ModelError, SilentTakeError
from livefoley.core.ticks import TICK_RATE, s_from_ticks
from livefoley.dsp.levels import linear_from_db
from livefoley.foley import levels
from livefoley.foley.description.lexicon import place_words
from livefoley.foley.onset import even
from livefoley.foley.student import features
from livefoley.foley.student.features import FRAMES_PER_S, FRAMES_PER_TOKEN, Floats
from livefoley.foley.student.student import TRIES, Continuation, Student, Wish, seed_of

ACTION_S, ACCENT_S, LONGEST_CUE_S = 2.0, 3.0, 10.0
ONSET_S = 0.2
SEGMENT_WINDOWS = 2
"""Of an ambience, about six seconds."""
_LONGEST_NAME = 60


def wish_of(request: SoundRequest) -> Wish:
    """Return what the student is asked for: the words, and one onset as strong as the cue is, or the request's curves.

    A cue is given a little time before its onset, and a length where it has none.
    """
    if not _is_hit(request):
        return _with_curves(request)
    usual_s = ACCENT_S if request.kind is CueKind.ACCENT else ACTION_S
    asked_s = request.length / TICK_RATE if request.length > 0 else usual_s
    tokens = features.tokens_for(min(LONGEST_CUE_S, ONSET_S + asked_s))
    onsets = np.zeros(tokens * FRAMES_PER_TOKEN, np.float32)
    onsets[round(ONSET_S * FRAMES_PER_S)] = 0.3 + 0.7 * _intensity(request)
    return Wish(request.prompt, tokens, request.seed, onsets=onsets)


def _with_curves(request: SoundRequest) -> Wish:
    tokens = features.tokens_for(s_from_ticks(request.length))
    frames = tokens * FRAMES_PER_TOKEN
    onsets = features.track_of(list(request.onsets_s), frames) if request.onsets_s is not None else None
    return Wish(request.prompt, tokens, request.seed, _envelope(request, frames), onsets)


def _envelope(request: SoundRequest, frames: int) -> Floats | None:
    """Return the envelope ``[frames]`` in dB, straight from point to point."""
    if request.envelope is None:
        return None
    times_s, levels_db = np.array(request.envelope).T
    at_s = (np.arange(frames) + 0.5) / FRAMES_PER_S
    return np.asarray(np.interp(at_s, times_s, np.clip(levels_db, features.SILENT_DB, 0.0)), np.float32)


def answer(request: SoundRequest, made: Stereo) -> Sound:
    """Return the sound of a request. Of a cue its onset is found anew, what lies before it cut off, and it is as hard
    as asked; anything else is as long as asked.

    Raises ``BankError`` for silence.
    """
    name = request.prompt[:_LONGEST_NAME]
    if not _is_hit(request):
        samples = np.ascontiguousarray(made[:, : request.length], np.float32)
        return Sound(samples, 0, SoundSource.STUDENT, name, seed=request.seed)
    samples, onset = even(made, request.prompt)
    samples = samples * np.float32(linear_from_db(levels.INTENSITY_DB * (_intensity(request) - levels.FULL_INTENSITY)))
    return Sound(levels.round_off(samples), onset, SoundSource.STUDENT, name, seed=request.seed)


def _is_hit(request: SoundRequest) -> bool:
    return request.onsets_s == HIT and request.envelope is None


def _intensity(request: SoundRequest) -> float:
    return min(1.0, max(0.0, request.intensity))


def segments_of(student: Student, requests: Sequence[SoundRequest]) -> list[Sound | LivefoleyError]:
    """Return a segment of each ambience, made together, or why there is none.

    What comes out silent, or too uneven to be an ambience, is made again from other seeds, ``TRIES`` in all.
    """
    made: list[Sound | LivefoleyError] = [SilentTakeError("nothing was made")] * len(requests)
    for turn in range(TRIES):
        left = [place for place, each in enumerate(made) if isinstance(each, SilentTakeError)]
        if left:
            again = [replace(requests[place], seed=seed_of(requests[place].seed, turn)) for place in left]
            for place, each in zip(left, _segments(student, again), strict=True):
                made[place] = replace(each, seed=requests[place].seed) if isinstance(each, Sound) else each
    return made


def _segments(student: Student, requests: Sequence[SoundRequest]) -> list[Sound | LivefoleyError]:
    made: list[Sound | LivefoleyError] = [ModelError("nothing was made")] * len(requests)
    beds: dict[int, Continuation] = {}
    for place, request in enumerate(requests):
        try:
            beds[place] = student.bed(place_words(request.prompt), request.seed)
        except LivefoleyError as error:
            made[place] = error
    pieces: dict[int, list[Stereo]] = {place: [] for place in beds}
    for _ in range(SEGMENT_WINDOWS):
        for (place, _), piece in zip(beds.items(), student.advance(list(beds.values())), strict=True):
            if isinstance(piece, ModelError):
                made[place] = piece
            else:
                pieces[place].append(piece)
    for place, whole in pieces.items():
        if len(whole) == SEGMENT_WINDOWS:
            made[place] = ambience(requests[place], np.concatenate(whole, axis=1))
    return made


def ambience(request: SoundRequest, samples: Stereo) -> Sound | LivefoleyError:
    """Return a segment at the level of beds, which it neither sinks from nor leaves for long."""
    level = levels.level_bed(samples)
    spread_db = levels.spread_db(level)
    if spread_db > levels.MOST_SPREAD_DB:
        return SilentTakeError(f"what the model makes of it is no ambience: it comes and goes by {spread_db:.0f} dB")
    return Sound(level, 0, SoundSource.STUDENT, request.prompt[:_LONGEST_NAME], seed=request.seed)


def cues_of(student: Student, requests: Sequence[SoundRequest]) -> list[Sound | LivefoleyError]:
    """Return the sound of each request, made together, or why there is none."""

    def finished(request: SoundRequest, made: Stereo | LivefoleyError) -> Sound | LivefoleyError:
        if isinstance(made, LivefoleyError):
            return made
        try:
            return answer(request, made)
        except LivefoleyError as error:
            return error

    wishes = [wish_of(request) for request in requests]
    return [finished(*pair) for pair in zip(requests, student.make(wishes), strict=True)]
