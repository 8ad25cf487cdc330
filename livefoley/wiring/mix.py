"""From configuration to a room's mix."""

from __future__ import annotations

from dataclasses import asdict

from livefoley import config as cfg
from livefoley.core.mix import MixControls
from livefoley.engine.mixer import MixSettings


def mix_controls(room: cfg.Room) -> MixControls:
    """Return what can be changed later, as it is at first."""
    foley = room.foley
    return MixControls(
        bed_gain_db=foley.bed.gain_db, action_gain_db=foley.actions.gain_db, accent_gain_db=foley.accents.gain_db
    )


def mix_settings(room: cfg.Room) -> MixSettings:
    """Return the room's mix as it begins."""
    foley = room.foley
    return MixSettings(
        **asdict(mix_controls(room)),
        duck_db=foley.duck_db,
        follow=foley.follow,
        ceiling_dbtp=foley.ceiling_dbtp,
        stem=room.stem,
        apart=room.clips.enabled or room.gives_original,
    )
