"""Finding a model, and fetching one from a hub on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from livefoley.core.errors import InputError, LivefoleyError
from livefoley.perception.ears import model
from livefoley.perception.ears.recogniser import Recogniser

FILES = {"model.bin": b"weights" * 1000, "config.json": b"{}", "vocabulary.txt": b"a\nb"}


class Hub:
    """A hub that serves `FILES`; ``digest`` is what it says of the large one."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256(FILES["model.bin"]).hexdigest()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, body: bool) -> None:
                found = FILES.get(self.path.rsplit("/", 1)[-1])
                self.send_response(200 if found is not None else 404)
                self.send_header("Content-Length", str(len(found or b"")))
                if self.path.endswith("model.bin"):
                    self.send_header("X-Linked-ETag", f'"{hub.digest}"')
                self.end_headers()
                if body and found:
                    self.wfile.write(found)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVEFOLEY_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_a_model_is_fetched_whole_with_progress_and_found_afterwards(hub: Hub, cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    directory = model.fetch("tiny", lambda *step: seen.append(step), hub.url)
    assert directory == cache / "tiny"
    assert seen[0] == ("model.bin", 7000, 7000)
    assert dict(model.find("tiny")) == FILES
    model.fetch("tiny", hub=hub.url)  # again, over the old one


def test_a_model_that_comes_damaged_is_not_kept(hub: Hub, cache: Path) -> None:
    hub.digest = "0" * 64
    with pytest.raises(InputError, match="came damaged"):
        model.fetch("tiny", hub=hub.url)
    assert not (cache / "tiny").exists()


def test_a_hub_that_is_away_is_one_clear_line(cache: Path) -> None:
    with pytest.raises(InputError, match="cannot be fetched"):
        model.fetch("tiny", hub="http://127.0.0.1:9")


def test_a_model_damaged_on_disk_is_noticed(hub: Hub, cache: Path) -> None:
    directory = model.fetch("tiny", hub=hub.url)
    (directory / "model.bin").write_bytes(b"other")
    with pytest.raises(InputError, match=r"model\.bin: damaged .* fetch tiny again"):
        model.find("tiny")


def test_a_model_that_is_not_there_says_how_to_get_it() -> None:
    with pytest.raises(InputError, match="livefoley ears fetch small"):
        model.find("small")
    with pytest.raises(InputError, match="no speech model there"):
        model.find("/nowhere/at/all")


def test_the_offline_package_is_whole() -> None:
    files = model.find("base")
    assert hashlib.sha256(files["model.bin"]).hexdigest() == model.BASE_SHA256


def test_a_directory_that_holds_no_model_is_one_clear_line(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LivefoleyError, match="not a Whisper model that can be loaded") as error:
        Recogniser(str(tmp_path), model.find(str(tmp_path)), device="cpu")
    assert "\n" not in str(error.value)
