"""A folder with a manifest is taken in under any names, as far as its licences allow it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from livefoley.core.errors import BankError
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.bank.library import INDEX, Library
from livefoley.foley.recordings import licences, manifest
from livefoley.foley.recordings.takes import Take, is_steady, takes_of

from . import pack


def test_what_a_manifest_tells_is_kept(library: Library) -> None:
    entry = next(each for each in library.entries if each.cat_id == "DOORKnck")
    assert entry.captions == ("knocking on a wooden door", "敲木门")
    assert str(entry.credit) == "knocking on a wooden door by A. Recordist (CC0-1.0)"
    assert {each.category for each in library.entries} == {"DOORS", "BELLS", "GLASS", "COMPUTERS", "RAIN"}


def test_hits_inside_of_a_recording_are_cut_apart(library: Library) -> None:
    entry = next(each for each in library.entries if each.cat_id == "DOORKnck")
    onsets_s = [take.onset / 48000 for take in entry.hits]
    assert np.diff(onsets_s) == pytest.approx([1.0, 1.0], abs=0.01)
    assert all(take.start <= take.onset < take.end for take in entry.hits)
    assert entry.hits[-1].end == entry.samples, "the last one's tail is whole"


def test_what_is_single_stays_whole_and_rain_is_steady(library: Library) -> None:
    gong = next(each for each in library.entries if each.title == "gong hit")
    assert gong.hits == (Take(0, gong.onset, gong.samples),)
    assert [each.steady for each in library.entries if each.category == "RAIN"] == [True] * 3
    assert not gong.steady
    assert not is_steady(pack.effect("WOODImpt_Block"))


def test_a_knock_and_its_echo_are_one_take() -> None:
    hit = pack.effect("WOODImpt_Block")
    both = np.zeros((2, hit.shape[1] + 9600), np.float32)
    both[:, : hit.shape[1]] += hit
    both[:, 9600 : 9600 + hit.shape[1]] += 0.4 * hit
    assert len(takes_of(both, 0)) == 1


def test_a_side_that_is_the_others_opposite_is_turned(tmp_path: Path) -> None:
    rain = pack.rain(4.0, 0)
    told = pack.write(tmp_path / "in", "x.flac", np.stack((rain[0], -rain[0])), {"caption_en": "rain"})
    pack.write_manifest(tmp_path / "in", [told])
    Library.add(tmp_path / "in", tmp_path / "bank")
    library = Library(tmp_path / "bank")
    left, right = library.read(library.entries[0])
    assert float(left @ right) > 0


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("CC0-1.0", True),
        ("PD", True),
        ("CC-BY-4.0", True),
        ("MIT", True),
        ("CC BY-SA 4.0", True),
        ("CC-BY-NC-4.0", False),
        ("Attribution NonCommercial 3.0", False),
        ("CC-BY-ND-2.0", False),
        ("CC BY-NC-ND 4.0", False),
        ("Sampling+", False),
        ("All rights reserved", False),
        ("PDQ", False),
        ("", False),
    ],
)
def test_licences_that_forbid_trade_or_change_are_told(licence: str, allowed: bool) -> None:
    assert (licences.objection(licence) == "") is allowed


def test_a_forbidding_licence_costs_its_sound_unless_it_is_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "in"
    rows = [
        pack.write(source, f"{k}.flac", pack.effect("WOODImpt_Block", k), {"caption_en": f"knock {k}"})
        for k in range(2)
    ]
    rows[1]["licence"] = "CC-BY-NC-4.0"
    pack.write_manifest(source, rows)
    report = Library.add(source, tmp_path / "bank")
    assert report.added == ("0",)
    assert report.problems == ("1.flac: CC-BY-NC-4.0 forbids commercial use",)
    assert Library.add(source, tmp_path / "bank", any_licence=True).added == ("1",)


def test_another_file_than_the_manifest_tells_of_is_left_out(tmp_path: Path) -> None:
    told = pack.write(tmp_path / "in", "x.flac", pack.effect("WOODImpt_Block"), {"caption_en": "knock"})
    pack.write_manifest(tmp_path / "in", [told | {"sha256": "0" * 64}])
    report = Library.add(tmp_path / "in", tmp_path / "bank")
    assert report.problems == ("x.flac: is not the file its manifest tells of (another SHA-256)",)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"file": "../x.wav", "title": "x"}, "no path below"),
        ({"file": "/x.wav", "title": "x"}, "no path below"),
        ({"file": "x.exe", "title": "x"}, "no sound file"),
        ({"file": "", "title": "x"}, "names no file"),
        ({"file": "x.wav", "title": ""}, "neither a title"),
        ({"file": "x.wav", "title": "x", "cat_id": "NOPE"}, "no CatID"),
        ({"file": "x.wav", "title": "x", "ucs_category": "NOPE"}, "no category"),
        ({"file": "x.wav", "title": "x", "sha256": "12"}, "sha256"),
    ],
)
def test_a_row_that_is_no_good_costs_one_line(tmp_path: Path, told: dict[str, str], why: str) -> None:
    path = pack.write_manifest(tmp_path, [told, pack.row("good.wav", title="good")])
    made = manifest.read_manifest(path)
    assert [each.title for each in made.rows] == ["good"]
    (problem,) = made.problems
    assert why in problem


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "file\nx.wav\n"])
def test_what_is_no_manifest_is_one_clear_error(text: str) -> None:
    with pytest.raises(BankError, match="is no manifest"):
        manifest.parse(text)


def test_an_index_of_before_is_read(library: Library, tmp_path: Path) -> None:
    old = {"name": "WOODImpt_A", "cat_id": "WOODImpt", "category": "WOOD", "words": ["a"], "file": "a.flac"}
    content = {"format": 1, "entries": [old | {"onset": 9, "samples": 480, "digest": "0"}]}
    (tmp_path / INDEX).write_text(json.dumps(content))
    (entry,) = Library(tmp_path).entries
    assert entry.hits == (Take(0, 9, 480),)
    assert entry.texts == ("a",)


def test_a_recording_of_a_pack_replaces_no_effect_it_has_no_word_of(library: Library) -> None:
    bank = EffectBank(libraries=[library])
    assert bank.describe("DOORKnck_knocking on a wooden door").source == "library"
    assert bank.find("gong")[0] in ("a2", "BELLGong_Gong")
