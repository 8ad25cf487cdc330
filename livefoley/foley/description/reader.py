"""What a description says: places, actions and accents, and what of it is not understood (words: lexicon.yaml).

Words are found between the borders of words. Negated ones are left out (``no rain``, ``没有雨``), words like ``heavy``
or ``小`` set how strong their neighbour is. A place or weather that goods are named with is none (``rain jacket``),
a material goes before the thing it is named with (``plastic bottle``), and what is heard goes before what stands about
(``bottles set down on a table``). What no list knows makes no sound, and is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from livefoley.core.families import LASTING, Family, family_of
from livefoley.foley.description.entries import Entry, Modifier, Tables, tables
from livefoley.foley.description.names import BESIDE, names_goods
from livefoley.foley.description.words import Match, Text

DEFAULT_LEVEL = 0.65


@dataclass(frozen=True, slots=True)
class BedLayer:
    """One ambience of a recipe: its kind, its weight (1 is full) and how strong it is in 0..1."""

    kind: str
    weight: float
    level: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is, or what goes on there all the time, with the words it is known from.

    Without ``layers`` it is a place of which no ambience of ours is known. ``implied`` is one that no word names: who
    chops is in a kitchen.
    """

    text: str
    layers: tuple[BedLayer, ...]
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What is done or moved: its family, the effects of the bank best first, or what to ask for where there is none.

    ``lasting`` is the family of what is heard as long as it goes on.
    """

    text: str
    family: Family | None
    effects: tuple[str, ...]
    ask: str
    level: float
    about: bool = False
    lasting: Family | None = None

    @property
    def wanted(self) -> str:
        """What to ask for: an effect's name, or words; empty for what has no sound."""
        return self.effects[0] if self.effects else self.ask

    @property
    def sounds_while_it_lasts(self) -> str:
        """What is heard as long as it goes on: an effect's name, or words; empty for nothing."""
        if self.lasting is None or self.about:
            return ""
        return self.ask if self.ask and not self.effects else LASTING[self.lasting]


