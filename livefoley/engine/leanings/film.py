"""Where a film is, scene by scene: what a room would say of its pictures, known a little before they are heard.

With the hysteresis of a room, so that nothing flickers; but a place that is found some seconds into its scene sounds
from the scene's beginning on.
"""

from __future__ import annotations

from dataclasses import dataclass

from livefoley.core.events import PerceptionEvent, SceneCut, Sight
from livefoley.core.ticks import Tick
from livefoley.engine.leanings.place import LOOKED, Surroundings


@dataclass(frozen=True, slots=True)
class FilmPlace:
    """From ``start`` on the ambience is that of ``words``, by the eyes' name ``seen``; both empty where the description
    says it again. ``found`` is when that was known."""

    start: Tick
    words: str
    seen: str
    found: Tick


class FilmPlaces:
    """What is seen in, in order; places out. ``described`` tells that the description names one: it overrides."""

    def __init__(self, described: bool, begin: Tick) -> None:
        """``begin`` is the film's first moment."""
        self._around = Surroundings()
        self._described = described
        self._scene: Tick = begin
        self._settled = False  # whether the place of this scene has been found

    def take(self, event: PerceptionEvent) -> FilmPlace | None:
        """Return the place, where it is another one from now on."""
        if isinstance(event, SceneCut):
            self._around.picture.cut()
            self._scene, self._settled = event.at, False
        elif isinstance(event, Sight):
            self._around.picture.see(event)
        if not self._around.settle(event.at, self._described, ""):
            return None
        known_late = self._settled or event.at - self._scene > LOOKED
        start, self._settled = event.at if known_late else self._scene, True
        return FilmPlace(start, self._around.words, self._around.picture.place, event.at)
