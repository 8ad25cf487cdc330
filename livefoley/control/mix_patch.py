"""What may be asked for of a room's mix from outside: through the API, and by a scene of OBS."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from livefoley.core.mix import GAIN_DB, MIX_CONTROLS

Gain: TypeAlias = Annotated[float, Field(ge=GAIN_DB[0], le=GAIN_DB[1], allow_inf_nan=False)]
Description: TypeAlias = Annotated[str, Field(max_length=1000)]


class MixPatch(BaseModel):
    """What to change; what is left out stays. Gains in dB; the names are those of ``core.mix.MixControls``."""

    model_config = ConfigDict(extra="forbid")

    mute: bool | None = None
    foley_gain_db: Gain | None = None
    bed_gain_db: Gain | None = None
    action_gain_db: Gain | None = None
    accent_gain_db: Gain | None = None

    def mix(self) -> dict[str, float | bool]:
        """Return what is to change, by name."""
        return self.model_dump(include=set(MIX_CONTROLS), exclude_none=True)
