"""From configuration to the makers of sounds: those that rooms ask, and what other processes open theirs with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from livefoley import config as cfg
from livefoley.core.cues import ActionPrompts
from livefoley.core.errors import ModelError
from livefoley.foley.description import lexicon
from livefoley.foley.student import models
from livefoley.foley.student.settings import StudentSettings
from livefoley.runtime.sounds.cached_takes import LiveCachedTakes
from livefoley.runtime.sounds.chain import LiveMaker
from livefoley.runtime.sounds.live import LiveSounds
from livefoley.runtime.sounds.student import StudentService
from livefoley.system.dirs import library_directory

log = structlog.get_logger("livefoley")


def libraries(config: cfg.Config) -> tuple[Path, ...]:
    """Return where the operator's own sounds lie."""
    return (config.bank.library or library_directory(),)


def student_settings(given: cfg.Student) -> StudentSettings | None:
    """Return what a process opens its student with; None for none."""
    if given.enabled is False:
        return None
    return StudentSettings(given.model, given.device, given.threads, given.steps)


def live_sounds(config: cfg.Config) -> LiveSounds:
    """Return the makers of the live rooms' sounds, of equally good ones the earlier first: the bank, and these.

    Offline they are listed in ``foley.makers``.
    """
    student = make_student(config.student)
    makers: list[LiveMaker] = [LiveCachedTakes(student)] if student is not None else []
    return LiveSounds(libraries(config), makers, student)


def make_student(given: cfg.Student) -> StudentService | None:
    """Return the student of all rooms; None, and a line in the log, where there are no weights for it."""
    settings = student_settings(given)
    if settings is None:
        return None
    try:
        models.find(settings.model)
    except ModelError as error:
        tell = log.error if given.enabled is True else log.warning
        tell("no student; bank and procedural sounds go on", reason=str(error))
        return None
    return StudentService(settings)


def action_prompts(room: cfg.Room) -> Callable[[str], ActionPrompts]:
    """Return what says what movements sound like in a room of some words: its own action sound, else what they tell."""
    return lambda describe: lexicon.action_prompts(describe, room.actions.sound)
