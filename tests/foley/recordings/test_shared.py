"""Recordings of free licence beside the repository, as an operator's folder: found by free words, or refused."""

from __future__ import annotations

import csv
import shutil

import pytest

from livefoley.foley.bank.library import Library
from livefoley.foley.chain import Refusal
from livefoley.foley.recordings.finder import Finder
from livefoley.foley.student.embed import TextEncoder
from tests.support.peers import shared

CAPTIONS = (
    *(
        "a dog barks a few times",
        "a rooster crows",
        "a baby cries",
        "a helicopter flying overhead",
        "a chainsaw running",
    ),
    *("steady rain", "sea waves rolling in", "a fire crackling", "a clock ticking", "gong hit", "glass shattering"),
    *("footstep on gravel", "pistol shot", "thunder clap rolling away", "blade cutting into flesh", "snare drum hit"),
)


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory, encoder: TextEncoder) -> Finder:
    """One recording of each caption that has one of free licence."""
    manifest = shared("sounds/manifest.csv")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["licence"] in ("CC0-1.0", "PD")]
    chosen = list({row["caption_en"]: row for row in rows if row["caption_en"] in CAPTIONS}.values())
    at = tmp_path_factory.mktemp("shared")
    for row in chosen:
        target = at / "in" / row["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(manifest.parent / row["path"], target)
    with (at / "in" / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(chosen[0]))
        writer.writeheader()
        writer.writerows(chosen)
    report = Library.add(at / "in", at / "library")
    assert (len(report.added), report.problems) == (len(chosen), ())
    return Finder([Library(at / "library")], encoder)


@pytest.mark.parametrize(
    ("words", "category"),
    [
        ("a dog is barking", "ANIMALS"),
        ("直升飞机飞过头顶", "AIRCRAFT"),
        ("宝宝哇哇大哭", "HUMAN"),
        ("挂钟滴滴答答", "CLOCKS"),
        ("篝火烧得噼啪响", "FIRE"),
        ("walking on gravel", "FOOTSTEPS"),
        ("淅淅沥沥的雨", "RAIN"),
    ],
)
def test_free_words_find_what_is_filed_there(finder: Finder, words: str, category: str) -> None:
    found = finder.find(words)
    assert not isinstance(found, Refusal), found
    assert found[0].entry.category == category


@pytest.mark.parametrize("words", ["切菜声", "扫地的声音", "mahjong tiles shuffled", "a violin solo", "打羽毛球"])
def test_likeness_alone_finds_nothing(finder: Finder, words: str) -> None:
    assert isinstance(finder.find(words), Refusal)
