"""Where a student's weights are found on this machine, and how they get there; nothing is used whose hash is wrong.

A model is a JSON file (``spec``) with its graph beside it. It is looked for by path, or by name: among those that come
with livefoley, then in the cache, where ``pull`` puts what it fetches. Only ``pull`` ever goes to the network. (What
others trained is looked for by ``livefoley.models``.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from livefoley.core.errors import ModelError, reason
from livefoley.foley.student.spec import StudentSpec, checked_graph, load_spec
from livefoley.system import dirs

if TYPE_CHECKING:
    import httpx

DEFAULT = "nano"
TIMEOUT_S = 30.0
MOST_BYTES = 4 * 2**30
MOST_DESCRIBED = 1_000_000  # bytes of a model's JSON
_PREFIX = "student-"


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose graph is the one its contract names."""

    spec: StudentSpec
    path: Path  # of the JSON
    graph: Path


@dataclass(frozen=True, slots=True)
class Listed:
    """A model on this machine; ``problem`` says why it cannot be used, if so."""

    path: Path
    where: str  # "packaged" or "cache"
    spec: StudentSpec | None
    problem: str = ""


def packaged_directory() -> Path:
    """Return where the models lie that come with livefoley."""
    return Path(str(resources.files("livefoley.foley.student"))) / "weights"


def cache_directory() -> Path:
    """Return where fetched models lie."""
    return dirs.cache_directory() / "students"


def find(model: str | Path = DEFAULT) -> Model:
    """Return the model of a name (``nano``, ``student-nano``) or a path (its JSON, or the graph beside that).

    Raises ``ModelError``: there is none, or it is not whole.
    """
    path = _locate(str(model))
    spec, graph = checked_graph(path)
    return Model(spec, path, graph)


def _locate(model: str) -> Path:
    if model.endswith((".json", ".onnx")) or "/" in model or "\\" in model:
        path = dirs.expanded(Path(model)).with_suffix(".json")
        if not path.is_file():
            raise ModelError(f"{path}: there is no such model; a model is a .json file and the graph it names")
        return path
    for directory in (packaged_directory(), cache_directory()):
        for name in (model, _PREFIX + model):
            if (directory / f"{name}.json").is_file():
                return directory / f"{name}.json"
    known = ", ".join(each.path.stem.removeprefix(_PREFIX) for each in installed())
    here = f"here are {known}" if known else "there is none at all"
    raise ModelError(f"no model {model!r} on this machine ({here}); `livefoley models fetch ADDRESS` gets one")


def installed() -> Iterator[Listed]:
    """Yield the models that can be called by name, whole or not."""
    for where, directory in (("packaged", packaged_directory()), ("cache", cache_directory())):
        for path in sorted(directory.glob("*.json")):
            try:
                yield Listed(path, where, checked_graph(path)[0])
            except ModelError as error:
                yield Listed(path, where, None, str(error))


# ---- fetching ----


def pull(url: str, client: httpx.Client | None = None) -> Model:
    """Download the model whose JSON lies at ``url``, with the graph beside it, into the cache.

    What comes with another hash than the JSON names is thrown away; what was cut off is gone on with. Raises
    ``ModelError``.
    """
    import httpx  # for this alone: rooms look for models, too

    from livefoley.models.sources import shown

    name = Path(urlsplit(url).path).name
    if urlsplit(url).scheme not in ("http", "https") or not name.endswith(".json"):
        raise ModelError(f"{shown(url)}: is no address of a model; want https://HOST/PATH/NAME.json")
    path = cache_directory() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with client or httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as session:
            _take(session, url, path)
    except OSError as error:
        raise ModelError(f"{path.parent}: cannot be written ({reason(error)})") from None
    return find(path)


def _take(session: httpx.Client, url: str, path: Path) -> None:
    """Store the graph first and the JSON last, so that a model in the cache is whole."""
    from livefoley.models.sources import download, shown

    described = path.with_suffix(".json.partial")
    try:
        download(session, url, described, MOST_DESCRIBED)
        spec = load_spec(described)
        address, graph = urljoin(url, spec.file), path.with_name(f"{spec.file}.partial")
        download(session, address, graph, MOST_BYTES)
        if hashlib.sha256(graph.read_bytes()).hexdigest() != spec.sha256:
            graph.unlink()
            raise ModelError(f"{shown(address)}: came damaged (its SHA-256 is wrong); nothing was kept")
        graph.replace(path.with_name(spec.file))
        described.replace(path)
    finally:
        described.unlink(missing_ok=True)
