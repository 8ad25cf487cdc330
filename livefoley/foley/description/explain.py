"""Says what a description leads to: the sound of each part, and who would make it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.families import LASTING, SILENT, Family, family_of
from livefoley.core.understood import Understood, UnderstoodPart
from livefoley.foley import strengths
from livefoley.foley.chain import StudentUse
from livefoley.foley.description.lexicon import NEUTRAL_IMPACT, NEUTRAL_KIND
from livefoley.foley.description.reader import Action, Description, Place, read


@lru_cache(maxsize=256)
def explain(text: str, use: StudentUse = StudentUse.AUTO) -> Understood:
    """Return what is understood of ``text``, where the student makes what ``use`` says."""
    said, by = read(text), _ambience_by(text, use)
    return Understood(
        tuple(_place(place, by, use) for place in said.places),
        (*(_action(action, use) for action in said.actions), *_calls(said)),
        tuple(UnderstoodPart(each.text, each.effects[0], SoundSource.BANK) for each in said.accents),
        said.unknown,
    )


def _ambience_by(text: str, use: StudentUse) -> str:
    """Return who of the two that make ambience without recordings is asked first for that of ``text``."""
    if use is not StudentUse.AUTO:
        return SoundSource.STUDENT if use is StudentUse.ALWAYS else SoundSource.PROCEDURAL
    return strengths.first(SoundRequest(CueKind.BED, text), (SoundSource.PROCEDURAL, SoundSource.STUDENT))


def _place(place: Place, by: str, use: StudentUse) -> UnderstoodPart:
    level = max((layer.level for layer in place.layers), default=0.65)
    kinds = " + ".join(layer.kind for layer in place.layers)
    if by == SoundSource.STUDENT or (not kinds and use is not StudentUse.NEVER):
        return UnderstoodPart(place.text, place.text, SoundSource.STUDENT, level=level)
    return UnderstoodPart(place.text, kinds or NEUTRAL_KIND, SoundSource.PROCEDURAL, level=level)


def _calls(said: Description) -> Iterator[UnderstoodPart]:
    """Yield the animals whose calls are sounds of ours; the others are among the actions."""
    for call in said.calls:
        if family_of(call.wanted) is Family.ANIMAL:
            yield UnderstoodPart(call.text, call.wanted, SoundSource.BANK, Family.ANIMAL.value)


def _action(action: Action, use: StudentUse) -> UnderstoodPart:
    """Return an action with what truly sounds: what lands, what goes on for as long as it does, or both."""
    family = action.family.value if action.family is not None else ""
    asks = bool(action.ask) and use is not StudentUse.NEVER
    lasting, by = action.sounds_while_it_lasts, SoundSource.BANK
    if lasting and action.lasting is not None and lasting == action.ask:
        lasting, by = (lasting, SoundSource.STUDENT) if asks else (LASTING[action.lasting], SoundSource.BANK)
    if lasting and (action.lasting in SILENT or not (action.effects or asks)):
        return UnderstoodPart(action.text, lasting, by, family, action.level, lasting)
    if not action.effects and asks:
        return UnderstoodPart(action.text, action.ask, SoundSource.STUDENT, family, action.level, lasting)
    sound = action.effects[0] if action.effects else NEUTRAL_IMPACT
    return UnderstoodPart(action.text, sound, SoundSource.BANK, family, action.level, lasting)
