"""Teachers from diffusers: text to sound by Stable Audio 3, Stable Audio Open, AudioLDM 2."""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr

from livefoley.foley.student.features import RATE, Floats
from livefoley.train.teachers.base import Lesson, Taught, TeacherError

PIPELINES = {
    "stable-audio-3": "StableAudio3Pipeline",
    "stable-audio": "StableAudioPipeline",
    "audioldm2": "AudioLDM2Pipeline",
}


class DiffusionTeacher:
    """A pipeline of diffusers; each has its own word for the length."""

    def __init__(self, kind: str, model: str, device: str) -> None:
        """Load the pipeline ``kind`` with the weights ``model``. Raises ``TeacherError``."""
        import diffusers
        import torch

        if not model:
            raise TeacherError(f"{kind}: say which weights with --model (a folder, or a name on the model hub)")
        half = torch.float16 if device.startswith("cuda") else torch.float32
        try:
            loaded = getattr(diffusers, PIPELINES[kind]).from_pretrained(model, torch_dtype=half)
        except (OSError, ValueError) as error:
            raise TeacherError(f"{model}: cannot be loaded as {kind} ({str(error).splitlines()[0]})") from error
        self.take(kind, loaded.to(device), device)

    def take(self, kind: str, pipeline: Any, device: str = "cpu") -> DiffusionTeacher:
        """Use a pipeline that is loaded already."""
        pipeline.set_progress_bar_config(disable=True)
        self._kind, self._pipeline, self._device = kind, pipeline, device
        return self

    @classmethod
    def of(cls, kind: str, pipeline: Any) -> DiffusionTeacher:
        """Return a teacher that works with ``pipeline``."""
        return cls.__new__(cls).take(kind, pipeline)

    def make(self, lesson: Lesson, seed: int, steps: int | None = None) -> Taught:
        """Return the sound of a lesson; ``steps`` is the pipeline's own number unless given."""
        import torch

        asked: dict[str, Any] = {"prompt": lesson.english, "generator": torch.Generator("cpu").manual_seed(seed)}
        asked[self._length_word()] = lesson.seconds
        if steps is not None:
            asked["num_inference_steps"] = steps
        found = self._pipeline(**asked, output_type="pt").audios[0]
        return Taught(at_our_rate(found.detach().float().cpu().numpy(), self._rate(), lesson.seconds))

    def _length_word(self) -> str:
        words = {"stable-audio-3": "duration", "stable-audio": "audio_end_in_s", "audioldm2": "audio_length_in_s"}
        return words[self._kind]

    def _rate(self) -> int:
        part = self._pipeline.vocoder if self._kind == "audioldm2" else self._pipeline.vae
        return int(part.config.sampling_rate)


def at_our_rate(sound: Floats, rate: int, seconds: float) -> Floats:
    """Return mono sound at 48 kHz from ``[n]`` or ``[channels, n]`` at ``rate``, cut to length."""
    mono = sound if sound.ndim == 1 else sound.reshape(-1, sound.shape[-1]).mean(axis=0)
    played = soxr.resample(np.asarray(mono, np.float32), rate, RATE)
    return np.asarray(played[: round(seconds * RATE)], np.float32)
