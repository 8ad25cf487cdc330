"""A film without a description sounds like the places it shows, scene by scene, and says so in its report."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from livefoley.commands.render import render_file
from livefoley.core.cues import CueKind
from tests.support.peers import require, shared
from tests.support.waiting import LIMIT_S

SCENES = ("cars_from_above", "cars_from_above", "bottles_by_hand", "friday")
LASTS_S = (10.0, 10.0, 10.0, 6.0)
TABLE_S, COUNTER_S = 20.0, 30.0  # scenes that show no street


def glued(place: Path) -> Path:
    """Return a film of four scenes, two of them in one place."""
    given = [each for name in SCENES for each in ("-i", str(shared(f"footage/{name}.mp4")))]
    scenes = "".join(f"[{n}:v]trim=0:{s},scale=640:360,setsar=1,fps=25[v{n}];" for n, s in enumerate(LASTS_S))
    joined = "".join(f"[v{n}]" for n in range(len(SCENES)))
    graph = f"{scenes}{joined}concat=n={len(SCENES)}:v=1"
    film = place / "film.mp4"
    command = [require("ffmpeg"), "-v", "error", *given, "-filter_complex", graph, "-g", "50", str(film)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return film


def rendered(film: Path, describe: str, place: Path) -> dict[str, Any]:
    """Return the report of a render."""
    render_file(
        film,
        describe,
        place / "out.wav",
        stem=None,
        report=place / "report.json",
        seed=0,
        force=True,
        console=Console(file=io.StringIO()),
        student=False,
    )
    told: dict[str, Any] = json.loads((place / "report.json").read_text())
    return told


def test_the_ambience_changes_once_a_scene_and_what_lasts_stays_in_its_own(tmp_path: Path) -> None:
    told = rendered(glued(tmp_path), "", tmp_path)
    places = told["places"]
    assert [each["place"] for each in places] == ["street", ""]
    assert places[0]["at_s"] in (0.0, pytest.approx(10.0, abs=0.2))  # from the first or the second scene on, wholly
    assert min(abs(places[1]["at_s"] - begin_s) for begin_s in (TABLE_S, COUNTER_S)) < 0.2
    lasting = [each for each in told["sounds"] if each["kind"] == CueKind.LASTING]
    assert {each["name"].rpartition("_")[0] for each in lasting} == {"VEHCar_Drive"}
    assert max(each["at_s"] for each in lasting) < TABLE_S


def test_a_place_that_is_described_overrides_the_pictures(tmp_path: Path) -> None:
    assert rendered(shared("footage/cars_from_above.mp4"), "rain on a window", tmp_path)["places"] == []
