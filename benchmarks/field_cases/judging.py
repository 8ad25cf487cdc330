"""What the judges of cases share: what a case printed, and a verdict that gathers what is wrong."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """A case that has run: what it printed, the folder with what it made, and the checkout it ran against."""

    case: Path
    text: str
    work: Path
    checkout: Path
    live: bool = False

    def lines(self) -> list[str]:
        """Return the lines that say something."""
        return [line for line in self.text.splitlines() if line.strip()]


@dataclass(slots=True)
class Verdict:
    """A case passes when everything wanted of it was found; ``faults`` are the others, ``found`` is what to tell."""

    faults: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    wanted: int = 0

    def want(self, holds: bool, figure: str) -> None:
        """Want something to hold; ``figure`` is what was found."""
        self.wanted += 1
        (self.found if holds else self.faults).append(figure)

    @property
    def passes(self) -> bool:
        """Say whether something was wanted, and all of it holds."""
        return self.wanted > 0 and not self.faults

    @property
    def figure(self) -> str:
        """Return what decided, in a line: all that is wrong, or how much was wanted and some of what was found."""
        if self.faults:
            return f"{len(self.faults)} of {self.wanted}: " + "; ".join(dict.fromkeys(self.faults))
        found = list(dict.fromkeys(self.found))
        return f"all {self.wanted}: " + "; ".join([*found[1:4], *(["..."] if len(found) > 4 else [])])


Judge = Callable[[Ran, Verdict], None]


# ---- what tools/sim.py and tools/run_rtmp.py print ----


@dataclass(frozen=True, slots=True)
class Output:
    """A recording or an HLS part: its pictures that were sent, sound against picture, the stamps' spread, errors."""

    name: str
    found: int
    sent: int
    av_ms: float | None
    spread_ms: float | None
    sound: float | None
    errors: list[str]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A variant of a case that ran without a clock; ``told`` is what somebody is told of it."""

    told: str
    outputs: list[Output]


_HEAD = re.compile(r"-- (\S+): \d+ recording\(s\), .*?problem (.*), said (\[.*\]), \w+\(")
_OUTPUT = re.compile(
    r"   (\S+): pictures (\d+) of (\d+), A/V (\S+) ms, spread of the pictures (\S+) ms,"
    r" correlation of the sound (\S+), decode errors (\[.*\])"
)


def simulated(text: str) -> dict[str, Simulated]:
    """Return the variants that ``sim.py`` tells of."""
    made: dict[str, Simulated] = {}
    for line in text.splitlines():
        if head := _HEAD.match(line):
            problem, said = (ast.literal_eval(part) for part in head.group(2, 3))
            made[head[1]] = current = Simulated("; ".join([*([problem] if problem else []), *said]), [])
        elif found := _OUTPUT.match(line):
            numbers = [number(part) for part in found.group(4, 5, 6)]
            errors = decoders(ast.literal_eval(found[7]))
            current.outputs.append(Output(found[1], int(found[2]), int(found[3]), *numbers, errors))
    return made


def number(text: str) -> float | None:
    """Return a figure that may be ``None``."""
    return None if text == "None" else float(text)


def decoders(errors: list[str]) -> list[str]:
    """Return what decoders say; the muxer that throws their pictures away has nothing to complain about."""
    return [error for error in errors if not error.startswith(("[null @", "    Last message"))]


def whole(
    verdict: Verdict, name: str, made: Simulated | None, *, sound: float | None = 0.9, spread_ms: float = 1.0
) -> None:
    """Want all pictures in recordings and in HLS, as they were stamped, the sound with them, and no decode errors."""
    if made is None:
        verdict.want(False, f"{name}: did not run to its end")
        return
    for kind, outputs in _by_kind(made.outputs).items():
        sent = max((each.sent for each in outputs), default=0)
        found = sum(each.found for each in outputs)
        verdict.want(0 < sent <= found, f"{name} {kind}: {found} of {sent} pictures{told(made)}")
        for each in (each for each in outputs if each.found):
            _as_sent(verdict, f"{name} {kind}", each, sound, spread_ms)


def told(made: Simulated) -> str:
    """Return what was said, to be added to a figure."""
    return f" ({made.told[:80]})" if made.told else ""


def _by_kind(outputs: list[Output]) -> dict[str, list[Output]]:
    recordings = [each for each in outputs if "-hls" not in each.name]
    return {"recording": recordings, "HLS": [each for each in outputs if each not in recordings]}


def _as_sent(verdict: Verdict, name: str, made: Output, sound: float | None, spread_ms: float) -> None:
    spread = made.spread_ms
    verdict.want(spread is not None and spread <= spread_ms, f"{name}: stamps spread by {spread} ms")
    if sound is not None:
        verdict.want(made.av_ms is not None and abs(made.av_ms) <= 5, f"{name}: A/V {made.av_ms} ms")
        verdict.want((made.sound or 0) >= sound, f"{name}: sound {made.sound}")
    verdict.want(not made.errors, f"{name}: {made.errors[0][:60] if made.errors else 'decodes'}")


_LIVE = re.compile(
    r"-- (\S+): accepted (\S+), sent to the end (True|False).*?; pictures (\d+) of (\d+) .*?;"
    r" next publisher (\S+) of (\d+);"
)
_LIVE_FIGURES = re.compile(
    r"   A/V (\S+) ms, spread of the pictures (\S+) ms, correlation of the sound (\S+);"
    r" decode errors (.*), in the HLS parts (.*)"
)


def published(
    ran: Ran,
    verdict: Verdict,
    *variants: str,
    av_ms: float = 0.0,
    sound: Mapping[str, float | None] | None = None,
    spread: Mapping[str, float] | None = None,
) -> None:
    """Want of each variant that was published live: all pictures, at their stamps, their sound; the next one's, too.

    ``sound`` says how well that of a variant must correlate where some of it cannot be had (None: there is none), and
    ``spread`` how far its stamps may, in ms.
    """
    lines = ran.text.splitlines()
    seen = {match[1]: (match, at) for at, line in enumerate(lines) if (match := _LIVE.match(line))}
    verdict.want("alive True, exit 0, errors in the log: []" in ran.text, "it ran to its end without an error")
    for name in variants:
        figures = _LIVE_FIGURES.match(lines[seen[name][1] + 1]) if name in seen else None
        if figures is None:
            verdict.want(False, f"{name}: did not run to its end")
            continue
        _, accepted, to_the_end, found, sent, following, of = seen[name][0].groups()
        verdict.want(accepted == to_the_end == "True", f"{name}: accepted {accepted}, sent to the end {to_the_end}")
        verdict.want(0 < int(sent) == int(found), f"{name}: {found} of {sent} pictures")
        verdict.want(following == of, f"{name}: the next publisher's {following} of {of}")
        av, spread_ms, heard = (number(part) for part in figures.group(1, 2, 3))
        most, least = (spread or {}).get(name, 1.0), (sound or {}).get(name, 0.9)
        verdict.want(spread_ms is not None and spread_ms <= most, f"{name}: stamps spread by {spread_ms} ms")
        if least is not None:
            verdict.want(av is not None and abs(av - av_ms) <= 5, f"{name}: A/V {av} ms")
            verdict.want((heard or 0) >= least, f"{name}: sound {heard}")
        wrong = [error for part in figures.group(4, 5) for error in _errors(ast.literal_eval(part))]
        verdict.want(not wrong, f"{name}: {wrong[0][:60] if wrong else 'decodes'}")


def _errors(by_file: dict[Any, list[str]] | None) -> list[str]:
    return [error for errors in (by_file or {}).values() for error in decoders(errors)]


# ---- figures that a case does not print ----


def by_kit(ran: Ran, expression: str) -> Any:
    """Return what an expression of the media cases' kit gives, asked for in a process of its own."""
    tools = ran.case.parent / "tools"
    environment = {**os.environ, "CASE_WORK": str(ran.work), "LIVEFOLEY_SRC": str(ran.checkout)}
    environment["PYTHONPATH"] = os.pathsep.join([str(tools), str(ran.checkout)])
    script = f"import json, kit\nfrom kit import *\nprint(json.dumps({expression}, default=str))"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {}
