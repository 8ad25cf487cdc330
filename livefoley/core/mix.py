"""What can be changed of a room's mix while it runs: said here once, for engine, API, scenes of OBS and snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

GAIN_DB = (-60.0, 12.0)
"""From the least gain to the most that anybody may ask for."""

M = TypeVar("M", bound="MixControls")


@dataclass(frozen=True, slots=True)
class MixControls:
    """Gains in dB, relative to each sound's own level."""

    mute: bool = False  # the foley only
    foley_gain_db: float = 0.0  # bed, actions and accents together
    bed_gain_db: float = -24.0
    action_gain_db: float = -12.0
    accent_gain_db: float = -9.0


MIX_CONTROLS = tuple(MixControls.__dataclass_fields__)
"""Their names."""


def changed(mix: M, changes: Mapping[str, float | bool]) -> M:
    """Return a mix with some controls set; raises ``TypeError`` for one that does not exist."""
    return replace(mix, **changes)  # type: ignore[arg-type]
