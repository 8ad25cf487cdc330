"""Recordings as a maker of sounds: hits as they are, ambience of grains, what lasts by its envelope and onsets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from livefoley.core.cues import HIT, CueKind, Sound, SoundRequest, SoundSource, Stereo
from livefoley.core.errors import BankError
from livefoley.core.ticks import Tick, s_from_ticks, ticks_from_s
from livefoley.dsp.levels import linear_from_db, peak
from livefoley.foley import levels
from livefoley.foley.bank.library import LONGEST_S
from livefoley.foley.bank.shaping import Choice, shape
from livefoley.foley.chain import Offer, Refusal, credits_of
from livefoley.foley.offers import recordings_offer
from livefoley.foley.recordings.grains import GrainBed, Material, is_enough
from livefoley.foley.recordings.index import Found
from livefoley.foley.recordings.sequence import in_turn, placed
from livefoley.foley.render_cache import Stored, stored
from livefoley.foley.rendered import generator

SEGMENT: Tick = ticks_from_s(12.0)
MOST_MATERIALS = 12
ENOUGH_MATERIAL: Tick = ticks_from_s(60.0)
"""Recordings are taken for an ambience until they are so long together."""
USUAL: Tick = ticks_from_s(4.0)
LONGEST: Tick = ticks_from_s(10.0)
"""How long a cue of something that goes on, or of anything, is at most unless a request says it."""
BRIEF: Tick = ticks_from_s(12.0)
"""How much of a recording is decoded for a cue."""
_KEPT_BYTES = 64_000_000
_FADE = ticks_from_s(0.02)
_VARY = 0.3  # semitones
_STRENGTH = 0.7

Find = Callable[[str], "tuple[Found, ...] | Refusal"]


class RecordingsMaker:
    """Implements ``foley.chain.SoundMaker`` and ``BedMaker``; for one thread."""

    source = SoundSource.RECORDINGS

    def __init__(self, find: Find, count: int) -> None:
        """``find`` looks for recordings by words, ``count`` is how many there are."""
        self._find = find
        self._count = count
        self._kept: OrderedDict[tuple[str, bool], Stored] = OrderedDict()

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say that it looks for whatever has words, if there are recordings at all."""
        return recordings_offer(request, self._count)

    def make(self, request: SoundRequest) -> Sound | Refusal:
        """Return the sound of a cue, or a segment of an ambience."""
        if request.kind is CueKind.BED:
            bed = self.bed(request)
            if isinstance(bed, Refusal):
                return bed
            samples = bed.read(request.length or SEGMENT)
            return Sound(samples, 0, self.source, request.prompt, seed=request.seed, credits=bed.credits)
        found = self._find(request.prompt)
        if isinstance(found, Refusal):
            return found
        try:
            is_hit = request.envelope is None and request.onsets_s == HIT
            return self._hit(found, request) if is_hit else self._lasting(found, request)
        except BankError as error:
            return Refusal(str(error))

    def bed(self, request: SoundRequest) -> GrainBed | Refusal:
        """Return the ambience."""
        found = self._find(request.prompt)
        if isinstance(found, Refusal):
            return found
        materials = self._materials(found, request.seed)
        return GrainBed(materials, request.seed) if materials else Refusal("has single sounds of it, and no ambience")

    # ---- of which recordings ----

    def _materials(self, found: Sequence[Found], seed: int) -> list[Material]:
        """Return recordings that go on, as many as are of use."""
        steady = [each for each in found if each.entry.steady and is_enough(each.entry.samples)]
        turned = [steady[(seed + k) % len(steady)] for k in range(min(len(steady), MOST_MATERIALS))]
        materials: list[Material] = []
        for each in turned:
            if sum(material.stored.samples.shape[1] for material in materials) >= ENOUGH_MATERIAL:
                break
            try:
                materials.append(Material(self._read(each), each.entry.credit))
            except BankError:
                continue  # it has become unreadable: others go on
        return materials

    def _read(self, found: Found, brief: bool = False) -> Stored:
        """Return a recording; with ``brief`` no more than its beginning, for a cue. Raises ``BankError``."""
        key = found.entry.digest, brief and found.entry.samples > BRIEF
        kept = self._kept.pop(key, None)
        if kept is None:
            longest_s = s_from_ticks(BRIEF) if key[1] else LONGEST_S
            kept = stored(found.library.read(found.entry, longest_s), found.entry.onset)
        self._kept[key] = kept
        while sum(each.samples.nbytes for each in self._kept.values()) > _KEPT_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return kept

    # ---- cues ----

    def _hit(self, found: Sequence[Found], request: SoundRequest) -> Sound:
        """Return one of the takes: of an action a single hit, else the recording from its first on.

        Raises ``BankError``.
        """
        single = request.kind is CueKind.ACTION
        choices = [(each, place) for each in found for place in range(_brief_hits(each) if single else 1)]
        for turn in range(len(choices)):
            each, place = choices[(request.seed + turn) % len(choices)]
            try:
                return self._shaped(each, place, single, request)
            except BankError:
                if turn == len(choices) - 1:
                    raise
        raise AssertionError("nothing was found")

    def _shaped(self, found: Found, place: int, single: bool, request: SoundRequest) -> Sound:
        entry, take = found.entry, found.entry.hits[place]
        end = min(BRIEF, take.end if single else entry.samples)
        samples = self._read(found, brief=True).take().samples[:, take.start : end].copy()
        if end < entry.samples:
            samples[:, -_FADE:] *= np.linspace(1, 0, min(_FADE, samples.shape[1]), dtype=np.float32)
        samples = levels.normalise_effect(samples)
        goes_on = entry.steady and len(entry.hits) == 1
        longest = USUAL if goes_on else LONGEST
        wanted = replace(request, length=longest) if request.length <= 0 and samples.shape[1] > longest else request
        tags = (entry.category, *entry.words)
        onset = take.onset - take.start
        choice = Choice(samples, onset, _STRENGTH, _VARY, found.caption, self.source, tags, goes_on)
        return replace(shape(choice, wanted), credits=(entry.credit,))

    def _lasting(self, found: Sequence[Found], request: SoundRequest) -> Sound:
        """Return something as long as asked, which begins anew where it is asked to, and is as loud as its envelope
        says. Raises ``BankError``."""
        length = request.length if request.length > 0 else USUAL
        if request.onsets_s is not None:
            hits = [self._hit(found, self._one(request, place)) for place in range(len(request.onsets_s))]
            samples = placed(hits, request.onsets_s, length)
            credits = credits_of(hits)
        elif materials := self._materials(found, request.seed):
            bed = GrainBed(materials, request.seed)
            samples, credits = bed.read(length), bed.credits
        else:
            used = [found[(request.seed + k) % len(found)] for k in range(min(len(found), MOST_MATERIALS))]
            whole = [(self._read(each).take().samples, each.entry) for each in used]
            samples, count = in_turn(whole, length, generator(request.seed, "in turn"))
            credits = tuple(dict.fromkeys(each.entry.credit for each in used[:count]))
        samples = _finished(samples, request)
        return Sound(samples, 0, self.source, found[0].caption, (found[0].entry.category,), request.seed, credits)

    @staticmethod
    def _one(request: SoundRequest, place: int) -> SoundRequest:
        """Return the request for one of several hits."""
        return replace(request, kind=CueKind.ACTION, onsets_s=HIT, envelope=None, length=0, seed=request.seed + place)


