"""Which speech model is meant, where it lies, and what is said when it is not there."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from livefoley.core.errors import LivefoleyError, ModelError
from livefoley.models.catalogue import CATALOGUE
from livefoley.perception.ears import model
from livefoley.perception.ears.recogniser import Recogniser

FILES = {"model.bin": b"weights" * 1000, "config.json": b"{}", "vocabulary.txt": b"a\nb", "tokenizer.json": b"{}"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVEFOLEY_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return tmp_path / "models"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    directory = tmp_path / "own"
    directory.mkdir()
    for name, content in FILES.items():
        (directory / name).write_bytes(content)
    return directory


def test_the_base_model_is_joined_in_the_cache_out_of_its_package(cache: Path) -> None:
    place, files = model.find("base")
    assert (Path(place), files) == (cache / "whisper-base", None)
    for file in CATALOGUE["whisper-base"].files:
        assert hashlib.sha256((Path(place) / file.name).read_bytes()).hexdigest() == file.sha256
    assert model.find("whisper-base") == (place, None)
    assert [each.name for each in cache.iterdir()] == ["whisper-base"]


def test_where_nothing_can_be_written_the_model_is_taken_into_memory(cache: Path) -> None:
    cache.parent.joinpath("models").write_text("no directory")
    place, files = model.find("base")
    assert place == "whisper-base"
    assert files is not None
    assert {name: len(content) for name, content in files.items()} == {
        file.name: file.size for file in CATALOGUE["whisper-base"].files
    }


def test_a_model_that_is_not_there_says_how_to_get_it() -> None:
    with pytest.raises(ModelError, match="`livefoley models fetch whisper-small` brings it"):
        model.find("small")
    with pytest.raises(ModelError, match=r"no speech model there .*tokenizer.json.* known by name are tiny, base"):
        model.find("/nowhere/at/all")


def test_a_directory_of_ones_own_is_taken_as_it_is(own: Path) -> None:
    assert model.find(str(own)) == (str(own), None)
    (own / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"it lacks tokenizer\.json"):
        model.find(str(own))


def test_a_directory_with_hashes_is_compared_with_them(own: Path) -> None:
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in FILES.items()]
    (own / "SHA256SUMS").write_text("".join(lines))
    assert model.find(str(own)) == (str(own), None)
    (own / "model.bin").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"model\.bin: damaged .*SHA256SUMS"):
        model.find(str(own))


def test_a_directory_that_holds_no_model_is_one_clear_line(own: Path) -> None:
    with pytest.raises(LivefoleyError, match="not a Whisper model that can be loaded") as error:
        Recogniser(*model.find(str(own)), device="cpu")
    assert "\n" not in str(error.value)


def test_a_joined_model_can_be_read_by_others(cache: Path) -> None:
    place, _ = model.find("base")
    assert stat.S_IMODE(Path(place).stat().st_mode) == 0o755
