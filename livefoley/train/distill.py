"""Teaches a fitted student to arrive in one, two or four steps, guidance included: it learns from itself.

Progressive distillation (Salimans and Ho 2022) over spans of any of the three schedules at once: a copy of the fitted
network follows the flow in small, guided steps across a span; the student, told the span, learns to jump it. Guidance
is part of what it copies, so at run time one evaluation a step does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from livefoley.foley.student import sampler
from livefoley.train import rectified_flow
from livefoley.train.corpus.batches import Batch, Batches
from livefoley.train.fit import follow_average, load_student, opened
from livefoley.train.network import Student

KINDS = (1, 2, 4)
"""Steps of the schedules it learns; a span of a shorter schedule is a longer jump."""
_FEWEST_MOMENTS = 2
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to distil."""

    minutes: float = 20.0
    tokens: int = 800
    rate: float = 3e-4
    guidance: float = 2.0
    average: float = 0.99
    moments: int = 6  # the teacher's steps across a whole flow; fewer across a part of it
    seed: int = 0
    keep_every_s: float = 180.0


class Distillation:
    """One run; ``average`` is what is exported."""

    def __init__(self, corpus: Path, checkpoint: Path, out: Path, plan: Plan, report: Report) -> None:
        self.plan, self._out, self._report = plan, out, report
        kept = opened(corpus)
        self.teacher, info = load_student(checkpoint, kept.basis)
        self.network, _ = load_student(checkpoint, kept.basis)
        self.average, _ = load_student(checkpoint, kept.basis)
        self._size = str(info["size"])
        self._batches = Batches(kept, plan.tokens, seed=plan.seed + 77)
        self._power = torch.from_numpy(kept.basis.power)
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0
        )
        self._losses: list[float] = []
        self.step, self.spent_s = 0, 0.0
        self._resume()

    def run(self) -> None:
        """Distil until the time is up, over all resumptions."""
        saved = time.monotonic()
        while self.spent_s < 60 * self.plan.minutes:
            before = time.monotonic()
            self._losses.append(self.learn())
            self.spent_s += time.monotonic() - before
            if self.step % 20 == 0:
                mean = sum(self._losses) / len(self._losses)
                self._report(f"step {self.step} loss {mean:.4f} at {self.spent_s / 60:.1f} min")
                self._losses.clear()
            if time.monotonic() - saved > self.plan.keep_every_s:
                self.save()
                saved = time.monotonic()
        self.save()

    def learn(self) -> float:
        """Take one step; returns its loss."""
        done = min(1.0, self.spent_s / (60 * self.plan.minutes)) if self.plan.minutes else 0.0
        for group in self._optimiser.param_groups:
            group["lr"] = self.plan.rate * min(1.0, (self.step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * done))
        generator = torch.Generator().manual_seed(self.plan.seed * 7_000_003 + self.step)
        loss = self.loss(self._batches.batch(self.step, 1.0), generator)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.step += 1
        follow_average(self.average, self.network, min(self.plan.average, self.step / (self.step + 10)))
        return float(loss.detach())

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the weighted squared error of the student's jump over one span against the teacher's way across it."""
        times = sampler.schedule(KINDS[self.step % len(KINDS)])
        place = int(torch.randint(len(times) - 1, (1,), generator=generator))
        start, end = times[place], times[place + 1]
        noise = torch.randn(batch.latents.shape, generator=generator)
        noisy = torch.lerp(noise, batch.latents, start)
        arrived = rectified_flow.follow(self.teacher, noisy, batch, self._moments(start, end), self.plan.guidance)
        wanted = noisy + (1.0 - start) / (end - start) * (arrived - noisy)
        time_, span = torch.full((len(noisy),), start), torch.full((len(noisy),), end - start)
        estimate, _ = self.network(noisy, time_, span, *batch.told())
        error = ((estimate - wanted) ** 2 * self._power).mean(dim=-1) * batch.counts
        return error.sum() / batch.counts.sum().clamp(min=1.0) / (1.0 - start)

    def _moments(self, start: float, end: float) -> list[float]:
        count = max(_FEWEST_MOMENTS, round(self.plan.moments * (end - start)))
        return [start + (end - start) * t for t in sampler.schedule(count)]

    def save(self) -> None:
        """Write a checkpoint that ``train export`` takes, and from which the same command goes on."""
        self._out.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "spent_s": self.spent_s,
            "plan": {"size": self._size, "guidance": self.plan.guidance, "distilled": True},
        }
        torch.save(state, self._out / "last.pt.part")
        (self._out / "last.pt.part").replace(self._out / "last.pt")

    def _resume(self) -> None:
        if not (self._out / "last.pt").exists():
            return
        state = torch.load(self._out / "last.pt", map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent_s = state["step"], state["spent_s"]
        self._report(f"going on from step {self.step}")


def run(corpus: Path, checkpoint: Path, out: Path, plan: Plan, threads: int = 0, report: Report = print) -> Student:
    """Distil as the command line asks; returns the averaged student."""
    if threads:
        torch.set_num_threads(threads)
    distillation = Distillation(corpus, checkpoint, out, plan, report)
    distillation.run()
    return distillation.average
