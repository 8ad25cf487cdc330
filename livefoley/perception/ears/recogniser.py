"""Whisper, called for what it costs: a few seconds of sound as they are, not padded to half a minute.

`faster-whisper <https://github.com/SYSTRAN/faster-whisper>`_ loads the model, draws the picture of sound it reads, and
spells its tokens; its own ``transcribe`` always takes 30 s, three times what a sentence needs, and is for clips. A pass
is ``listen`` (the encoder, once), then any of ``languages``, ``write`` (the decoder) and ``times`` (where its words
lie) on what it returned.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from livefoley.core.errors import ModelError
from livefoley.perception.ears.tokens import Spelling

RATE = 16_000
HOP = 160  # samples a column of the picture
FRAMES_PER_S = RATE // HOP

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

    tokens: tuple[int, ...]
    score: float
    no_speech: float
    others: tuple[tuple[int, ...], ...] = ()  # what it might have written instead, the likeliest first


class Recogniser:
    """One loaded model, for any number of rooms in turn. ``cost_s`` is the processor time all calls took."""

    def __init__(self, place: str, files: dict[str, bytes] | None = None, device: str = "auto") -> None:
        """Load the model that lies in the directory ``place``, or in ``files``; raises ``LivefoleyError``.

        ``auto`` takes a GPU where there is one that works (it may lack its libraries), else the processor.
        """
        self.cost_s = 0.0
        self.passes = 0
        self.device, whisper = load(place, files, device)
        self._model = whisper.model
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self.spelling = Spelling(whisper.hf_tokenizer)

    def listen(self, samples: NDArray[np.float32], *, hasty: bool = False) -> Heard:
        """Read ``[n]`` samples at 16 kHz, of which the model sees 30 s at most; ``hasty`` for less, not so well."""
        began_s = time.process_time()
        frames = min(MAX_FRAMES, -(-len(samples) // HOP))
        least, tail = (HASTY_MIN_FRAMES, HASTY_TAIL_FRAMES) if hasty else (MIN_FRAMES, TAIL_FRAMES)
        padded = min(MAX_FRAMES, max(least, frames + tail))
        sound = np.zeros((padded + padded % 2) * HOP, np.float32)
        sound[: frames * HOP][: len(samples)] = samples[: frames * HOP]
        encoded = self._model.encode(ctranslate2.StorageView.from_array(self._features(sound, padding=0)[None]))
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
        limit = BASE_TOKENS + TOKENS_PER_S * heard.frames // FRAMES_PER_S
        result = self._model.generate(
            heard.encoded,
            [self.spelling.prompt(language)],
            beam_size=beam,
            num_hypotheses=beam,
            max_length=limit,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        self._spent(began_s)
        best, *others = map(tuple, result.sequences_ids)
        return Hypothesis(best, result.scores[0], result.no_speech_prob, tuple(others))

    def times(self, heard: Heard, language: str, tokens: Sequence[int]) -> list[float]:
        """Return when each of ``tokens`` begins, and the last one ends, in seconds of the sound: ``len(tokens) + 1``.

        The path through the cross-attention of the model's alignment heads, as in OpenAI's ``timing.py``.
        """
        began_s = time.process_time()
        start, text = self.spelling.start(language), [list(tokens)]
        path = self._model.align(heard.encoded, start, text, heard.frames, median_filter_width=MEDIAN_WIDTH)[0]
        begins: dict[int, int] = {}
        for token, step in path.alignments:
            begins.setdefault(token, step)
        self._spent(began_s)
        end_s = heard.frames / FRAMES_PER_S
        return [begins[i] * SECONDS_PER_STEP if i in begins else end_s for i in range(len(tokens) + 1)]

    def _spent(self, began_s: float) -> None:
        self.cost_s += time.process_time() - began_s


def load(place: str, files: dict[str, bytes] | None, device: str = "auto", threads: int = THREADS) -> tuple[str, Any]:
    """Return the first device that a model runs on, and its ``WhisperModel`` there; raises ``ModelError``.

    Never goes to the network.
    """
    reason = ""
    for each in devices() if device == "auto" else [device]:
        compute = "float16" if each == "cuda" else "int8"
        try:
            loaded = WhisperModel(
                place,
                device=each,
                compute_type=compute,
                cpu_threads=threads,
                num_workers=1,
                files=dict(files) if files is not None else None,
                local_files_only=True,
            )
            silence = np.zeros((1, loaded.model.n_mels, 100), np.float32)
            loaded.model.encode(ctranslate2.StorageView.from_array(silence))
        except Exception as error:  # the tokenizer's errors are plain ones
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            continue
        if not loaded.model.is_multilingual:
            raise ModelError(f"{place}: knows English only; take a multilingual model, like base")
        return each, loaded
    raise ModelError(f"{place}: not a Whisper model that can be loaded ({reason})")


def devices() -> list[str]:
    """Return what CTranslate2 can run on here, the fastest first."""
    return ["cuda", "cpu"] if ctranslate2.get_cuda_device_count() > 0 else ["cpu"]
