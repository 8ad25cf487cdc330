"""Which Whisper model is meant: one of the catalogue's sizes, or a directory of one's own that CTranslate2 reads."""

from __future__ import annotations

from pathlib import Path

from livefoley.core.errors import ModelError, reason
from livefoley.models import resolver
from livefoley.models.catalogue import SPEECH, SPEECH_SIZES
from livefoley.system.digest import sha256_of
from livefoley.system.dirs import expanded

DEFAULT = "base"
NEEDED = ("config.json", "model.bin", "tokenizer.json")
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
SUMS = "SHA256SUMS"


def named(model: str) -> str | None:
    """Return the catalogue's name of a size (``base``, ``whisper-base``); None for what must be a directory."""
    size = model.removeprefix(SPEECH)
    return f"{SPEECH}{size}" if size in SPEECH_SIZES else None


def find(model: str = DEFAULT) -> tuple[str, dict[str, bytes] | None]:
    """Return what CTranslate2 loads: the model's directory, and the files in memory where it lies in none.

    What a package carries in pieces is joined in the cache once: read from a file the model takes half the memory.
    Raises ``ModelError``: there is none, or it is not whole.
    """
    name = named(model)
    if name is None:
        return str(_own(expanded(Path(model)))), None
    found = resolver.find(name)
    try:
        return str(found.directory or resolver.join(found)), None
    except ModelError:  # nothing can be written here
        return name, {file: found.read(file) for file in found.parts}


def _own(directory: Path) -> Path:
    """Return a directory after a look at it; its hashes are compared where it has a ``SHA256SUMS``."""
    missing = [name for name in NEEDED if not (directory / name).is_file()]
    if not missing and not any((directory / name).is_file() for name in VOCABULARIES):
        missing = [VOCABULARIES[-1]]
    if missing:
        raise ModelError(
            f"{directory}: no speech model there (it lacks {', '.join(missing)}); it needs {', '.join(NEEDED)} and a "
            f"vocabulary, as Systran/faster-whisper-base has them; sizes known by name are {', '.join(SPEECH_SIZES)}"
        )
    try:
        sums = (directory / SUMS).read_text(encoding="utf-8") if (directory / SUMS).exists() else ""
        for line in sums.splitlines():
            digest, _, name = line.partition(" ")
            file = directory / Path(name.strip().lstrip("*")).name
            if file.name in (*NEEDED, *VOCABULARIES) and sha256_of(file) != digest.lower():
                raise ModelError(f"{file}: damaged (its SHA-256 is not that of {SUMS})")
    except (OSError, ValueError) as error:
        raise ModelError(f"{directory}: cannot be read ({reason(error)})") from None
    return directory