@dataclass(frozen=True, slots=True)
class Accent:
    """What punctuates."""

    text: str
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An animal, and what calls where one is seen to move: an effect, or words for it."""

    text: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Description:
    """All that was understood of a text, and what was not. ``matched`` are the words that mean a sound."""

    places: tuple[Place, ...] = ()
    actions: tuple[Action, ...] = ()
    accents: tuple[Accent, ...] = ()
    unknown: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    level: float = DEFAULT_LEVEL
    calls: tuple[Call, ...] = ()
    effects: tuple[str, ...] = ()  # of the bank, of all that is named: what a single sound of these words may be


@dataclass(frozen=True, slots=True)
class _Told:
    match: Match[Entry]
    level: float


@lru_cache(maxsize=1024)
def read(text: str) -> Description:
    """Return what is understood of ``text``."""
    known, words = tables(), Text(text)
    found = _find(words, known)
    told = _told(words, found, known)
    actions = _actions(words, told, known)
    levels = [each.level for each in told] or [DEFAULT_LEVEL]
    accents = [each.match for each in told if each.match.tag.accent]
    return Description(
        tuple(_places(told)),
        actions,
        tuple(Accent(m.text, m.tag.accent) for m in accents if not (m.tag.bed or m.tag.acts)),
        _unknown(words, found, known),
        tuple(each.match.text for each in told),
        max(levels, key=lambda level: abs(level - DEFAULT_LEVEL)),
        _calls(told),
        tuple(dict.fromkeys([e for a in actions for e in a.effects] + [e for m in accents for e in m.tag.accent])),
    )


def _find(words: Text, known: Tables) -> list[Match[Entry]]:
    """Return the listed words; of a Chinese compound that is not listed, what it is by its last character."""
    heads = {end - 1 for start, end in words.words if end - start > 1 or known.quiet.at(words, start) is None}
    out: list[Match[Entry]] = []
    at = 0
    while at < len(words.tokens):
        found = known.entries.at(words, at)
        if found is not None and found.tag.bed and not found.tag.acts and not words.names(found.start, found.end):
            found = None  # 火 of 火锅底料 is no fire
        if found is None:
            found = _beside(words, at, known) or _within(words, at, known)
        if found is None and at in heads and words.tokens[at].word in known.heads:
            found = Match(known.heads[words.tokens[at].word], words.tokens[at].word, at, at + 1)
        if found is not None:
            out.append(found)
        at = found.end if found else at + 1
    return out


def _beside(words: Text, at: int, known: Tables) -> Match[Entry] | None:
    """Return the place that a Chinese word at ``at`` is at or in: 地铁口 is by the 地铁, 海边 by the 海."""
    end = next((end for start, end in words.words if start == at and end - start > 2), None)
    if end is None or words.tokens[end - 1].word not in BESIDE:
        return None
    found = known.entries.at(words, at, end - 1)
    return found if found is not None and found.end == end - 1 and found.tag.bed and not found.tag.acts else None


def _within(words: Text, at: int, known: Tables) -> Match[Entry] | None:
    """Return what a longer Chinese word at ``at`` that no list holds begins or ends with: 鹦鹉 of 鹦鹉学舌."""
    end = next((end for start, end in words.words if start == at and end - start > 2), None)
    if end is None or not words.tokens[at].han or any(each.at(words, at) for each in (known.quiet, known.joints)):
        return None
    ends = (known.entries.exactly(words, start, end) for start in range(at + 1, end - 1))
    begins = (known.entries.exactly(words, at, until) for until in range(end - 1, at + 1, -1))
    found = next((match for match in ends if match is not None), None)
    return found or next((match for match in begins if match is not None and match.tag.acts), None)


def _told(words: Text, found: list[Match[Entry]], known: Tables) -> list[_Told]:
    """Return what means a sound, and is not taken back."""
    out = []
    for place, match in enumerate(found):
        level = _level(words, match, found, known)
        goods = bool(match.tag.bed) and not match.tag.acts and names_goods(words, found, place, known)
        if level >= 0 and match.tag.says_something and not goods:
            out.append(_Told(match, level))
    return out


def _places(told: Sequence[_Told]) -> list[Place]:
    return [
        Place(m.text, tuple(BedLayer(kind, weight, each.level) for kind, weight in m.tag.bed), _is_implied(m.tag))
        for each in told
        for m in (each.match,)
        if m.tag.bed or m.tag.place
    ]


def _calls(told: Sequence[_Told]) -> tuple[Call, ...]:
    """Return the animals that are named, each once."""
    found = [each.match for each in told]
    animals = [(m.text, m.tag.call or (m.tag.ask if m.tag.family is Family.ANIMAL else "")) for m in found]
    return tuple(Call(text, wanted) for wanted, text in {wanted: text for text, wanted in animals if wanted}.items())


def _is_implied(entry: Entry) -> bool:
    """Say whether an ambience is not what is named itself, but what is usually about it."""
    return entry.acts and all(weight < 0.7 for _, weight in entry.bed)


def _actions(words: Text, told: Sequence[_Told], known: Tables) -> tuple[Action, ...]:
    """Return what is done, what stands about last."""
    ground = _ground(words, known) if any(each.match.tag.surface for each in told) else None
    actions: list[tuple[int, Action]] = []
    material: Match[Entry] | None = None
    for each in told:
        m = each.match
        made_of = material is not None and material.end == m.start and not m.tag.surface and _is_solid(m.tag)
        material = m if m.tag.material else None
        trodden = ground is not None and m.start < ground.end and ground.start < m.end and not m.tag.surface
        if made_of or trodden or not m.tag.acts:
            continue
        effects = (ground.tag,) if m.tag.surface and ground else m.tag.action
        family = m.tag.family if m.tag.family is not None else family_of(effects[0]) if effects else m.tag.lasting
        rank = 0 if m.tag.first else 2 if m.tag.about else 1
        actions.append((rank, Action(m.text, family, effects, m.tag.ask, each.level, m.tag.about, m.tag.lasting)))
    return tuple(_once([action for _, action in sorted(actions, key=lambda pair: pair[0])]))


_SOLID = frozenset({Family.GLASS, Family.CERAMIC, Family.WOOD, Family.PLASTIC, Family.METAL, Family.PAPER})


def _is_solid(entry: Entry) -> bool:
    return entry.family in _SOLID and not entry.material


def _once(actions: Sequence[Action]) -> list[Action]:
    """Return the actions, of those that sound alike the first."""
    first: dict[tuple[tuple[str, ...], str, Family | None], Action] = {}
    for action in actions:
        first.setdefault((action.effects, action.ask, action.family), action)
    return list(first.values())


def _ground(words: Text, known: Tables) -> Match[str] | None:
    """Return the footstep of the last surface named: where one treads stands after where one is."""
    found = known.surfaces.find(words)
    return found[-1] if found else None


def _level(words: Text, match: Match[Entry], others: list[Match[Entry]], known: Tables) -> float:
    """Return how strong the text says ``match`` is, -1 when it takes it back."""
    own = match.tag.level if match.tag.level is not None else DEFAULT_LEVEL
    level, taken_back = own, False
    for modifier in _before(words, match, others, known):
        if modifier.anew:
            level, taken_back = own, False
        elif modifier.level is None:
            taken_back = True
        else:
            level = modifier.level
    return -1.0 if taken_back else level


def _before(words: Text, match: Match[Entry], others: list[Match[Entry]], known: Tables) -> list[Modifier]:
    """Return the modifiers within three tokens before ``match``, no mark and no other word between."""
    first = max([match.start - 3, 0, *(other.end for other in others if other.end <= match.start)])
    marks = [i for i in range(first, match.start) if words.tokens[i].mark]
    at = marks[-1] + 1 if marks else first
    out = []
    while at < match.start:
        found = known.modifiers.at(words, at, match.start)
        if found is not None:
            out.append(found.tag)
        at = found.end if found is not None else at + 1
    return out


def _unknown(words: Text, found: Sequence[Match[Entry]], known: Tables) -> tuple[str, ...]:
    """Return the words that no list holds, neighbours together."""
    covered = {i for match in found for i in range(match.start, match.end)}
    for listed in (known.quiet, known.joints, known.weather, known.surfaces, known.modifiers):
        covered |= {i for match in listed.find(words) for i in range(match.start, match.end)}
    out: list[tuple[int, int]] = []
    for start, end in words.words:
        if covered & set(range(start, end)) or words.tokens[start].mark or words.tokens[start].stem.isdecimal():
            continue
        if out and out[-1][1] == start:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return tuple(dict.fromkeys(words.between(*span) for span in out))
