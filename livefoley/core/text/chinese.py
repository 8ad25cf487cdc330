"""Chinese in one script: traditional characters become simplified ones, so that both spellings compare equal."""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC

HAN = re.compile(r"[㐀-䶿一-鿿]")
_ALSO = str.maketrans("衞枱檯揹", "卫台台背")  # variants for which OpenCC knows no way back


def simplified(text: str) -> str:
    """Return ``text`` with traditional characters simplified, by OpenCC's tables of characters and of phrases."""
    return str(_converter().convert(text)).translate(_ALSO) if HAN.search(text) else text


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")  # reads its tables once somebody writes Chinese: 10 ms
