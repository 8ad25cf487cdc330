"""Names after the Universal Category System."""

from __future__ import annotations

import pytest

from livefoley.foley.bank import ucs
from livefoley.foley.bank.catalogue import EFFECTS


@pytest.mark.parametrize(
    ("stem", "cat_id", "category"),
    [
        ("RAINGlas_Attic Window_LF_Home", "RAINGlas", "RAIN"),
        ("THUN_Distant Roll", "THUN", "WEATHER"),
        ("AMBUrbn-CN_Night Street_XX_NONE", "AMBUrbn", "AMBIENCE"),
        ("WHSH_Fast", "WHSH", "SWOOSHES"),
        ("EQUISprt_Bag", "EQUISprt", "EQUIPMENT"),
        ("COMTelph_Ring", "COMTelph", "COMMUNICATIONS"),
    ],
)
def test_a_ucs_name_is_taken_apart(stem: str, cat_id: str, category: str) -> None:
    name = ucs.parse(stem)
    assert name is not None
    assert (name.cat_id, name.category) == (cat_id, category)


@pytest.mark.parametrize(
    "stem", ["", "rain", "RAIN", "RAIN_", "holiday_2024", "XYZZY_Thing", "rainGlas_x", "_RAIN_x", "RAINglas_x"]
)
def test_other_names_are_refused(stem: str) -> None:
    assert ucs.parse(stem) is None


def test_every_built_in_effect_is_ucs_named() -> None:
    assert all(effect.ucs.cat_id == name.split("_")[0] for name, effect in EFFECTS.items())


def test_words_come_out_of_camel_case() -> None:
    assert ucs.words_of("SetDown hard-Hit 2") == ("set", "down", "hard", "hit")
