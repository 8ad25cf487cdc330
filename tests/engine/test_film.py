"""Where a film is: a place that is found is that of its whole scene, and no scene has the place of the one before."""

from __future__ import annotations

from typing import TypeAlias

from livefoley.core.events import PerceptionEvent, SceneCut, Sight
from livefoley.core.ticks import s_from_ticks, ticks_from_s
from livefoley.engine.leanings.film import FilmPlaces

Places: TypeAlias = tuple[tuple[str, float], ...]

STREET: Places = (("street", 0.6),)
KITCHEN: Places = (("kitchen", 0.5),)
NOTHING: Places = ()


def looks(begin_s: int, end_s: int, places: Places) -> list[PerceptionEvent]:
    """Every two seconds somebody looks."""
    return [Sight(ticks_from_s(at_s), places=places) for at_s in range(begin_s, end_s, 2)]


def found(events: list[PerceptionEvent], described: bool = False) -> list[tuple[float, str]]:
    film = FilmPlaces(described, 0)
    return [(s_from_ticks(each.start), each.words) for each in map(film.take, events) if each is not None]


def film(first: Places, second: Places) -> list[PerceptionEvent]:
    """Two scenes, cut at 12 s."""
    return [*looks(0, 12, first), SceneCut(ticks_from_s(12)), *looks(12, 32, second)]


def test_a_place_is_that_of_its_whole_scene() -> None:
    assert found(film(STREET, KITCHEN)) == [(0, "street"), (12, "kitchen")]


def test_a_scene_that_shows_no_place_does_not_keep_the_one_before() -> None:
    assert found(film(STREET, NOTHING)) == [(0, "street"), (12, "")]


def test_the_same_place_in_another_scene_changes_nothing() -> None:
    assert found([*film(STREET, STREET), *looks(32, 60, NOTHING)]) == [(0, "street")]


def test_a_place_that_is_reached_late_in_a_scene_begins_when_it_is_seen() -> None:
    assert found([*looks(0, 30, NOTHING), *looks(30, 40, STREET)]) == [(32, "street")]


def test_a_description_of_a_place_overrides() -> None:
    assert found(film(STREET, KITCHEN), described=True) == []
