"""A pack comes whole from its manifest's place, each file by its hash, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from livefoley.core.errors import BankError
from livefoley.foley.bank.library import Library
from livefoley.foley.recordings import packs
from tests.models.stand_ins import Server
from tests.support.command_line import Run, run_here

from . import pack


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that has the pack below ``/p``."""
    place = pack.make(tmp_path / "served")
    with Server().running() as running:
        running.files = {f"/p/{path.name}": path.read_bytes() for path in place.iterdir()}
        yield running


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line with a home of its own."""
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return partial(run_here, monkeypatch, capsys)


def test_a_pack_is_fetched_and_its_sounds_are_found_made_and_credited(run: Run, server: Server, tmp_path: Path) -> None:
    code, said, problems = run("bank", "fetch", f"{server.url}/p/manifest.csv")
    assert (code, problems.strip()) == (0, "")
    assert "7 sound(s) added" in said
    library = tmp_path / "data" / "livefoley" / "library"
    assert len(Library(library).entries) == 7
    assert list(library.glob("captions-*.npz"))
    assert not list(library.parent.glob(".*.partial"))

    code, said, _ = run("generate", "有人敲门", "--source", "recordings", "-o", tmp_path / "knock.wav", "--seconds", 2)
    assert code == 0
    assert "by recordings" in said
    assert "recordings: knocking on a wooden door by A. Recordist (CC0-1.0)" in said
    code, _, problems = run("generate", "a violin solo", "--source", "recordings", "-o", tmp_path / "violin.wav")
    assert code == 1
    assert "has no recording of it" in problems

    code, said, _ = run("explain", "somebody knocks at the door")
    assert "knocking on a wooden door" in said
    assert "recordings" in said


def test_without_recordings_it_says_how_to_get_some(run: Run, tmp_path: Path) -> None:
    code, _, problems = run("generate", "rain", "--source", "recordings", "-o", tmp_path / "rain.wav")
    assert code == 1
    assert "there are no recordings; `livefoley bank add DIR`" in problems


def test_a_name_is_looked_up_in_the_operators_catalogue(tmp_path: Path) -> None:
    (tmp_path / packs.CATALOGUE).write_text("name,manifest\nkitchen,http://127.0.0.1:1/k/manifest.csv\n")
    assert packs.place_of("kitchen", tmp_path) == "http://127.0.0.1:1/k/manifest.csv"
    assert packs.place_of("here/manifest.csv", tmp_path) == "here/manifest.csv"
    with pytest.raises(BankError, match=r"no pack 'garden' \(known are kitchen\)"):
        packs.place_of("garden", tmp_path)


def test_a_pack_may_lie_on_a_disk(tmp_path: Path) -> None:
    place = pack.make(tmp_path / "disk")
    fetched = packs.fetch(str(place / "manifest.csv"), tmp_path / "staging")
    assert (fetched.count, fetched.problems) == (7, ())
    (place / "a1.flac").unlink()
    with pytest.raises(BankError, match=r"a1\.flac: cannot be read"):
        packs.fetch(str(place / "manifest.csv"), tmp_path / "other")


def test_a_fetch_that_was_cut_off_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    address, staging = f"{server.url}/p/manifest.csv", tmp_path / "staging"

    def hang_up(done: int, _total: int) -> None:
        server.breaks_after = 20_000 if done == 4 else 0

    with pytest.raises(BankError, match="cannot be fetched"):
        packs.fetch(address, staging, progress=hang_up)
    assert packs.fetch(address, staging).count == 7
    assert server.ranges == ["bytes=20000-"]
    before = len(server.headers)
    packs.fetch(address, staging)
    assert len(server.headers) == before + 1, "the manifest alone comes again"


def test_what_an_earlier_manifest_gave_is_not_taken_in_with_a_later_one(tmp_path: Path) -> None:
    place, staging = tmp_path / "disk", tmp_path / "staging"
    rows = [pack.write(place, f"WOODImpt_{k}.flac", pack.effect("WOODImpt_Block", k), {"title": "a"}) for k in range(2)]
    path = str(pack.write_manifest(place, rows))
    assert packs.fetch(path, staging).count == 2
    pack.write_manifest(place, rows[:1])
    assert packs.fetch(path, staging).count == 1
    assert Library.add(staging, tmp_path / "library").added == ("WOODImpt_0",)


def test_another_file_than_the_manifest_names_is_refused(server: Server, tmp_path: Path) -> None:
    server.files["/p/a2.flac"] = server.files["/p/a1.flac"]
    with pytest.raises(BankError, match=r"a2\.flac: came damaged, or is another one"):
        packs.fetch(f"{server.url}/p/manifest.csv", tmp_path / "staging")
    assert not (tmp_path / "staging" / "a2.flac").exists()


def test_forbidding_licences_and_rows_without_a_hash_are_left_out(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    rows = [pack.write(place, f"{k}.flac", pack.effect("WOODImpt_Block", k), {"title": f"knock {k}"}) for k in range(4)]
    rows[1]["licence"], rows[2]["licence"], rows[3]["sha256"] = "CC-BY-NC-3.0", "", ""
    path = str(pack.write_manifest(place, rows))
    fetched = packs.fetch(path, tmp_path / "staging")
    assert fetched.count == 1
    assert fetched.problems == (
        "1.flac: CC-BY-NC-3.0 forbids commercial use",
        "2.flac: its manifest names no licence",
        "3.flac: its manifest gives no sha256",
    )
    assert packs.fetch(path, tmp_path / "all", any_licence=True).count == 3


def test_what_is_not_there_and_what_takes_too_long_is_one_clear_error(server: Server, tmp_path: Path) -> None:
    address = server.url.replace("://", "://user:hidden@")
    with pytest.raises(BankError, match="HTTP 404") as raised:
        packs.fetch(f"{address}/nowhere/manifest.csv", tmp_path / "a")
    assert "hidden" not in str(raised.value)
    server.files["/page"] = b"<html>no manifest</html>"
    with pytest.raises(BankError, match="is no manifest"):
        packs.fetch(f"{server.url}/page", tmp_path / "b")
    with pytest.raises(BankError, match="took too long"):
        packs.fetch(f"{server.url}/p/manifest.csv", tmp_path / "c", limit_s=0.0)
    assert not (tmp_path / "c" / "manifest.csv").exists(), "a file that trickles in has no more time than the others"
