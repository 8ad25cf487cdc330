"""Whisper's tokens as text, by faster-whisper's tokenizer: whole characters, and the tokens each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tokenizers
from faster_whisper.tokenizer import Tokenizer

LOST = "\ufffd"  # what bytes give that are no text


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text and the tokens it comes from: ``tokens[first:last]``. A leading space begins a new word."""

    text: str
    first: int
    last: int


class Spelling:
    """Spells the tokens of a multilingual model. A Chinese character may be split over two or three of them."""

    def __init__(self, tokenizer: tokenizers.Tokenizer) -> None:
        self._tokenizer: Any = Tokenizer(tokenizer, multilingual=True, task="transcribe", language="en")

    def prompt(self, language: str) -> list[int]:
        """Return the tokens a transcript in ``language`` begins with, without times."""
        return [*self.start(language), self._tokenizer.no_timestamps]

    def start(self, language: str) -> list[int]:
        """Return the tokens that say what is to be done."""
        mark = self._tokenizer.tokenizer.token_to_id(f"<|{language}|>")
        return [self._tokenizer.sot, mark, self._tokenizer.transcribe]

    def spoken(self, tokens: Sequence[int]) -> list[int]:
        """Return ``tokens`` without marks (``<|zh|>``, ``<|endoftext|>``, ``<|3.20|>``), which are no text."""
        return [token for token in tokens if token < self._tokenizer.eot]

    def pieces(self, tokens: Sequence[int]) -> list[Piece]:
        """Return the text of ``spoken`` tokens in the smallest runs of whole characters; broken ends give none."""
        found, first = [], 0
        texts, groups = self._tokenizer.split_tokens_on_unicode(list(tokens))
        for text, group in zip(texts, groups, strict=True):
            if clean := text.replace(LOST, ""):
                found.append(Piece(clean, first, first + len(group)))
            first += len(group)
        return found

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of ``spoken`` tokens."""
        return "".join(piece.text for piece in self.pieces(tokens))
