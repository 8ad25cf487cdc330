"""What the demo shows at its end: measures of what came out, a picture of it, a table, and where to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from livefoley.core.cues import Stereo
from livefoley.core.errors import LivefoleyError
from livefoley.core.ticks import ticks_from_s
from livefoley.demo import measure, spectrogram
from livefoley.demo.clip import DemoClip
from livefoley.demo.measure import OnsetMatch, PictureMatch
from livefoley.demo.recording import read_pictures, read_sound

SYNC_TARGET_MS = 20.0
OFFSET_TARGET_MS = 2.0
STUDENT_TARGET_S = 1.5


class DemoError(LivefoleyError):
    """The demo ran, but what came out is not what it should be."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the sidecar's recordings are: the programme and the generated sound alone."""

    programme: Path
    stem: Path


@dataclass(frozen=True, slots=True)
class Result:
    """Everything measured. Offsets in ms, late is positive; ``cpu_share`` in cores."""

    pictures: PictureMatch
    offset_ms: float
    drift_ms_per_minute: float
    onsets: OnsetMatch
    ducking_db: float
    lookahead_s: float
    cues: dict[tuple[str, str], int]
    dropped_units: int
    cpu_share: float
    beds: dict[str, int] = field(default_factory=dict)  # half seconds of ambience by who made them
    made: dict[tuple[str, str], int] = field(default_factory=dict)  # sounds by kind and who made them
    student: str = ""  # its model; empty without one
    student_p99_s: float = 0.0
    student_late: int = 0

    def cue_count(self, outcome: str, kind: str = "") -> int:
        """Return how many cues (of a kind) came to an outcome."""
        return sum(n for (found, what), n in self.cues.items() if what == outcome and kind in ("", found))


def evaluate(clip: DemoClip, out: Outputs, room: dict[str, Any], cpu_share: float, picture: Path) -> Result:
    """Measure the recordings against the clip and draw the ``picture``; ``room`` is the sidecar's last snapshot.

    Raises ``InputError`` for a recording that cannot be read, ``DemoError`` when its picture is not the clip's.
    """
    pictures = measure.match_pictures(read_pictures(clip.path), read_pictures(out.programme))
    if not pictures.equal:
        raise DemoError(f"{out.programme}: none of the clip's pictures came out; nothing could be measured")
    source, programme, stem = (read_sound(path) for path in (clip.path, out.programme, out.stem))
    sent, came = measure.mono(source), measure.mono(programme)
    shift_s = measure.sound_shift_s(sent, came, around_s=pictures.shift_s)
    local = measure.local_shifts_s(sent, came, clip.speech_s, shift_s)
    stem_s = measure.sound_shift_s(measure.mono(stem), came)
    onsets = measure.find_onsets_s(stem) + (stem_s - pictures.shift_s)
    shown = (onsets > 0.1) & (onsets < clip.seconds)
    panels = (
        ("before: what the publisher sent", source),
        ("after: what the audience gets", _later(programme, pictures.shift_s)),
        ("what livefoley laid under it (the stem)", _later(stem, pictures.shift_s - stem_s)),
    )
    spectrogram.draw(picture, panels, clip.seconds, [contact.s for contact in clip.contacts], clip.speech_s)
    return Result(
        pictures=pictures,
        offset_ms=1000 * (shift_s - pictures.shift_s),
        drift_ms_per_minute=measure.drift_ms_per_minute(local),
        onsets=measure.match_onsets(onsets[shown], [contact.s for contact in clip.contacts]),
        ducking_db=measure.ducking_db(stem, clip.speech_s, pictures.shift_s - stem_s),
        lookahead_s=float(room["lookahead_s"]),
        cues={(cue["kind"], cue["outcome"]): int(cue["count"]) for cue in room["cues"]},
        dropped_units=int(room["dropped_units"]),
        cpu_share=cpu_share,
        beds={each["source"]: int(each["count"]) for each in room["sounds"] if each["kind"] == "bed"},
        made={(each["kind"], each["source"]): int(each["count"]) for each in room["sounds"] if each["kind"] != "bed"},
        student=room["student"]["model"],
        student_p99_s=float(room["student"]["latency_s"]["p99"]),
        student_late=int(room["student"]["late"]),
    )


def _later(sound: Stereo, shift_s: float) -> Stereo:
    return sound[:, max(0, ticks_from_s(shift_s)) :]


