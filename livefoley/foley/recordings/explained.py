"""Says which parts of a description a recording would be taken for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.understood import Understood, UnderstoodPart
from livefoley.foley import strengths
from livefoley.foley.chain import Refusal
from livefoley.foley.recordings.index import Found
from livefoley.foley.recordings.maker import Find


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recording that answers words, by its caption (cosine ``likeness`` with them), and whose it is."""

    caption: str
    likeness: float
    credit: str


def with_recordings(said: Understood, find: Find) -> Understood:
    """Return what is understood, with recordings named where they are asked first: never for an effect of the bank."""

    def named(part: UnderstoodPart, kind: CueKind, words: str) -> UnderstoodPart:
        if part.by == SoundSource.BANK:
            return part
        by = strengths.first(SoundRequest(kind, words), (part.by, SoundSource.RECORDINGS))
        found = find(words) if by == SoundSource.RECORDINGS else Refusal("")
        if isinstance(found, Refusal):
            return part
        return replace(part, sound=found[0].caption, by=SoundSource.RECORDINGS)

    place = tuple(named(part, CueKind.BED, part.text) for part in said.place)
    return replace(said, place=place, actions=tuple(named(part, CueKind.ACTION, part.sound) for part in said.actions))


def as_one_sound(text: str, find: Find) -> Recorded | None:
    """Return the recording that would be taken for all of the words, where no effect is just that."""
    found = find(text)
    return None if isinstance(found, Refusal) else _told(found[0])


def _told(found: Found) -> Recorded:
    return Recorded(found.caption, round(found.likeness, 2), str(found.entry.credit))
