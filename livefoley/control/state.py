"""What the control surface needs of the application: the port the application answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from livefoley.core.notices import Notice
from livefoley.core.snapshots import RoomSnapshot, ServerSnapshot


@dataclass(frozen=True, slots=True)
class CueRequest:
    """An accent to lay: ``effect`` names a sound of the bank, else ``prompt`` describes one."""

    effect: str | None = None
    prompt: str = ""
    gain_db: float = 0.0
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RoomChanges:
    """What to change of a running room: its description (None leaves it), and controls of its mix by name."""

    describe: str | None = None
    mix: Mapping[str, float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatLine:
    """What somebody of the audience wrote; ``user`` tells writers apart and may be empty."""

    text: str
    user: str = ""


class Listener(Protocol):
    """One reader of a room's events."""

    async def get(self, limit: int = 256) -> list[Notice]:
        """Wait for notices and return up to ``limit`` that wait, in order."""
        ...


class Events(Protocol):
    """A room's events."""

    def recent(self, after: int = 0, types: Collection[str] = (), limit: int = 256) -> list[Notice]:
        """Return the last ``limit`` notices that came after number ``after``, in order."""
        ...

    def listen(
        self, after: int | None, types: Collection[str] = (), replay: int = 0, address: str = ""
    ) -> AbstractContextManager[Listener | None]:
        """Give a listener that begins after number ``after``, else with the last ``replay``; None: there are too many,
        or too many of ``address``."""
        ...


class ControlState(Protocol):
    """The running rooms. Nothing here may block; a room's name was checked against ``rooms()`` before."""

    def rooms(self) -> Mapping[str, RoomSnapshot]:
        """Return a snapshot of every room, by name."""
        ...

    def ready(self) -> tuple[bool, list[str]]:
        """Say whether publishers and viewers can be served, and if not, why, a line for each reason."""
        ...

    def troubles(self) -> list[str]:
        """Return what does not work now and concerns no single room, a line for each."""
        ...

    def hls_directory(self, room: str) -> Path | None:
        """Return where the room's HLS output lies; None when it has none."""
        ...

    def server_statistics(self) -> ServerSnapshot:
        """Return a snapshot of the process."""
        ...

    def events(self, room: str) -> Events:
        """Return the room's events."""
        ...

    def chat(self, room: str, lines: Sequence[ChatLine], dropped: int = 0) -> None:
        """Take what the room's audience wrote; ``dropped`` were left out on the way."""
        ...

    async def cue(self, room: str, request: CueRequest) -> int:
        """Lay an accent and return its id. Raises ``InputError`` before the stream begins, ``BankError`` for an effect
        that does not exist."""
        ...

    def thumb(self, room: str, event: int, up: bool) -> str:
        """Judge the sound of an action, by its event's id; return its family, empty for none that is known. Raises
        ``InputError`` for another event."""
        ...

    async def patch_room(self, room: str, changes: RoomChanges) -> None:
        """Change a running room without disconnecting anyone. Raises a ``LivefoleyError`` for what cannot be."""
        ...
