"""Says what a description leads to: the sound of each part, and who would make it."""

from __future__ import annotations

from functools import lru_cache

from livefoley.core.cues import SoundSource
from livefoley.core.families import LASTING
from livefoley.core.understood import Understood, UnderstoodPart
from livefoley.foley.chain import StudentUse
from livefoley.foley.description.lexicon import NEUTRAL_IMPACT, NEUTRAL_KIND
from livefoley.foley.description.reader import Action, Place, read


@lru_cache(maxsize=256)
def explain(text: str, use: StudentUse = StudentUse.AUTO) -> Understood:
    """Return what is understood of ``text``, where the student makes what ``use`` says."""
    said = read(text)
    return Understood(
        tuple(_place(place, use) for place in said.places),
        tuple(_action(action, use) for action in said.actions),
        tuple(UnderstoodPart(each.text, each.effects[0], SoundSource.BANK) for each in said.accents),
        said.unknown,
    )


def _place(place: Place, use: StudentUse) -> UnderstoodPart:
    level = max((layer.level for layer in place.layers), default=0.65)
    kinds = " + ".join(layer.kind for layer in place.layers)
    if use is StudentUse.ALWAYS or (not kinds and use is not StudentUse.NEVER):
        return UnderstoodPart(place.text, place.text, SoundSource.STUDENT, level=level)
    return UnderstoodPart(place.text, kinds or NEUTRAL_KIND, SoundSource.PROCEDURAL, level=level)


def _action(action: Action, use: StudentUse) -> UnderstoodPart:
    family = action.family.value if action.family is not None else ""
    if action.effects:
        return UnderstoodPart(action.text, action.effects[0], SoundSource.BANK, family, action.level)
    if action.ask and use is not StudentUse.NEVER:
        return UnderstoodPart(action.text, action.ask, SoundSource.STUDENT, family, action.level)
    if action.lasting is not None:
        return UnderstoodPart(action.text, LASTING[action.lasting], SoundSource.BANK, family, action.level)
    return UnderstoodPart(action.text, NEUTRAL_IMPACT, SoundSource.BANK, family, action.level)
