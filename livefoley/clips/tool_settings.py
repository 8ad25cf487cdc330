"""What the tools that clips are made with are opened with: it travels to the workers, as JSON, over a pipe or a broker.

Of secrets it has the places alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from livefoley.clips.model import PROVIDER
from livefoley.clips.publish.naming import DEFAULT_NAME
from livefoley.core.errors import ConfigError
from livefoley.foley.student.settings import StudentSettings


@dataclass(frozen=True, slots=True)
class C2paSettings:
    """Paths of the certificate chain and the key that clips are signed with (PEM), and who stamps the time."""

    cert: str | None = None
    key: str | None = None
    timestamp_url: str | None = None


@dataclass(frozen=True, slots=True)
class FrameCheckSettings:
    """Whether pictures are looked at, how often, with which model (a path; None: the one that comes along)."""

    enabled: bool = False
    model: str | None = None
    sha256: str | None = None
    unsafe: tuple[int, ...] = (1,)
    threshold: float = 0.8
    every_s: float = 1.0


@dataclass(frozen=True, slots=True)
class ClipCheckSettings:
    """What keeps a clip back; a share of 1 allows all of it. ``words`` are names or paths of lists."""

    frames: FrameCheckSettings = FrameCheckSettings()
    words: tuple[str, ...] = ()
    black: float = 1.0
    frozen: float = 1.0
    silent: float = 1.0


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """Where clips go (a directory or ``s3://``) and under what name, where else, and where they wait meanwhile."""

    place: str
    name: str = DEFAULT_NAME
    backup: str | None = None
    spool: str | None = None
    spool_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """See the module; ``libraries`` are paths of the sounds, ``student`` opens one (None: there is none).

    ``captions`` is ``live``, ``full``, or ``auto`` for what the machine has cores for; ``speech_model`` is the one that
    writes full ones, as ``ears.model`` names it.
    """

    libraries: tuple[str, ...]
    publish: PublishSettings
    student: StudentSettings | None = None
    captions: str = "live"
    speech_model: str = "base"
    provider: str = PROVIDER
    audible_notice: bool = False
    visible_notice: bool = False
    c2pa: C2paSettings = C2paSettings()
    checks: ClipCheckSettings = ClipCheckSettings()

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, given: Any) -> ToolSettings:
        """Return the settings of an object; raises ``ConfigError`` that says which field is missing or wrong."""
        try:
            return msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise ConfigError(f"these are no settings of the tools for clips: {error}") from None
