"""Whether the student does as it is told in time: onsets, envelopes, seams and seeds.

(a) onsets asked for at random times: F1 within 50 ms; envelopes drawn at random: correlation of level in dB.
(b) seams: spectral flux where windows meet over 60 s of a bed, against the flux elsewhere (90th percentiles).
(c) one seed repeats to the bit; two seeds differ.

    python benchmarks/curves.py [--model nano] [--steps N]

What it sounds like is another question: ``quality.py``.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from common import print_result
from numpy.random import Generator

from livefoley.core.errors import LivefoleyError
from livefoley.foley.student import features
from livefoley.foley.student.features import FRAMES_PER_TOKEN, RATE, TOKENS_PER_S, Floats
from livefoley.foley.student.student import Student, Wish, open_student
from livefoley.train import evaluate

STRUCK = ("a dog bark", "a door closing", "one hand clap", "a footstep on wood", "a drum hit", "敲门", "鼓声", "枪声")
"""Sounds with a beginning, for (a)."""
STEADY = ("steady rain", "sea waves rolling in", "a fire crackling", "风声", "a helicopter flying overhead", "雨声")
WANTED = {"onset_f1": 0.9, "envelope": 0.9}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how the student follows times and levels.")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--steps", type=int, default=None, help="evaluations a sound")
    arguments = parser.parse_args()
    try:
        student = open_student(arguments.model, "cpu", steps=arguments.steps)
    except LivefoleyError as error:
        sys.exit(f"error: {error}")
    print(f"{student.spec.name} ({student.spec.precision}), {student.steps} steps, guidance {student.spec.guidance:g}")
    found = timing(student, np.random.default_rng(1)) | seams(student) | diversity(student)
    short = [f"{name} {found[name]:.2f} < {least:g}" for name, least in WANTED.items() if found[name] < least]
    print("\n" + ("short of what is wanted: " + "; ".join(short) if short else "everything wanted is reached"))
    name = "onsets asked of the student that are heard within 50 ms"
    print_result(name, found["onset_f1"], "F1", None, WANTED["onset_f1"], not short)


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
    print(f"\n(a) onset F1 at 50 ms {found['onset_f1']:.3f}; envelope correlation {found['envelope']:.3f}")
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
    print(f"\n(b) spectral flux where windows meet {at_seams:.2f} dB, elsewhere {elsewhere:.2f} dB")
    return {"seam_flux_db": round(at_seams, 3), "other_flux_db": round(elsewhere, 3)}


def diversity(student: Student) -> dict[str, float]:
    wish = [Wish("steady rain", 25, seed) for seed in (1, 1, 2)]
    first, again, other = (evaluate.rendered(student, one) for one in wish)
    repeats = bool(np.array_equal(first, again))
    apart = float(np.abs(features.mel_db(first) - features.mel_db(other)).mean())
    print(f"\n(c) the same seed repeats: {'yes' if repeats else 'NO'}; two seeds differ by {apart:.1f} dB a band")
    return {"repeats": float(repeats), "seeds_apart_db": round(apart, 2)}


if __name__ == "__main__":
    main()
