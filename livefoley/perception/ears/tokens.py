"""Whisper's tokens as text: byte-level pieces, grouped to whole characters and then to words.

The vocabulary spells bytes with printable characters, as GPT-2's does (Radford et al., 2019); a Chinese character may
be split over two or three tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text and the tokens it comes from: ``tokens[first:last]``. A leading space begins a new word."""

    text: str
    first: int
    last: int


def decode(tokens: Sequence[str]) -> str:
    """Return the text of ``tokens``; bytes that are no text at the end of a cut-off character are left out."""
    return "".join(piece.text for piece in pieces(tokens))


def pieces(tokens: Sequence[str]) -> list[Piece]:
    """Return the text in the smallest runs that are whole characters; special tokens and broken ends give none."""
    found: list[Piece] = []
    pending, first = b"", 0
    for index, token in enumerate(tokens):
        if is_special(token):
            continue
        if not pending:
            first = index
        pending += _bytes(token)
        try:
            found.append(Piece(pending.decode(), first, index + 1))
        except UnicodeDecodeError:
            if len(pending) < 16:
                continue
        pending = b""
    return found


def is_special(token: str) -> bool:
    """Say whether ``token`` is a mark (``<|zh|>``, ``<|endoftext|>``, ``<|3.20|>``), not text."""
    return token.startswith("<|") and token.endswith("|>")


def _bytes(token: str) -> bytes:
    table = _byte_of()
    return bytes(table[character] for character in token if character in table)


@cache
def _byte_of() -> dict[str, int]:
    """Printable Latin-1 stands for itself, every other byte for a character from U+0100 on, in order."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + index): byte for index, byte in enumerate(others)}
