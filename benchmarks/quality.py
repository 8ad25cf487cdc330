"""How good the student's sound is, on recordings it never saw, beside procedural synthesis, white noise and the real.

Every recording of the validation split is remade: its caption, in English and in Chinese, its loudness envelope and its
onsets go in, five seconds come out. The judge is YAMNet (extra ``evaluate``), which had no part in training.

(a) recognised: the class most common among the five train recordings nearest in embedding. Every source is judged so.
(b) Frechet distance of embeddings to the validation recordings, over equally many half-overlapping 0.96 s patches; the
    distance of other real recordings is what perfection would get at this size.
(c) onsets asked for at random times: F1 within 50 ms; envelopes drawn at random: correlation of level in dB.
(d) seams: spectral flux where windows meet over 60 s of a bed, against the flux elsewhere (90th percentiles).
(e) the two languages, each by itself. (f) one seed repeats to the bit; two seeds differ.

    python benchmarks/quality.py [--recordings MANIFEST] [--model nano] [--steps N] [--takes 1] [--out out/quality]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from livefoley.core.cues import CueKind, SoundRequest
from livefoley.core.errors import LivefoleyError
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.foley.chain import Offer
from livefoley.foley.render_cache import RenderCache
from livefoley.foley.rendered import RenderedSounds
from livefoley.foley.student import features
from livefoley.foley.student.features import FRAMES_PER_S, FRAMES_PER_TOKEN, HOP, RATE, TOKENS_PER_S, Floats
from livefoley.foley.student.student import Student, Wish, open_student
from livefoley.train import evaluate
from livefoley.train.evaluate import Judged, Yardstick
from livefoley.train.judge import frechet

MANIFEST = Path(__file__).resolve().parents[1].parent / "shared" / "sounds" / "manifest.csv"
STRUCK = ("a dog bark", "a door closing", "one hand clap", "a footstep on wood", "a drum hit", "敲门", "鼓声", "枪声")
"""Sounds with a beginning, for (c)."""
STEADY = ("steady rain", "sea waves rolling in", "a fire crackling", "风声", "a helicopter flying overhead", "雨声")
WANTED = {"recognised": 0.70, "onset_f1": 0.9, "envelope": 0.9}


def main() -> None:
    arguments = _arguments()
    try:
        student = open_student(arguments.model, "cpu", steps=arguments.steps)
        yardstick = Yardstick(arguments.recordings)
    except LivefoleyError as error:
        sys.exit(f"error: {error}")
    print(f"{student.spec.name} ({student.spec.precision}), {student.steps} steps, guidance {student.spec.guidance:g}")
    print(
        f"{len(yardstick.valid)} validation, {len(yardstick.train)} train recordings, {len(yardstick.groups)} classes\n"
    )
    judged = all_sources(student, yardstick, arguments.takes)
    found = recognition(judged)
    found |= distances(judged, yardstick)
    found |= timing(student, np.random.default_rng(1))
    found |= seams(student)
    found |= diversity(student)
    sheets(judged, arguments.out)
    verdict(found)
    print(json.dumps({"benchmark": "quality", "value": found["recognised"], **found}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the quality of the student's sound.")
    parser.add_argument("--recordings", type=Path, default=MANIFEST, help="a manifest of the form of shared/sounds")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--steps", type=int, default=None, help="evaluations a sound")
    parser.add_argument("--takes", type=int, default=1, help="sounds per recording and language")
    parser.add_argument("--out", type=Path, default=Path("out/quality"), help="where the spectrograms go")
    return parser.parse_args()


# ---- (a), (e): recognised ----


def all_sources(student: Student, yardstick: Yardstick, takes: int) -> dict[str, list[Judged]]:
    """Return what the judge heard of each source's attempts."""
    noise = np.random.default_rng(0)
    makers: dict[str, tuple[Callable[[str, Floats, int], Floats], tuple[str, ...]]] = {
        "real": (lambda _text, like, _seed: like, ("en",)),
        "student": (lambda text, like, seed: evaluate.remade(student, text, like, seed), ("en", "zh")),
        "text alone": (lambda text, _like, seed: evaluate.remade(student, text, None, seed), ("en", "zh")),
        "procedural": (Procedural().make, ("en",)),
        "noise": (lambda _text, like, _seed: white(like, noise), ("en",)),
    }
    return {
        name: evaluate.attempts(yardstick, make, takes if name == "student" else 1, languages=languages)
        for name, (make, languages) in makers.items()
    }


