"""Why a movement sounds as it does, in a few words: "hand + bottle, 0.82; words: cosmetics; host: a bottle".

First what is seen and how likely the choice is, then the words of the description that name it, then who else speaks
for it or against it, and what the original says.
"""

from __future__ import annotations

from livefoley.core.cues import ActionPrompts
from livefoley.core.events import Sight
from livefoley.core.families import EFFECTS, Family, family_of

NOBODY = 0.3
"""Below it nobody is taken to talk, to walk, or to have a hand there."""
PERSON = 0.1  # from here on somebody is there
TELLING = 0.1  # what is seen less surely is not told of


def called(effect: str) -> str:
    """Return what an effect of the bank is of: "bottle", "footstep on wood"; the effect itself for one of no family."""
    family = family_of(effect)
    if family is None:
        return effect
    kind = next((name for name, each in EFFECTS.get(family, {}).items() if each == effect), "")
    return f"{family.value} on {kind}" if kind and family is Family.FOOTSTEP else kind or family.value


def who(sight: Sight) -> list[str]:
    """Return who is seen."""
    told = (("hand", sight.hands), ("face", sight.talking), ("somebody who walks", sight.walking))
    found = [what for what, value in told if value is not None and value >= NOBODY]
    person = sight.person >= PERSON and (sight.walking or 0.0) < NOBODY
    return [*found, "person"] if person else found


def seen(sight: Sight, most: int = 2) -> str:
    """Return who and what is seen, with how surely: of what there is no sound."""
    return (
        " + ".join([*who(sight), *(f"{each.value} {value:.2f}" for each, value in sight.families[:most])]) or "nothing"
    )


def because(sight: Sight, effect: str, likelihood: float, prompts: ActionPrompts) -> str:
    """Return why ``effect`` is chosen: what is seen that fits, how likely it is, and which words name it."""
    family = family_of(effect)
    shown = dict(sight.families)
    if family is not None and shown.get(family, 0.0) >= TELLING:
        what = [called(effect)]
    else:
        what = [each.value for each, value in sight.families[:1] if value >= TELLING]
    told = " + ".join([*who(sight), *what]) or "nothing known"
    return f"{told}, {min(1.0, likelihood):.2f}{words(effect, prompts)}"


def words(effect: str, prompts: ActionPrompts) -> str:
    """Return which words of the description name an effect; that it is not in them, where they name others."""
    said = dict(prompts.said)
    if effect in said:
        return f"; words: {said[effect]}"
    return "; not in the words" if said else ""
