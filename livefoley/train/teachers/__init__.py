"""Teachers behind one interface: large models whose sounds a student learns from. The operator's own choice and run.

A teacher makes recordings once; they are kept as files with a manifest, so that fitting never loads a teacher. The
teacher's licence binds the student: it is named before anything is loaded, and must be accepted by name.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from livefoley.core.errors import InputError
from livefoley.foley import audio_file
from livefoley.foley.student import features
from livefoley.train.teachers.base import Kind, Lesson, Licence, Taught, Teacher, TeacherError

__all__ = ["KINDS", "Kind", "Lesson", "Licence", "Taught", "Teacher", "TeacherError", "listed", "load", "teach"]

_STABILITY = Licence(
    "stability-community",
    "Stability AI Community Licence: free below one million US dollars of revenue a year, else a paid licence; what "
    "learns from its outputs is yours, but may not be used to make a competing foundation model",
)
_LDM = Licence("cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0: no commercial use; what derives from it stays under the same terms")
_MMAUDIO = Licence(
    "cc-by-nc-4.0", "CC BY-NC 4.0 for the weights: no commercial use of them or of what learns from them"
)
_TENCENT = Licence(
    "tencent-hunyuan-community",
    "Tencent Hunyuan Community Licence: not for the EU, the UK and South Korea; outputs may improve no model but a "
    "derivative of Hunyuan, so a student taught by it is one and goes under the same licence",
)
_DIFFUSERS = (("diffusers", "transformers", "torchsde"), "pip install 'livefoley[teachers]'")

KINDS = {
    kind.name: kind
    for kind in (
        Kind("stable-audio-3", "Stable Audio 3: text to sound, 44.1 kHz stereo", _STABILITY, *_DIFFUSERS),
        Kind("stable-audio", "Stable Audio Open: text to sound, 44.1 kHz stereo", _STABILITY, *_DIFFUSERS),
        Kind("audioldm2", "AudioLDM 2: text to sound, 16 kHz", _LDM, *_DIFFUSERS),
        Kind(
            "mmaudio",
            "MMAudio: film and text to sound, 16 or 44.1 kHz",
            _MMAUDIO,
            ("mmaudio",),
            "pip install git+https://github.com/hkchengrex/MMAudio",
            watches=True,
        ),
        Kind(
            "hunyuan-foley",
            "HunyuanVideo-Foley: film and text to sound, 48 kHz",
            _TENCENT,
            ("hunyuanvideo_foley",),
            "put https://github.com/Tencent-Hunyuan/HunyuanVideo-Foley on the Python path with its requirements",
            watches=True,
        ),
    )
}


def listed() -> Iterator[str]:
    """Yield a line for each teacher: its name, what it is, its licence, and whether it can be loaded here."""
    for kind in KINDS.values():
        state = "installed" if not _missing(kind) else f"not installed: {kind.install}"
        yield f"{kind.name:16s} {kind.summary}; licence {kind.licence.name}; {state}"


def _missing(kind: Kind) -> list[str]:
    return [package for package in kind.packages if importlib.util.find_spec(package) is None]


def checked(name: str, accepted: str) -> Kind:
    """Return the teacher of a name whose licence was accepted and whose packages are there. Raises ``TeacherError``."""
    kind = KINDS.get(name)
    if kind is None:
        raise TeacherError(f"no teacher {name!r}; there are {', '.join(KINDS)}")
    if accepted != kind.licence.name:
        raise TeacherError(
            f"{name}: {kind.licence.terms}. If you accept that, say so: --accept-licence {kind.licence.name}"
        )
    if missing := _missing(kind):
        raise TeacherError(f"{name}: {', '.join(missing)} not installed; {kind.install}")
    return kind


def load(name: str, model: str, accepted: str, device: str = "cpu") -> Teacher:
    """Return a teacher, loaded. Raises ``TeacherError``."""
    kind = checked(name, accepted)
    if kind.name == "mmaudio":
        from livefoley.train.teachers.video import MMAudioTeacher

        return MMAudioTeacher(model, device)
    if kind.name == "hunyuan-foley":
        from livefoley.train.teachers.video import HunyuanTeacher

        return HunyuanTeacher(model, device)
    from livefoley.train.teachers.diffusion import DiffusionTeacher

    return DiffusionTeacher(kind.name, model, device)


def teach(
    name: str,
    prompts: Path,
    out: Path,
    model: str = "",
    accepted: str = "",
    takes: int = 4,
    device: str = "cpu",
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> None:
    """Let a teacher make ``takes`` sounds of each prompt into ``out``; those there already are kept."""
    kind = checked(name, accepted)
    lessons = read_lessons(prompts)
    if kind.watches and not any(lesson.video for lesson in lessons):
        report(f"{name} is asked by text alone; it does better with the column video")
    kept = Taking(out, kind, lessons)
    if kept.wanted(takes):
        kept.make(load(name, model, accepted, device), takes, seed, report)
    report(f"{out}: {kept.write_manifest(takes)} sounds; next: livefoley train prepare {out}")


def read_lessons(prompts: Path) -> list[Lesson]:
    """Return the prompts of a CSV. Raises ``InputError``."""
    try:
        with prompts.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [_lesson(row, prompts.parent) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{prompts}: want a CSV with the column caption_en, one prompt a line ({error!r})") from error


def _lesson(row: dict[str, str], folder: Path) -> Lesson:
    video = folder / row["video"] if row.get("video") else None
    seconds = float(row.get("seconds") or 5.0)
    return Lesson(row["caption_en"], row.get("caption_zh") or "", row.get("ucs_category") or "", seconds, video)


class Taking:
    """The folder that a teacher's sounds go to, with a manifest that ``train prepare`` reads."""

    def __init__(self, folder: Path, kind: Kind, lessons: list[Lesson]) -> None:
        self._folder, self._kind, self._lessons = folder, kind, lessons

    def path(self, lesson: Lesson, take: int) -> Path:
        """Return where a take lies: the same prompt, the same place."""
        asked = f"{self._kind.name}|{lesson.english}|{lesson.video}|{lesson.seconds}"
        return self._folder / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}-{take}.flac"

    def wanted(self, takes: int) -> list[tuple[Lesson, int]]:
        """Return what is still to be made."""
        every = [(lesson, take) for lesson in self._lessons for take in range(takes)]
        return [(lesson, take) for lesson, take in every if not self.path(lesson, take).exists()]

    def make(self, teacher: Teacher, takes: int, seed: int, report: Callable[[str], None]) -> None:
        """Make what is missing; how a video teacher saw the film is kept beside the sound (``.npy``)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = self.wanted(takes)
        for number, (lesson, take) in enumerate(missing):
            taught = teacher.make(lesson, seed + take)
            path = self.path(lesson, take)
            if taught.seen is not None:
                np.save(path.with_suffix(".npy"), taught.seen.astype(np.float16))
            even = np.clip(features.referenced(taught.sound), -1.0, 1.0)
            path.write_bytes(audio_file.flac(np.stack((even, even))))
            report(f"{number + 1} of {len(missing)}: {lesson.english}")

    def write_manifest(self, takes: int) -> int:
        """Write ``manifest.csv`` over all that is there; returns how many sounds it names."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = [
            (self.path(lesson, take).name, lesson.english, lesson.chinese, lesson.category, self._kind.licence.name)
            for lesson in self._lessons
            for take in range(takes)
            if self.path(lesson, take).exists()
        ]
        with (self._folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("path", "caption_en", "caption_zh", "ucs_category", "licence", "source", "split"))
            writer.writerows((*row, f"taught by {self._kind.name}", "train") for row in rows)
        return len(rows)
