"""Which models a configuration needs, and which of them are not on this machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from livefoley import config as cfg
from livefoley.core.errors import ModelError
from livefoley.foley.student import models as students
from livefoley.models import resolver
from livefoley.models.catalogue import OPEN_NSFW, PEOPLE, SCREEN_TEXT, SENTENCE_ENCODER, SPEECH, SPEECH_SIZES
from livefoley.perception.eyes import RUNTIME


def missing_models(config: cfg.Config) -> list[str]:
    """Return a line for each model that is needed and not here, or damaged, with the command that brings it.

    Reads what is here.
    """
    return [f"{key}: {problem}" for key, problem in _problems(config)]


def _problems(config: cfg.Config) -> Iterator[tuple[str, str]]:
    if config.student.enabled is not False and any(room.foley.enabled for room in config.rooms.values()):
        try:
            students.find(config.student.model)
        except ModelError as error:
            yield "student.model", str(error)
    for key, name in _needed(config):
        try:
            resolver.find(name)
        except ModelError as error:
            yield key, str(error)


def _needed(config: cfg.Config) -> Iterator[tuple[str, str]]:
    """Yield what names a model of the catalogue, and the model."""
    rooms = config.rooms.values()
    if config.student.enabled is not False and any(room.foley.enabled for room in rooms):
        yield "student", SENTENCE_ENCODER.name
    size = config.ears.model.removeprefix(SPEECH)
    if any(room.listen.enabled for room in rooms) and size in SPEECH_SIZES:
        yield "ears.model", f"{SPEECH}{size}"
    if any(room.eyes.enabled for room in rooms) and importlib.util.find_spec(RUNTIME) is not None:
        yield "rooms.*.eyes", PEOPLE.name
    if any(room.listen.screen for room in rooms):
        yield "rooms.*.listen.screen", SCREEN_TEXT.name
    frames = config.clips.checks.frames
    if frames.enabled and frames.model is None and any(room.clips.enabled for room in rooms):
        yield "clips.checks.frames", OPEN_NSFW.name
