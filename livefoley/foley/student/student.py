"""The student: from descriptions and curves to finished sounds, many at once.

Threads do not meet in here: whoever owns a student calls it from one thread.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import DescriptionError, LivefoleyError, ModelError, SilentTakeError
from livefoley.core.ticks import ticks_from_s
from livefoley.dsp.levels import linear_from_db
from livefoley.dsp.loudness import integrated_lufs
from livefoley.foley import levels
from livefoley.foley.student import decoder, features, models, output_check, windows
from livefoley.foley.student.backends import tensorrt
from livefoley.foley.student.backends.engines import EngineStore
from livefoley.foley.student.backends.onnx import Backend, OnnxBackend
from livefoley.foley.student.embed import TextEncoder
from livefoley.foley.student.features import FRAMES_PER_TOKEN, Floats
from livefoley.foley.student.windows import WindowSequence
from livefoley.system.dirs import cache_directory

LONGEST_S = 60.0
MOST_STEPS = 64
TRIES = 3
"""How often something is made of the same words when nothing is heard of them."""
_FADE_IN, _FADE_OUT = ticks_from_s(0.002), ticks_from_s(0.03)


@dataclass(frozen=True, slots=True)
class Wish:
    """A sound that is asked for: what it is, how long, and, if that matters, when it is how loud and where it begins.

    ``envelope_db`` (dB re its loudest tenth of a second) and ``onsets`` (0, or a strength up to 1) have a value
    every 10 ms, ``FRAMES_PER_TOKEN`` a token. Another ``seed`` is another take.
    """

    text: str
    tokens: int
    seed: int = 0
    envelope_db: Floats | None = None
    onsets: Floats | None = None


def seed_of(seed: int, turn: int) -> int:
    """Return the seed of another try; the first, 0, has the seed itself."""
    return zlib.crc32(f"{seed}:try {turn}".encode()) if turn else seed


class Student:
    """Weights at work."""

    def __init__(
        self, model: models.Model, backend: Backend, encoder: TextEncoder | None = None, steps: int | None = None
    ) -> None:
        """Make sounds with ``backend`` running ``model``, in ``steps`` evaluations (the model's own number if None)."""
        self.spec = model.spec
        self.backend = backend
        self.encoder = encoder if encoder is not None else TextEncoder(cache_directory())
        self.steps = min(MOST_STEPS, max(1, steps if steps is not None else model.spec.steps))

    def make(self, wishes: Sequence[Wish]) -> list[Stereo | LivefoleyError]:
        """Return each wish's sound ``[2, n]`` at the level of effects, or why there is none.

        What comes out silent is made again from other seeds, ``TRIES`` in all. ``DescriptionError``: the wish is at
        fault; ``SilentTakeError``: nothing is heard of it; ``ModelError``: the model is at fault.
        """
        made = self._made(wishes)
        for turn in range(1, TRIES):
            silent = [place for place, each in enumerate(made) if isinstance(each, SilentTakeError)]
            again = [replace(wishes[place], seed=seed_of(wishes[place].seed, turn)) for place in silent]
            for place, each in zip(silent, self._made(again) if again else (), strict=True):
                made[place] = each
        return made

    def _made(self, wishes: Sequence[Wish]) -> list[Stereo | LivefoleyError]:
        made: list[Stereo | LivefoleyError] = [ModelError("nothing was made")] * len(wishes)
        under_way: dict[int, tuple[WindowSequence, list[Floats]]] = {}
        for place, wish in enumerate(wishes):
            try:
                under_way[place] = (self._begin(wish), [])
            except LivefoleyError as error:
                made[place] = error
        try:
            while sequences := [(g, mel) for g, mel in under_way.values() if not g.done]:
                for (_, mel), new in zip(sequences, self._next_windows([g for g, _ in sequences]), strict=True):
                    mel.append(new)
        except ModelError as error:
            return [error if place in under_way else made[place] for place in range(len(wishes))]
        for place, (_, mel) in under_way.items():
            made[place] = _finished(wishes[place], np.concatenate(mel))
        return made

    def bed(self, text: str, seed: int) -> Continuation:
        """Return an endless sound at its beginning. Raises ``DescriptionError``."""
        return Continuation(WindowSequence(self.spec, self.encoder.encode(text), seed), seed)

    def advance(self, beds: Sequence[Continuation]) -> list[Stereo | ModelError]:
        """Return the next window's sound of each bed, about three seconds, or why there is none.

        What comes first is a little shorter: the decoder looks ahead. Raises ``ModelError`` when the backend fails.
        """
        return [
            bed.sound(mel) for bed, mel in zip(beds, self._next_windows([bed.windows for bed in beds]), strict=True)
        ]

    def _begin(self, wish: Wish) -> WindowSequence:
        if not 0 < wish.tokens <= features.tokens_for(LONGEST_S):
            length_s = windows.seconds(wish.tokens)
            raise DescriptionError(f"a sound of {length_s:g} s is asked for; want more than 0, at most {LONGEST_S:g}")
        output_check.check_curves(envelope=wish.envelope_db, onsets=wish.onsets)
        text = self.encoder.encode(wish.text)
        envelope = wish.envelope_db
        if envelope is None and wish.onsets is not None:  # told when alone, the network may leave it nearly silent
            envelope = features.struck_envelope(wish.onsets)
        controls = features.controls(wish.tokens * FRAMES_PER_TOKEN, envelope, wish.onsets)
        return WindowSequence(self.spec, text, wish.seed, controls)

    def _next_windows(self, sequences: Sequence[WindowSequence]) -> Iterator[Floats]:
        next_ones = [each.window() for each in sequences]
        made = windows.make_windows(self.backend, next_ones, self.steps, self.spec.guidance)
        return (each.take(*window) for each, window in zip(sequences, made, strict=True))


class Continuation:
    """An endless sound under way: its windows, and the state of what turns mel frames into sound."""

    def __init__(self, sequences: WindowSequence, seed: int) -> None:
        self.windows = sequences
        self._decoder = decoder.MelDecoder(seed)
        self._widener = decoder.Widener(decoder.WIDTH_BED)
        self.reset()

    def reset(self) -> None:
        """Begin the same sound anew."""
        self.windows.reset()
        self._decoder.reset()
        self._widener.reset()
        self._gain: float | None = None

    def sound(self, mel: Floats) -> Stereo | ModelError:
        """Return the sound of the next mel frames, at the level of beds; a broken one begins anew."""
        try:
            output_check.check_mel(mel)
            mono = self._decoder.feed(mel)
            output_check.check_raw(mono)
            wide = self._widener.feed(mono)
            if self._gain is None:  # one gain for the whole, so that what swells may swell
                self._gain = linear_from_db(levels.BED_LUFS - integrated_lufs(wide))
            return output_check.check_finished(levels.round_off(wide * np.float32(self._gain)), levels.BED_LUFS)
        except ModelError as error:
            self.reset()
            return error


def _finished(wish: Wish, mel: Floats) -> Stereo | ModelError:
    """Return a wish's sound: decoded, its envelope kept to, its ends rounded, at its level."""
    try:
        output_check.check_mel(mel)
        mono = decoder.invert(mel, seed=wish.seed)
        output_check.check_raw(mono)
        if wish.envelope_db is not None:
            mono = decoder.impose(mono, wish.envelope_db)
        elif wish.onsets is not None:
            mono = decoder.strike(mono, wish.onsets)
        width = decoder.WIDTH_HIT if wish.onsets is not None else decoder.WIDTH_BED
        sound = levels.normalise_effect(levels.without_rumble(decoder.Widener(width).feed(mono)))
        sound[:, :_FADE_IN] *= np.linspace(0, 1, _FADE_IN, dtype=np.float32)[: sound.shape[1]]
        sound[:, -_FADE_OUT:] *= np.linspace(1, 0, _FADE_OUT, dtype=np.float32)[-sound.shape[1] :]
        return output_check.check_finished(sound, levels.EFFECT_LUFS)
    except ModelError as error:
        return error


def open_student(
    model: str | Path = models.DEFAULT, device: str = "auto", threads: int = 2, steps: int | None = None
) -> Student:
    """Return the student of a model on this machine. Raises ``ModelError``."""
    found = models.find(model)
    return Student(found, open_backend(found, device, threads), steps=steps)


def open_backend(model: models.Model, device: str = "auto", threads: int = 2) -> Backend:
    """Return what runs ``model`` on ``device`` (see ``backend.DEVICES``). Raises ``ModelError``.

    ``auto`` takes TensorRT where a card and an engine for it are there, else ONNX Runtime.
    """
    if device == "tensorrt" or (device == "auto" and _has_engine(model)):
        from livefoley.foley.student.backends.engine import TensorRtBackend

        return TensorRtBackend(model)
    return OnnxBackend(model.graph, device, threads)


def _has_engine(model: models.Model) -> bool:
    try:
        card, trt = tensorrt.card_here(), tensorrt.library()
    except ModelError:
        return False
    return EngineStore().load(tensorrt.key_of(trt, model, card.target(trt))) is not None