def _brief_hits(found: Found) -> int:
    """Return how many of a recording's hits begin soon enough to be decoded for a cue; at least one."""
    return max(1, sum(take.onset < BRIEF - LONGEST // 4 for take in found.entry.hits))


def _finished(samples: Stereo, request: SoundRequest) -> Stereo:
    """Return samples under the request's envelope, as hard as asked, their ends rounded."""
    if request.envelope is not None:
        times_s, levels_db = np.array(request.envelope).T
        at_s = np.arange(samples.shape[1]) / ticks_from_s(1.0)
        samples = samples * (10 ** (np.interp(at_s, times_s, levels_db) / 20)).astype(np.float32)
    intensity = min(1.0, max(0.0, request.intensity))
    factor = linear_from_db(levels.INTENSITY_DB * (intensity - levels.FULL_INTENSITY))
    samples = samples * np.float32(min(factor, linear_from_db(levels.PEAK_DBFS) / max(peak(samples), 1e-9)))
    n = min(_FADE // 4, samples.shape[1] // 2)
    samples[:, :n] *= np.linspace(0, 1, n, dtype=np.float32)
    samples[:, samples.shape[1] - n :] *= np.linspace(1, 0, n, dtype=np.float32)
    return np.ascontiguousarray(samples, np.float32)
