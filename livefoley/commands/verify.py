"""``livefoley verify FILE``: what marks a sound or video file carries, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from livefoley.commands.console import show as show_table
from livefoley.core.errors import InputError, reason
from livefoley.core.ticks import TICK_RATE
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.detect import Verdict, detect
from livefoley.marks.labels import Labels, read_labels
from livefoley.marks.provenance import Provenance, read_provenance

MAX_S = 600
"""How much of a file is listened to, from its beginning."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a file carries. ``mark`` is None when it has no sound."""

    labels: Labels
    mark: Verdict | None
    provenance: Provenance

    @property
    def generated(self) -> bool:
        """Say whether any of the marks tells of generated sound."""
        heard = self.mark is not None and self.mark.found
        return self.labels.ai_generated or heard or (self.provenance.generated and self.provenance.state != "invalid")

    def disagreement(self) -> str:
        """Return how the marks contradict each other, a line; empty when they do not."""
        told = {
            "the labels name": self.labels.content_id[:ID_DIGITS],
            "the watermark is of": (self.mark.content_id if self.mark else None) or "",
            "the manifest names": self.provenance.mark,
        }
        named = {what: name for what, name in told.items() if name}
        return ", ".join(f"{what} {name}" for what, name in named.items()) if len(set(named.values())) > 1 else ""


def examine(path: Path) -> Marks:
    """Look at a file. Raises ``InputError`` for what is no sound or video file."""
    labels = read_labels(path)
    sound = _sound(path)
    return Marks(labels, detect(sound, TICK_RATE) if sound.size else None, read_provenance(path))


def _sound(path: Path) -> NDArray[np.float32]:
    """Return the first track's sound, mono, ``[n]``; empty when there is none."""
    resampler = av.AudioResampler("fltp", "mono", TICK_RATE)
    pieces: list[NDArray[np.float32]] = []
    left = MAX_S * TICK_RATE
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            for frame in container.decode(audio=0) if container.streams.audio else ():
                for made in resampler.resample(frame):
                    pieces.append(made.to_ndarray()[0].astype(np.float32))
                    left -= made.samples
                if left <= 0:
                    break
    except (av.FFmpegError, OSError) as error:
        if not pieces:
            raise InputError(f"{path}: cannot be decoded ({reason(error)})") from None
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def show(path: Path, out: Console) -> bool:
    """Print what a file carries; return whether it is marked as generated."""
    marks = examine(path)
    table = Table(box=None, pad_edge=False)
    for heading in ("mark", "", "what it says"):
        table.add_column(heading, overflow="fold")
    for row in (_label_row(marks.labels), _mark_row(marks.mark), _provenance_row(marks.provenance)):
        table.add_row(*row)
    show_table(table)
    if disagreement := marks.disagreement():
        out.print(f"[bold red]the marks contradict each other:[/] {escape(disagreement)}", highlight=False)
    said = "[green]marked as generated[/]" if marks.generated else "[yellow]no mark of generated sound[/]"
    out.print(f"{escape(path.name)}: {said}", highlight=False)
    return marks.generated


def _label_row(labels: Labels) -> tuple[str, str, str]:
    if not labels.ai_generated:
        return "container labels", "[dim]none[/]", ""
    aigc = "with AIGC (GB 45438)" if labels.aigc else "without AIGC (GB 45438)"
    return "container labels", "[green]yes[/]", escape(f"{labels.provider}, {labels.content_id}, {aigc}")


def _mark_row(mark: Verdict | None) -> tuple[str, str, str]:
    if mark is None:
        return "watermark", "[dim]none[/]", "no sound in it"
    figures = f"score {mark.score:.1f}, {mark.threshold:.1f} needed"
    if not mark.found:
        return "watermark", "[dim]none[/]", figures
    name = mark.content_id or "id unreadable"
    return "watermark", "[green]yes[/]", f"{name}, {figures}, false alarm below {max(mark.false_alarm, 1e-300):.0e}"


def _provenance_row(provenance: Provenance) -> tuple[str, str, str]:
    colour = {"trusted": "green", "valid": "green", "invalid": "bold red"}.get(provenance.state, "dim")
    told = [provenance.signer, provenance.mark, *provenance.problems]
    return "C2PA manifest", f"[{colour}]{provenance.state}[/]", escape(", ".join(filter(None, told)))
