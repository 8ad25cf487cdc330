"""One sound of any words: an ambience, something done, or both, by whoever makes it best; at the last a neutral one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from livefoley.core.cues import CueKind, Sound, SoundRequest, SoundSource, Stereo
from livefoley.core.errors import DescriptionError
from livefoley.core.families import EFFECTS, Family
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.dsp.levels import linear_from_db
from livefoley.dsp.loudness import loudest_lufs
from livefoley.foley import levels
from livefoley.foley.chain import Fit, MakerOrder, Refusal, credits_of
from livefoley.foley.description import lexicon
from livefoley.foley.description.reader import Action, read
from livefoley.foley.makers import Makers
from livefoley.foley.sound_chain import SoundChain

NEUTRAL_DB = -12.0
"""How far below its level a neutral sound lies: nobody asked for just that."""
UNDER_DB = -6.0
"""How far an ambience lies below what is done in it."""
HIT_FADE: Tick = ticks_from_s(0.008)
_SILENT_LUFS = -60.0

_MATERIALS = (
    Family.GLASS,
    Family.CERAMIC,
    Family.WOOD,
    Family.METAL,
    Family.PLASTIC,
    Family.STONE,
    Family.PAPER,
    Family.SOFT,
)
_STANDS_ABOUT = frozenset(effect for family in _MATERIALS for key, effect in EFFECTS[family].items() if key != "anvil")
"""What things are made of: named beside a place, they stand in it, and are not what is heard."""


@dataclass(frozen=True, slots=True)
class Made:
    """A sound, and whether it is only the neutral one: nobody knew the words."""

    sound: Sound
    neutral: bool = False


def kinds_of(text: str) -> tuple[CueKind, ...]:
    """Return what the words ask for: an ambience, a sound of its own, or both, the ambience first.

    What things are made of is not heard beside a place (a tin roof in the rain), and what makes a place sound is it
    (frying).
    """
    reading = read(text)
    places = [place for place in reading.places if not place.implied and place.layers]
    if not places:
        return (CueKind.ACCENT,)
    named = {place.text for place in places}
    done = [each for each in reading.actions if not _stands_about(each) and each.text not in named]
    return (CueKind.BED, CueKind.ACCENT) if done or reading.accents else (CueKind.BED,)


def _stands_about(action: Action) -> bool:
    sounds = action.effects or action.ask
    return action.about or not sounds or (bool(action.effects) and action.effects[0] in _STANDS_ABOUT)


def best_sound(makers: Makers, source: SoundSource | None, request: SoundRequest) -> Made:
    """Return the sound of a request by whoever makes it best, or by ``source`` alone; its ends fade.

    Raises ``DescriptionError`` when ``source`` is named and has none, and when nobody can follow the request's curves.
    """
    among = frozenset((source,)) if source is not None else frozenset()
    chain = makers.chain(order=MakerOrder(among=among))
    curved = request.envelope is not None or request.onsets_s is not None
    kinds = (CueKind.ACCENT,) if curved else kinds_of(request.prompt)
    if len(kinds) > 1 and source is None and (both := _both(chain, request)) is not None:
        return Made(both)
    reasons: list[str] = []
    for kind in kinds if curved else dict.fromkeys((*kinds, CueKind.ACCENT, CueKind.BED)):
        made = _asked(chain, replace(request, kind=kind))
        if isinstance(made, Sound):
            return Made(made)
        reasons.append(made.reason)
    if source is not None or curved:
        raise DescriptionError(f'"{request.prompt[:40]}": {"; ".join(dict.fromkeys(reasons))}')
    return Made(_neutral(makers, request), neutral=True)


def _both(chain: SoundChain, request: SoundRequest) -> Sound | None:
    """Return what is done, and under it the ambience of where; None where one of them is not to be had."""
    place = replace(request, kind=CueKind.BED, prompt=lexicon.place_words(request.prompt))
    under, over = _asked(chain, place), _asked(chain, replace(request, kind=CueKind.ACCENT))
    if not (isinstance(under, Sound) and isinstance(over, Sound)):
        return None
    mixed = under.samples * np.float32(linear_from_db(UNDER_DB))
    n = min(mixed.shape[1], over.samples.shape[1])
    mixed[:, :n] += over.samples[:, :n]
    return replace(over, samples=levels.at_target(mixed, bed=False), credits=credits_of((over, under)))


def _asked(chain: SoundChain, request: SoundRequest) -> Sound | Refusal:
    """Return a sound of one kind at its level, its ends faded; silence is none."""
    made = chain.ask(request, least=Fit.MADE)
    if not isinstance(made, Sound):
        return made
    if loudest_lufs(made.samples) < _SILENT_LUFS:
        return Refusal("made silence", source=made.source)
    bed = request.kind is CueKind.BED
    shaped = request.envelope is not None  # a sound under a curve is as loud as its maker left it
    return faded(made if shaped else replace(made, samples=levels.at_target(made.samples, bed=bed)), request.kind)


def _neutral(makers: Makers, request: SoundRequest) -> Sound:
    """Return a quiet sound that says nothing: a room's tone."""
    without = frozenset((SoundSource.STUDENT, SoundSource.RECORDINGS))
    plain = replace(request, kind=CueKind.BED, prompt="")
    made = makers.chain(order=MakerOrder(without=without)).ask(plain)
    if not isinstance(made, Sound):
        raise DescriptionError(f'"{request.prompt[:40]}": {made.reason}')
    quiet = faded(made, CueKind.BED)
    return replace(quiet, samples=(quiet.samples * np.float32(linear_from_db(NEUTRAL_DB))).astype(np.float32))


def faded(sound: Sound, kind: CueKind) -> Sound:
    """Return a sound that neither begins nor ends at once: an ambience as long as ``levels.faded`` has it, others over
    8 ms, less before an onset that comes sooner."""
    if kind is CueKind.BED:
        return replace(sound, samples=levels.faded(sound.samples))
    samples = np.array(sound.samples, np.float32)
    end = min(HIT_FADE, samples.shape[1] // 4)
    begin = min(end, max(ticks_from_s(0.001), sound.onset))
    _ramp(samples[:, :begin])
    _ramp(samples[:, samples.shape[1] - end :][:, ::-1])
    return replace(sound, samples=samples)


def _ramp(samples: Stereo) -> None:
    samples *= np.sin(np.linspace(0, np.pi / 2, samples.shape[1], dtype=np.float32)) ** 2