def table(result: Result) -> Table:
    """Return the figures as a table; what should be otherwise is red."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("what", "measured", "should be"):
        shown.add_column(heading, overflow="fold")
    for what, value, target, good in _rows(result):
        colour = "green" if good else "red"
        shown.add_row(what, f"[{colour}]{value}[/]", target)
    return shown


def _rows(result: Result) -> list[tuple[str, str, str, bool]]:
    pictures, onsets = result.pictures, result.onsets
    laid, late = result.cue_count("laid", "action"), result.cue_count("missed") + result.cue_count("dropped")
    found = len(onsets.errors_s)
    return [
        ("latency (the look-ahead)", f"{result.lookahead_s:.1f} s", "as configured", True),
        (
            "video payloads, out as they came in",
            f"{pictures.equal} of {pictures.sent}",
            "all",
            pictures.equal == pictures.sent,
        ),
        (
            "host's voice against the picture",
            f"{result.offset_ms:+.2f} ms, drift {result.drift_ms_per_minute:+.2f} ms a minute",
            f"within {OFFSET_TARGET_MS:.0f} ms",
            abs(result.offset_ms) <= OFFSET_TARGET_MS,
        ),
        (
            "generated sound against its frame",
            f"half within {onsets.error_ms(50):.0f} ms, 95 % within {onsets.error_ms(95):.0f} ms",
            f"95 % within {SYNC_TARGET_MS:.0f} ms",
            onsets.error_ms(95) <= SYNC_TARGET_MS,
        ),
        ("contacts that got a sound", f"{found} of {found + len(onsets.missed_s)}", "most", onsets.recall > 0.5),
        (
            "action sounds laid",
            f"{laid}, of these {len(onsets.false_s)} without a contact",
            "few without",
            onsets.precision > 0.5,
        ),
        ("generated sound under the voice", f"{result.ducking_db:+.1f} dB", "about -8 dB", result.ducking_db < -4.0),
        *_student_rows(result),
        ("sounds that came too late", f"{late}", "0", late == 0),
        ("packets dropped", f"{result.dropped_units}", "0", result.dropped_units == 0),
        ("processor, everything on", f"{result.cpu_share:.2f} of a core", "", True),
    ]


def _student_rows(result: Result) -> list[tuple[str, str, str, bool]]:
    if not result.student:
        return [("ambience", "synthesised: there are no weights here for a student", "", True)]
    rows = [("ambience by", ", ".join(f"{source} {share:.0%}" for source, share in _shares(result)), "", True)]
    heard = sum(count for (_, source), count in result.made.items() if source == "student")
    rows.append((f"sounds by {result.student}", f"{heard} of 2 accents, a dog and a rooster", "some", heard > 0))
    if result.student_p99_s:
        latency = f"99 % within {result.student_p99_s:.2f} s, {result.student_late} too late"
        in_time = result.student_p99_s <= STUDENT_TARGET_S
        rows.append(("from asking it to having", latency, f"within {STUDENT_TARGET_S:g} s", in_time))
    return rows


def _shares(result: Result) -> list[tuple[str, float]]:
    """Return who made the ambience, and of how much of the time, most first."""
    whole = sum(result.beds.values()) or 1
    return sorted(((source, count / whole) for source, count in result.beds.items()), key=lambda pair: -pair[1])


def show(result: Result, directory: Path, console: Console) -> None:
    """Print the table and where to look."""
    console.print()
    console.print(table(result))
    console.print()
    for name, what in (
        ("demo.mp4", "watch it: rain, and every hit with its sound"),
        ("demo-source.mp4", "what was published, to compare"),
        ("spectrogram.png", "before and after, as a picture"),
        ("demo.stem.m4a", "the generated sound alone"),
        ("demo.yaml", "the configuration; `livefoley run` takes it"),
        ("hls/index.m3u8", "the same as HLS; `livefoley demo --serve` keeps it running"),
    ):
        console.print(f"  [bold]{directory / name}[/]  {what}", highlight=False, soft_wrap=True)


def require_sound(result: Result, log: Path) -> None:
    """Raise ``DemoError`` when no sound was found in sync with a movement: then the demo has shown nothing."""
    if not result.onsets.errors_s:
        late = result.cue_count("missed") + result.cue_count("dropped")
        why = f": {late} came too late, for the machine was too busy; run it again when it is less so" if late else ""
        raise DemoError(
            f"no generated sound was found at any movement of the clip{why}; "
            f"see {log}, and `livefoley doctor` for what this machine lacks"
        )
