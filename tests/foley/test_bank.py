"""The effect bank answers cues."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.cues import CueKind, Sound, SoundRequest
from livefoley.core.errors import BankError
from livefoley.dsp.levels import linear_from_db, peak
from livefoley.dsp.loudness import integrated_lufs, momentary_lufs
from livefoley.foley import levels
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.bank.shaping import brighten, fit
from livefoley.foley.render_cache import RenderCache
from livefoley.foley.rendered import RenderedSounds


@pytest.fixture(scope="module")
def bank() -> EffectBank:
    return EffectBank(RenderedSounds(RenderCache()))


def asked(**changes: object) -> SoundRequest:
    return SoundRequest(**{"kind": CueKind.ACTION, **changes})  # type: ignore[arg-type]


def made(bank: EffectBank, **changes: object) -> Sound:
    sound = bank.make(asked(**changes))
    assert sound is not None
    return sound


def test_the_same_cue_gives_the_same_samples(bank: EffectBank) -> None:
    first, again = (made(bank, effect="FEETHmn_Wood", seed=7, intensity=0.6) for _ in range(2))
    assert np.array_equal(first.samples, again.samples)
    assert first.onset == again.onset


def test_a_fresh_bank_gives_the_same_samples(bank: EffectBank) -> None:
    other = EffectBank(RenderedSounds(RenderCache()))
    ask = {"effect": "DOORWood_Close", "seed": 3}
    assert np.array_equal(made(bank, **ask).samples, made(other, **ask).samples)


def test_neighbouring_seeds_never_give_the_same_hit(bank: EffectBank) -> None:
    hits = [made(bank, effect="FEETHmn_Gravel", seed=seed) for seed in range(12)]
    assert all(a.name != b.name for a, b in itertools.pairwise(hits))
    shapes = {hit.samples.tobytes() for hit in hits}
    assert len(shapes) == 12


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["WOODImpt_Hit", "CERMImpt_SetDown", "WHSH_Whoosh", "MUSCPerc_DrumRoll", "RAIN_Steady"]),
    st.integers(0, 1000),
    st.floats(0, 1),
    st.integers(0, 400_000),
)
def test_every_answer_is_finite_in_range_and_holds_its_onset(
    bank: EffectBank, name: str, seed: int, intensity: float, length: int
) -> None:
    sound = made(bank, effect=name, seed=seed, intensity=intensity, length=length)
    assert sound.samples.dtype == np.float32
    assert sound.samples.shape[0] == 2
    assert np.all(np.isfinite(sound.samples))
    assert peak(sound.samples) <= linear_from_db(levels.PEAK_DBFS) + 1e-3
    assert 0 <= sound.onset < sound.samples.shape[1]
    if length:
        assert sound.samples.shape[1] <= sound.onset + length


def test_intensity_raises_level_and_brightness(bank: EffectBank) -> None:
    soft, hard = (made(bank, effect="RAIN_Steady", seed=4, intensity=v) for v in (0.1, 0.35))
    assert soft.name == hard.name
    assert integrated_lufs(soft.samples) < integrated_lufs(hard.samples) - 2
    highs = [
        np.abs(np.fft.rfft(s.samples[0]))[48000:].sum() / np.abs(np.fft.rfft(s.samples[0])).sum() for s in (soft, hard)
    ]
    assert highs[0] < highs[1]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [("切菜", "FOODKware_Chop"), ("footsteps on snow", "FEETHmn_Snow"), ("掌声", "CRWDApls"), ("air horn!", "HORNAir")],
)
def test_a_prompt_is_answered_by_what_it_means(bank: EffectBank, prompt: str, expected: str) -> None:
    assert made(bank, prompt=prompt).name.startswith(expected)


def test_an_unknown_prompt_is_a_neutral_hit_for_an_action_and_nothing_for_an_accent(bank: EffectBank) -> None:
    assert made(bank, prompt="zzz").name.startswith("OBJMisc_SoftHit")
    assert bank.make(asked(prompt="zzz", kind=CueKind.ACCENT)) is None


def test_an_effect_is_found_by_name_variant_catid_and_category_in_any_case(bank: EffectBank) -> None:
    assert made(bank, effect="hornair_blast").name.startswith("HORNAir_Blast")
    assert made(bank, effect="FEETHmn_Wood_3").name == "FEETHmn_Wood_3"
    assert made(bank, effect="FEETHmn").name.startswith("FEETHmn_")
    assert made(bank, effect="GLASS").name.startswith("GLAS")
    assert bank.make(asked(effect="NOPE_Nothing")) is None


def test_a_texture_is_carried_on_as_long_as_asked(bank: EffectBank) -> None:
    sound = made(bank, effect="RAIN_Steady", length=48000 * 15)
    assert sound.samples.shape[1] == 48000 * 15
    loud = momentary_lufs(sound.samples)[2:-3]
    assert loud.max() - loud.min() < 4


def test_names_are_described_and_found(bank: EffectBank) -> None:
    assert set(EFFECTS) <= set(bank.names())
    info = bank.describe("RAINGlas_Window")
    assert (info.category, info.source) == ("RAIN", "built-in")
    assert bank.find("窗外下雨")[0] == "RAINGlas_Window"
    assert bank.find("drum roll")[0] == "MUSCPerc_DrumRoll"
    assert bank.find("FEETHmn_Sand")[0] == "FEETHmn_Sand"
    assert bank.find("qqqq") == ()
    with pytest.raises(BankError, match="no effect 'RAIN_Stedy'"):
        bank.describe("RAIN_Stedy")


def test_warming_renders_so_that_making_does_not(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path)
    bank = EffectBank(RenderedSounds(cache))
    bank.warm(["CMPTKey_Key"])
    rendered = cache.statistics().rendered
    for seed in range(20):
        bank.make(asked(effect="CMPTKey_Key", seed=seed, intensity=seed / 20))
    assert cache.statistics().rendered == rendered


def test_a_shelf_of_no_gain_changes_nothing_and_one_of_gain_only_the_highs() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 48000)).astype(np.float32)
    assert brighten(noise, 0.0) is noise
    power = np.abs(np.fft.rfft(brighten(noise, 6.0)[0])) / np.abs(np.fft.rfft(noise[0]))
    assert np.median(power[50:200]) == pytest.approx(1.0, abs=0.05)
    assert 20 * np.log10(np.median(power[18000:23000])) == pytest.approx(6.0, abs=0.5)


@given(st.integers(1, 5000), st.integers(0, 999), st.integers(1, 5000))
def test_fitting_never_passes_the_length(n: int, onset: int, length: int) -> None:
    samples = np.ones((2, n), np.float32)
    assert fit(samples, min(onset, n - 1), length, False).shape[1] <= max(min(onset, n - 1) + length, 0)
