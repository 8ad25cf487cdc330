"""Fits the student to a corpus: seeded, resumable at any step, on one CPU or many GPUs by the same code.

Lightning Fabric places the network and the batches; the schedule is by time or by steps, whichever is given. A
checkpoint holds the network, its running average (which is what is exported), the optimiser and the step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import nn

from livefoley.core.errors import InputError
from livefoley.train import rectified_flow, samples
from livefoley.train.alignment import Alignment
from livefoley.train.corpus.batches import Batches
from livefoley.train.corpus.latents import Basis
from livefoley.train.corpus.prepare import Corpus
from livefoley.train.network import SIZES, Student

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to fit. ``minutes`` 0: until ``steps``; else the learning rate falls so that it ends with the time."""

    size: str = "nano"
    steps: int = 0
    minutes: float = 0.0
    tokens: int = 800  # a batch, over its clips
    rate: float = 1e-3
    warm_up: int = 200
    average: float = 0.998
    seed: int = 0
    emphasis: tuple[str, ...] = ()  # groups to draw more often
    keep_every_s: float = 180.0
    sample_every_s: float = 1200.0


class Fit:
    """One run: what is trained, and where it stands."""

    def __init__(self, corpus: Corpus, plan: Plan, directory: Path, fabric: Fabric, report: Report = print) -> None:
        self.plan = plan
        self.directory = directory
        self.step = 0
        self.spent_s = 0.0
        self._corpus = corpus
        self._fabric = fabric
        self._report = report
        torch.manual_seed(plan.seed)
        network = Student(SIZES[plan.size], corpus.basis)
        self.average = Student(SIZES[plan.size], corpus.basis)
        self.average.load_state_dict(network.state_dict())
        seen = corpus.seen.shape[1]
        alignment = Alignment(SIZES[plan.size].width, seen) if seen else None
        learning = [*network.parameters(), *(alignment.parameters() if alignment is not None else ())]
        optimiser = torch.optim.AdamW(learning, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        self.network, self.optimiser = fabric.setup(network, optimiser)
        self.alignment = None if alignment is None else fabric.setup_module(alignment)
        if alignment is not None:
            alignment.listen(network.blocks)
        fabric.to_device(self.average)
        self._power = fabric.to_device(torch.from_numpy(corpus.basis.power))
        self._batches = Batches(corpus, plan.tokens, seed=plan.seed + 1000 * fabric.global_rank, emphasis=plan.emphasis)

    @property
    def checkpoint(self) -> Path:
        """Where the latest state lies."""
        return self.directory / "last.pt"

    def resume(self) -> bool:
        """Go on from the latest checkpoint; False when there is none."""
        if not self.checkpoint.exists():
            return False
        state: dict[str, Any] = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        _plain(self.network).load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        if self.alignment is not None:
            _plain(self.alignment).load_state_dict(state["alignment"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent_s = state["step"], state["spent_s"]
        return True

    def save(self, name: str = "last.pt") -> None:
        """Write a checkpoint; an interrupted write leaves the older one."""
        if not self._fabric.is_global_zero:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        partial = self.directory / f"{name}.part"
        torch.save(
            {
                "network": _plain(self.network).state_dict(),
                "average": self.average.state_dict(),
                "alignment": {} if self.alignment is None else _plain(self.alignment).state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "spent_s": self.spent_s,
                "plan": asdict(self.plan),
                "basis": {"forward": torch.from_numpy(self._corpus.basis.forward), "latent": self._corpus.basis.latent},
            },
            partial,
        )
        partial.replace(self.directory / name)

    def progress(self) -> float:
        """How much of the plan is done, 0..1."""
        if self.plan.minutes:
            return min(1.0, self.spent_s / (60 * self.plan.minutes))
        return min(1.0, self.step / max(1, self.plan.steps))

    def run(self, until_s: float = math.inf) -> float:
        """Fit until the plan is done or ``until_s`` seconds have gone; returns the mean loss of the last stretch."""
        started = last_saved = last_sampled = time.monotonic()
        stretch: list[float] = []
        mean = math.nan
        while self.progress() < 1.0 and time.monotonic() - started < until_s:
            before = time.monotonic()
            stretch.append(self._one_step())
            self.spent_s += time.monotonic() - before
            if self.step % 25 == 0:
                mean = sum(stretch) / len(stretch)
                self._report(
                    f"step {self.step} loss {mean:.4f} at {self.spent_s / 60:.1f} min, rate {self._rate():.2e}"
                )
                stretch.clear()
            if time.monotonic() - last_saved > self.plan.keep_every_s:
                self.save()
                last_saved = time.monotonic()
            if time.monotonic() - last_sampled > self.plan.sample_every_s:
                self._sample()
                last_sampled = time.monotonic()
        self.save()
        return mean

    def _sample(self) -> None:
        if self._fabric.is_global_zero:
            sheet = samples.write(
                self.average, self._corpus, self.directory / "samples", self.step, self._fabric.device
            )
            self._report(f"samples: {sheet}")

    def _one_step(self) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        batch = self._batches.batch(self.step, self.progress()).to(self._fabric.device)
        generator = torch.Generator().manual_seed(
            self.plan.seed * 1_000_003 + self.step + 7919 * self._fabric.global_rank
        )
        loss = rectified_flow.loss(self.network, batch, self._power, generator)
        if self.alignment is not None:
            loss = loss + self.alignment(batch)
        self._fabric.backward(loss)
        self._fabric.clip_gradients(self.network, self.optimiser, max_norm=1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        follow_average(self.average, _plain(self.network), min(self.plan.average, self.step / (self.step + 10)))
        return float(loss.detach())

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / self.plan.warm_up)
        return self.plan.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.progress())))


def run(
    corpus: Path,
    out: Path,
    plan: Plan,
    devices: int = 1,
    threads: int = 0,
    precision: str = "32-true",
    stop_after_s: float = 0.0,
    report: Report = print,
) -> Fit:
    """Fit as the command line asks: resume if there is something to resume, and go on until done or stopped."""
    if threads:
        torch.set_num_threads(threads)
    kept = opened(corpus)
    fabric = Fabric(devices=devices, precision=precision)
    fabric.launch()
    fitting = Fit(kept, plan, out, fabric, report if fabric.is_global_zero else lambda _: None)
    if fitting.resume():
        report(f"going on from step {fitting.step}")
    fitting.run(stop_after_s or math.inf)
    return fitting


def opened(corpus: Path) -> Corpus:
    """Return the corpus of a folder. Raises ``InputError`` when it is none."""
    try:
        return Corpus(corpus)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{corpus}: is no corpus made by `livefoley train prepare` ({error})") from error


def _plain(network: nn.Module) -> nn.Module:
    module = getattr(network, "module", network)
    return module if isinstance(module, nn.Module) else network


@torch.no_grad()
def follow_average(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the running average towards the network."""
    mine = list(average.parameters())
    theirs = [p.detach() for p in network.parameters()]
    torch._foreach_lerp_(mine, theirs, 1.0 - keep)


def load_student(checkpoint: Path, basis: Basis) -> tuple[Student, dict[str, Any]]:
    """Return the averaged network of a checkpoint, ready to evaluate, and what else the checkpoint says."""
    state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = Student(SIZES[state["plan"]["size"]], basis)
    network.load_state_dict(state["average"])
    return network.eval(), {"step": state["step"], "spent_s": state["spent_s"], **state["plan"]}
