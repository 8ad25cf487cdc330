"""Sounds from words, as ``livefoley generate`` makes them, heard by the judge; what was heard once is kept on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from common import CACHE, ROOT

from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.errors import LivefoleyError
from livefoley.core.ticks import ticks_from_s
from livefoley.foley.auto import best_sound
from livefoley.foley.makers import Makers
from livefoley.foley.student.features import Floats, referenced
from livefoley.foley.student.settings import StudentSettings
from livefoley.train.judge import Heard, Judge

MANIFEST = ROOT.parent / "shared" / "sounds" / "manifest.csv"
WORDS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("judged_words.yaml").read_text("utf-8"))
AUTO = "auto"
NEUTRAL = "neutral"
"""Who made what says nothing, as nobody knew the words."""
SOURCES = (AUTO, SoundSource.STUDENT, SoundSource.BANK, SoundSource.PROCEDURAL)
STRENGTHS = "livefoley/foley/strengths.yaml"
"""Who is asked first: of nothing that one source makes by itself."""
_PARTS = ("livefoley/foley", "livefoley/dsp", "livefoley/core/cues.py", "livefoley/commands/generate.py")


@dataclass(frozen=True, slots=True)
class Take:
    """What was heard of one sound, who made it and of which recordings, a title a line; where nobody made one, silence
    and ``refused``."""

    heard: Heard
    source: str = ""
    titles: str = ""
    refused: str = ""


class Taker:
    """Makes sounds of words through the makers of ``livefoley generate`` and lets the judge hear them.

    What was heard is kept by the words, the seed, the source and what all of the code that makes sounds is; a run that
    was stopped goes on where it was.
    """

    def __init__(self, judge: Judge | None = None, libraries: Iterable[Path] = (), model: str = "nano") -> None:
        self._libraries, self._model, self._judge = tuple(libraries), model, judge
        self._version = _version(self._libraries, model)
        self._folder = CACHE / "heard"
        self._folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def judge(self) -> Judge:
        """The judge, opened when it is first needed."""
        return self._judge or Judge()

    @cached_property
    def _makers(self) -> Makers:
        return Makers(self._libraries, StudentSettings(self._model, "cpu", 1, None))

    def take(self, text: str, source: str, seed: int, seconds: float = 5.0) -> Take:
        """Return what is heard of ``text``, made by ``source`` (``AUTO``: by whom ``livefoley generate`` asks)."""
        version = self._version + (_digest(ROOT / STRENGTHS) if source == AUTO else "")
        key = hashlib.sha256(repr((version, text, str(source), seed, seconds)).encode()).hexdigest()[:32]
        kept = self._folder / f"{key}.npz"
        if kept.exists():
            return _read(kept)
        sound, take = self.sound(text, source, seed, seconds)
        made = Take(self.judge.hear(sound), *take)
        partial = kept.with_name(f"{key}.{os.getpid()}.npz")
        np.savez(
            partial,
            patches=made.heard.patches.astype(np.float16),
            scores=made.heard.scores,
            said=np.array([made.source, made.titles, made.refused]),
        )
        partial.replace(kept)
        return made

    def sound(self, text: str, source: str, seed: int, seconds: float = 5.0) -> tuple[Floats, tuple[str, str, str]]:
        """Return a mono sound, who made it, of which recordings, and why there is none (it is silence then)."""
        request = SoundRequest(CueKind.ACCENT, text, length=ticks_from_s(seconds), seed=seed)
        try:
            made = best_sound(self._makers, None if source == AUTO else SoundSource(source), request)
        except LivefoleyError as error:
            return np.zeros(request.length, np.float32), ("", "", str(error))
        sound = made.sound
        by = NEUTRAL if made.neutral else str(sound.source)
        mono = np.asarray(sound.samples.mean(axis=0), np.float32)
        return _audible(mono), (by, "\n".join(credit.title for credit in sound.credits), "")


def _audible(mono: Floats) -> Floats:
    """Return sound at the level of the recordings it is compared with; what is too soft to be heard stays so."""
    return referenced(mono) if np.abs(mono).max(initial=0.0) > 1e-3 else mono


def _read(path: Path) -> Take:
    with np.load(path) as kept:
        heard = Heard(kept["patches"].astype(np.float32), kept["scores"])
        return Take(heard, *map(str, kept["said"]))


def _version(libraries: Iterable[Path], model: str) -> str:
    """Return a digest of the code, tables and weights that sounds are made by, and of the libraries."""
    digest = hashlib.sha256(repr((model, sorted(map(str, libraries)))).encode())
    for part in (*_PARTS, "livefoley/train/judge.py"):
        path = ROOT / part
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix not in (".pyc", ".md") and file != ROOT / STRENGTHS:
                digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def right_tag(judge: Judge, heard: Heard, tags: Iterable[str], count: int = 5) -> bool:
    """Say whether one of the right tags is among the judge's best."""
    return not set(tags).isdisjoint(judge.tags(heard, count))
