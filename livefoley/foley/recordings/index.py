"""Finds recordings by words in any language: by how near their captions lie, and whether the reader agrees.

Likeness alone does not tell when there is no such recording, so it must be the greater, the less the meaning of the
words (``meaning``) speaks for it. Words that nobody understands need captions that say just that, and words of which
the text encoder does not know a piece find nothing but by their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from livefoley.core.errors import DescriptionError
from livefoley.foley.bank.library import Entry, Library
from livefoley.foley.chain import Refusal
from livefoley.foley.recordings.captions import Vectors, gist, make_vectors, read_vectors
from livefoley.foley.recordings.meaning import Agreement, Meaning, agreement, filed_under, meaning_of
from livefoley.foley.student.embed import TextEncoder

ENOUGH = {
    Agreement.AGAINST: 0.80,
    Agreement.UNKNOWN: 0.60,
    Agreement.NEAR: 0.65,
    Agreement.CATEGORY: 0.60,
    Agreement.SOUND: 0.60,
}
"""How alike the words of a request and a caption have to be (cosine), by what their meaning says.

Chosen on one half of 107 free descriptions of what a library of 739 recordings holds and of 59 of what it does not:
as many right ones as possible, where a wrong one costs one and a half, and one in place of nothing costs two."""

_FAVOUR = {Agreement.NEAR: 0.03, Agreement.CATEGORY: 0.06, Agreement.SOUND: 0.12}
"""Of two captions nearly as alike, the one of the same meaning."""
_AS_GOOD = 0.05  # whose score lies so little below the best is another take of it
MOST_FOUND = 24
_REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class Found:
    """A recording that answers words, by which of its captions, and how alike that is to them."""

    library: Library
    entry: Entry
    caption: str
    likeness: float
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a request as they are looked for: ``vector`` is ``[512]``, None where they cannot be embedded;
    ``known`` says whether the encoder knows all of their pieces, for which it may have to be loaded."""

    text: str
    vector: Vectors | None
    known: Callable[[], bool]


def words_of(text: str, encoder: TextEncoder) -> Words:
    """Return words ready to be looked for. Raises ``ModelError`` where there is no encoder."""
    try:
        return Words(text, encoder.encode(gist(text)), partial(encoder.knows, gist(text)))
    except DescriptionError:
        return Words(text, None, lambda: False)


class RecordingIndex:
    """All recordings of some libraries by their captions."""

    def __init__(self, libraries: Sequence[Library], encoder: TextEncoder) -> None:
        """Read the embeddings of the captions; those that are missing are made, which takes 20 ms a caption.

        Raises ``ModelError`` where they are missing and there is no encoder.
        """
        self._entries: list[tuple[Library, Entry]] = []
        self._texts: list[tuple[int, str]] = []  # whose, and what
        vectors = []
        for library in libraries:
            texts = texts_of(library)
            found = read_vectors(library.directory, texts)
            rows = found if found is not None else make_vectors(library.directory, texts, encoder)
            at = {text: place for place, text in enumerate(texts)}
            for entry in library.entries:
                self._texts += [(len(self._entries), text) for text in entry.texts]
                self._entries.append((library, entry))
                vectors += [rows[at[text]] for text in entry.texts]
        self._vectors = np.array(vectors, np.float32).reshape(len(self._texts), -1)
        self._meaning = lru_cache(maxsize=_REMEMBERED)(_meaning)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, words: Words) -> tuple[Found, ...] | Refusal:
        """Return the recordings that answer, the best first, or why there is none."""
        if not self._entries:
            return Refusal("there are no recordings; `livefoley bank add` and `bank fetch` bring some")
        if words.vector is None:
            return Refusal("the words cannot be read")
        likeness = self._vectors @ words.vector
        asked = meaning_of(words.text)
        best: dict[int, tuple[float, Found]] = {}
        nearest: Found | None = None
        for place in np.argsort(-likeness):
            if likeness[place] < min(ENOUGH.values()) and nearest is not None:
                break
            number, caption = self._texts[place]
            found = self._judged(number, caption, float(likeness[place]), asked)
            nearest = nearest or found
            score = found.likeness + _FAVOUR.get(found.agreement, 0.0)
            if self._is_enough(found, words) and score > best.get(number, (0.0, found))[0]:
                best[number] = score, found
        if not best:
            return Refusal(f'has no recording of it; the nearest, "{_called(nearest)}", is something else')
        ranked = sorted(best.values(), key=lambda pair: -pair[0])
        return tuple(found for score, found in ranked if score >= ranked[0][0] - _AS_GOOD)[:MOST_FOUND]

    def _judged(self, number: int, caption: str, likeness: float, asked: Meaning) -> Found:
        library, entry = self._entries[number]
        return Found(library, entry, caption, likeness, agreement(asked, self._meaning(entry)))

    @staticmethod
    def _is_enough(found: Found, words: Words) -> bool:
        is_alike = found.likeness >= ENOUGH[found.agreement]
        return is_alike and (found.agreement >= Agreement.NEAR or words.known())


def texts_of(library: Library) -> list[str]:
    """Return all that the recordings of a library are called, each once."""
    return list(dict.fromkeys(text for entry in library.entries for text in entry.texts))


def _meaning(entry: Entry) -> Meaning:
    meaning = filed_under(entry.category)
    for text in entry.texts:
        meaning |= meaning_of(text)
    return meaning


def _called(found: Found | None) -> str:
    return found.caption[:60] if found is not None else ""