class Procedural:
    """What livefoley laid before there was a student: the bank's effect, or else the bed."""

    def __init__(self) -> None:
        rendered = RenderedSounds(RenderCache())
        self._bank, self._rendered = EffectBank(rendered), rendered

    def make(self, text: str, like: Floats, seed: int) -> Floats:
        """Return mono sound as long as ``like``."""
        request = SoundRequest(CueKind.ACCENT, text, length=len(like), seed=seed)
        sound = self._bank.make(request) if isinstance(self._bank.offer(request), Offer) else None
        samples = sound.samples if sound else ProceduralBed(seed, text, self._rendered).read(len(like))
        mono = np.asarray(samples.mean(axis=0), np.float32)[: len(like)]
        return features.referenced(np.pad(mono, (0, len(like) - len(mono))))


def white(like: Floats, rng: Generator) -> Floats:
    """Return white noise as long as ``like`` and with its envelope."""
    level = np.interp(np.arange(len(like)), np.arange(len(like) // HOP) * HOP, features.level_db(like))
    return features.referenced((rng.standard_normal(len(like)) * 10 ** (level / 20)).astype(np.float32))


def recognition(judged: dict[str, list[Judged]]) -> dict[str, float]:
    print("(a) recognised, by class")
    for line in evaluate.table(judged["student"]):
        print(line)
    print()
    for name, own in judged.items():
        print(f"{name:12s} {evaluate.share(own):6.1%}")
    english, chinese = (
        evaluate.share([one for one in judged["student"] if one.language == language]) for language in ("en", "zh")
    )
    print(f"\n(e) the student in English {english:.1%}, in Chinese {chinese:.1%}")
    shares = {f"recognised_{name.replace(' ', '_')}": round(evaluate.share(own), 4) for name, own in judged.items()}
    return {"recognised": shares.pop("recognised_student"), **shares, "english": english, "chinese": chinese}


# ---- (b): distances ----


def distances(judged: dict[str, list[Judged]], yardstick: Yardstick) -> dict[str, float]:
    sets = {name: np.concatenate([one.patches for one in own]) for name, own in judged.items()}
    sets["train"] = np.concatenate(yardstick.train_patches)
    size = min(len(patches) for patches in sets.values())
    rng = np.random.default_rng(0)
    even = {name: patches[rng.permutation(len(patches))[:size]] for name, patches in sets.items()}
    print(f"\n(b) Frechet distance to the validation recordings ({size} patches each)")
    found = {}
    for name in ("train", "student", "text alone", "procedural", "noise"):
        found[f"frechet_{name.replace(' ', '_')}"] = distance = round(frechet(even[name], even["real"]), 2)
        print(f"{name:12s} {distance:8.2f}")
    return found


# ---- (c): time ----


def timing(student: Student, rng: Generator) -> dict[str, float]:
    tokens = features.tokens_for(4.0)
    frames = tokens * FRAMES_PER_TOKEN
    counts, followed = [], []
    for seed, text in enumerate(STRUCK * 3):
        asked = np.cumsum(rng.uniform(0.45, 1.1, 4))
        asked = [float(t) for t in asked if t < 3.8]
        track = features.track_of(asked, frames)
        counts.append(onsets_kept(student, Wish(text, tokens, seed, None, track)))
    for seed, text in enumerate(STEADY * 2):
        envelope = drawn_envelope(frames, rng)
        sound = evaluate.rendered(student, Wish(text, tokens, seed, envelope, None))
        followed.append(evaluate.envelope_correlation(envelope, sound))
    found = {"onset_f1": round(evaluate.f1(counts), 4), "envelope": round(float(np.mean(followed)), 4)}
    print(f"\n(c) onset F1 at 50 ms {found['onset_f1']:.3f}; envelope correlation {found['envelope']:.3f}")
    return found


def onsets_kept(student: Student, wish: Wish) -> tuple[int, int, int]:
    """Return what ``onset_f1`` counts; a sound the guard refused has none of its onsets."""
    assert wish.onsets is not None
    asked = features.onset_times_s(wish.onsets)
    try:
        return evaluate.onset_f1(asked, evaluate.rendered(student, wish))
    except LivefoleyError:
        return 0, len(asked), 0


def drawn_envelope(frames: int, rng: Generator) -> Floats:
    """Return a curve as somebody might draw it: a few points joined by lines, between -30 and 0 dB."""
    points = np.linspace(0, frames - 1, 7)
    return np.interp(np.arange(frames), points, rng.uniform(-30, 0, len(points))).astype(np.float32)


# ---- (d), (f): seams, seeds ----


def seams(student: Student) -> dict[str, float]:
    bed = student.bed("steady rain", 7)
    blocks: list[Floats] = []
    while sum(len(block) for block in blocks) < 60 * RATE:
        block = student.advance([bed])[0]
        if isinstance(block, LivefoleyError):
            raise block
        blocks.append(np.asarray(block.mean(axis=0), np.float32))
    sound = np.concatenate(blocks)[: 60 * RATE]
    first = student.spec.window_tokens / TOKENS_PER_S
    every = (student.spec.window_tokens - student.spec.past_tokens) / TOKENS_PER_S
    at_seams, elsewhere = evaluate.seam_outliers(sound, [float(t) for t in np.arange(first, 59.5, every)])
    print(f"\n(d) spectral flux where windows meet {at_seams:.2f} dB, elsewhere {elsewhere:.2f} dB")
    return {"seam_flux_db": round(at_seams, 3), "other_flux_db": round(elsewhere, 3)}


def diversity(student: Student) -> dict[str, float]:
    wish = [Wish("steady rain", 25, seed) for seed in (1, 1, 2)]
    first, again, other = (evaluate.rendered(student, one) for one in wish)
    repeats = bool(np.array_equal(first, again))
    apart = float(np.abs(features.mel_db(first) - features.mel_db(other)).mean())
    print(f"\n(f) the same seed repeats: {'yes' if repeats else 'NO'}; two seeds differ by {apart:.1f} dB a band")
    return {"repeats": float(repeats), "seeds_apart_db": round(apart, 2)}


# ---- pictures and the verdict ----


def sheets(judged: dict[str, list[Judged]], out: Path) -> None:
    """Save one picture per class: the real, the student in both languages, the procedural, from top to bottom."""
    out.mkdir(parents=True, exist_ok=True)
    for group in sorted({one.group for one in judged["student"]}):
        columns = [
            np.concatenate([picture(one.sound) for one in _rows(judged, group, name)], axis=0)
            for name in dict.fromkeys(one.label.name for one in judged["student"] if one.group == group)
        ]
        cv2.imwrite(str(out / f"{group}.png"), np.concatenate(columns[:4], axis=1))
    print(f"\nspectrograms: {out}/*.png (rows: real, English, Chinese, procedural; a column for each recording)")


def _rows(judged: dict[str, list[Judged]], group: str, name: str) -> list[Judged]:
    rows = []
    for source, count in (("real", 1), ("student", 2), ("procedural", 1)):
        rows += [one for one in judged[source] if one.group == group and one.label.name == name][:count]
    return rows


def picture(sound: Floats, seconds: float = 4.0) -> np.ndarray:
    """Return a mel spectrogram as an image, low bands at the bottom."""
    mel = features.mel_db(sound)[: round(seconds * FRAMES_PER_S)]
    mel = np.pad(mel, ((0, round(seconds * FRAMES_PER_S) - len(mel)), (0, 0)), constant_values=features.FLOOR_DB)
    grey = np.clip((mel.T[::-1] + 60) / 70 * 255, 0, 255).astype(np.uint8)
    return cv2.copyMakeBorder(cv2.applyColorMap(grey, cv2.COLORMAP_MAGMA), 2, 2, 2, 2, cv2.BORDER_CONSTANT)


def verdict(found: dict[str, float]) -> None:
    short = [f"{name} {found[name]:.2f} < {least:g}" for name, least in WANTED.items() if found[name] < least]
    if found["frechet_student"] >= found["frechet_procedural"]:
        short.append("not nearer to real sound than procedural synthesis")
    print("\n" + ("short of what is wanted: " + "; ".join(short) if short else "everything wanted is reached"))


if __name__ == "__main__":
    main()
