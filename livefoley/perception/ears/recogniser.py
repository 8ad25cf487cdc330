"""Whisper, called for what it costs: a few seconds of sound as they are, not padded to half a minute.

`CTranslate2 <https://opennmt.net/CTranslate2/>`_ runs the model. A pass is ``listen`` (the encoder, once), then any of
``language``, ``write`` (the decoder) and ``times`` (where its words lie) on what it returned.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import ModelError
from livefoley.perception.ears.mel import FRAMES_PER_S, HOP, log_mel
from livefoley.perception.ears.model import VOCABULARIES

MIN_FRAMES = 700  # with a shorter picture the decoder often does not find the end and says everything twice
TAIL_FRAMES = 200  # silence the decoder wants after the last word
HASTY_MIN_FRAMES = 450  # where a slip does not matter, because a better pass will come
HASTY_TAIL_FRAMES = 100
MAX_FRAMES = 3000  # the model's positions end there: 30 s
TOKENS_PER_S = 12  # nobody speaks faster; what is longer is a loop
BASE_TOKENS = 12
THREADS = 1  # the stream has the other core
SECONDS_PER_STEP = 0.02  # of alignment: the encoder halves the columns
MEDIAN_WIDTH = 7


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound the encoder has read: ``frames`` columns of it are not padding."""

    encoded: ctranslate2.StorageView
    frames: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the decoder wrote: its tokens, the mean log probability of one, how likely it is that nobody spoke."""

    tokens: tuple[str, ...]
    score: float
    no_speech: float
    others: tuple[tuple[str, ...], ...] = ()  # what it might have written instead, the likeliest first


class Recogniser:
    """One loaded model, for any number of rooms in turn. ``cost_s`` is the processor time all calls took."""

    def __init__(self, place: str, files: dict[str, bytes] | None = None, device: str = "auto") -> None:
        """Load the model that lies in the directory ``place``, or in ``files``; raises ``LivefoleyError``.

        ``auto`` takes a GPU where there is one that works (it may lack its libraries), else the processor.
        """
        self.cost_s = 0.0
        self.passes = 0
        try:
            self._ids = {token: number for number, token in enumerate(_vocabulary(Path(place), files or {}))}
        except (OSError, ValueError):
            raise ModelError(f"{place}: not a Whisper model that can be loaded (its vocabulary)") from None
        self.device, self._model = self._load(place, files, devices() if device == "auto" else [device])
        if not self._model.is_multilingual:
            raise ModelError(f"{place}: knows English only; take a multilingual model, like base")
        self._bands = self._model.n_mels

    @staticmethod
    def _load(
        place: str, files: dict[str, bytes] | None, candidates: Sequence[str]
    ) -> tuple[str, ctranslate2.models.Whisper]:
        """Return the first device the model runs on, and the model there."""
        reason = ""
        for device in candidates:
            compute = "float16" if device == "cuda" else "int8"
            try:
                model = ctranslate2.models.Whisper(
                    place, device=device, compute_type=compute, intra_threads=THREADS, inter_threads=1, files=files
                )
                model.encode(ctranslate2.StorageView.from_array(np.zeros((1, model.n_mels, 100), np.float32)))
            except (RuntimeError, ValueError) as error:
                reason = str(error)
                continue
            return device, model
        raise ModelError(f"{place}: not a Whisper model that can be loaded ({reason})")

    def listen(self, samples: NDArray[np.float32], *, hasty: bool = False) -> Heard:
        """Read ``[n]`` samples at 16 kHz, of which the model sees 30 s at most; ``hasty`` for less, not so well."""
        began_s = time.process_time()
        frames = min(MAX_FRAMES, -(-len(samples) // HOP))
        least, tail = (HASTY_MIN_FRAMES, HASTY_TAIL_FRAMES) if hasty else (MIN_FRAMES, TAIL_FRAMES)
        padded = min(MAX_FRAMES, max(least, frames + tail))
        picture = log_mel(samples, padded + padded % 2, self._bands)
        encoded = self._model.encode(ctranslate2.StorageView.from_array(picture[None]))
        self.passes += 1
        self._spent(began_s)
        return Heard(encoded, frames)

    def languages(self, heard: Heard) -> dict[str, float]:
        """Return how likely each language the model knows is."""
        began_s = time.process_time()
        found = self._model.detect_language(heard.encoded)[0]
        self._spent(began_s)
        return {token[2:-2]: probability for token, probability in found}

    def write(self, heard: Heard, language: str, beam: int = 1) -> Hypothesis:
        """Return what was said, and with a ``beam`` what else.

        From the beginning each time: one that is given to CTranslate2 is computed step by step all the same.
        """
        began_s = time.process_time()
        prompt = ["<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>"]
        limit = BASE_TOKENS + TOKENS_PER_S * heard.frames // FRAMES_PER_S
        result = self._model.generate(
            heard.encoded,
            [prompt],
            beam_size=beam,
            num_hypotheses=beam,
            max_length=limit,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        self._spent(began_s)
        best, *others = map(tuple, result.sequences)
        return Hypothesis(best, result.scores[0], result.no_speech_prob, tuple(others))

    def times(self, heard: Heard, language: str, tokens: Sequence[str]) -> list[float]:
        """Return when each of ``tokens`` begins, and the last one ends, in seconds of the sound: ``len(tokens) + 1``.

        The path through the cross-attention of the model's alignment heads, as in OpenAI's ``timing.py``.
        """
        began_s = time.process_time()
        start = [self._ids[token] for token in ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>")]
        text = [self._ids[token] for token in tokens]
        path = self._model.align(heard.encoded, start, [text], heard.frames, median_filter_width=MEDIAN_WIDTH)[0]
        begins: dict[int, int] = {}
        for token, step in path.alignments:
            begins.setdefault(token, step)
        self._spent(began_s)
        end_s = heard.frames / FRAMES_PER_S
        return [begins[i] * SECONDS_PER_STEP if i in begins else end_s for i in range(len(tokens) + 1)]

    def _spent(self, began_s: float) -> None:
        self.cost_s += time.process_time() - began_s


def _vocabulary(directory: Path, files: Mapping[str, bytes]) -> list[str]:
    """Return the tokens in order of their numbers; converters write them as lines or as JSON."""
    for name in VOCABULARIES:
        if name in files or (not files and (directory / name).exists()):
            content = files[name] if files else (directory / name).read_bytes()
            return list(json.loads(content)) if name.endswith(".json") else content.decode().split("\n")
    raise ValueError("no vocabulary")


def devices() -> list[str]:
    """Return what CTranslate2 can run on here, the fastest first."""
    return ["cuda", "cpu"] if ctranslate2.get_cuda_device_count() > 0 else ["cpu"]
