"""Every built-in effect renders, sounds, and puts its onset where it says."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.dsp.levels import linear_from_db, peak
from livefoley.dsp.loudness import integrated_lufs, loudest_lufs
from livefoley.foley import levels
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.bed.kinds import KINDS
from livefoley.foley.render_cache import RenderCache
from livefoley.foley.rendered import RenderedSounds, generator

LANDING = {"WHSH_Whoosh", "SWSH_Swish", "DSGNRise_Riser", "MUSCPerc_DrumRoll", "VEHBy_Car"}
"""Effects whose onset is their climax."""
GROWING = {"CRWDCheer_Cheer", "MECHMisc_CashRegister", "FOODKware_Chop", "THUN_Clap", "WATRWave_Break"}


@pytest.fixture(scope="module")
def rendered() -> RenderedSounds:
    return RenderedSounds(RenderCache(memory_bytes=500_000_000))


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_an_effect_is_finite_audible_and_within_its_level(name: str, rendered: RenderedSounds) -> None:
    effect = EFFECTS[name]
    take = rendered.effect(effect, 0, len(effect.layers) // 2).take()
    assert take.samples.shape[0] == 2
    assert take.samples.dtype == np.float32
    assert 0 <= take.onset < take.samples.shape[1]
    assert np.all(np.isfinite(take.samples))
    assert peak(take.samples) <= linear_from_db(levels.PEAK_DBFS) + 1e-4
    loud = integrated_lufs(take.samples) if effect.texture else loudest_lufs(take.samples)
    assert -30 < loud < levels.EFFECT_LUFS + 1.0
    assert np.abs(take.samples[:, -1]).max() < 0.01, "ends in a click"


@pytest.mark.parametrize("name", sorted(set(EFFECTS) - LANDING - GROWING))
def test_nothing_sounds_before_the_onset_of_a_hit(name: str, rendered: RenderedSounds) -> None:
    effect = EFFECTS[name]
    take = rendered.effect(effect, 0, 0).take()
    before = np.abs(take.samples[:, : max(0, take.onset - 4)]).max(initial=0.0)
    assert before < 0.02 * np.abs(take.samples).max()
    assert take.onset <= 480


@pytest.mark.parametrize("name", sorted(LANDING))
def test_a_landing_sound_has_its_climax_at_the_onset(name: str, rendered: RenderedSounds) -> None:
    effect = EFFECTS[name]
    for variant in range(2):
        take = rendered.effect(effect, variant, len(effect.layers) // 2).take()
        power = np.convolve((take.samples**2).sum(axis=0), np.ones(2400) / 2400, "same")
        climax = int(np.argmax(power))
        away_s = abs(climax - take.onset) / 48000
        assert away_s < (0.1 if name != "VEHBy_Car" else 0.6), away_s


def test_the_same_seed_gives_the_same_samples_and_another_seed_others() -> None:
    for name in ("FEETHmn_Gravel", "RAIN_Steady", "CRWDWalla_Murmur"):
        effect = EFFECTS[name]
        first, again, other = (RenderedSounds(RenderCache(), seed).effect(effect, 0, 0).samples for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert first.shape != other.shape or not np.array_equal(first, other)


def test_variants_differ() -> None:
    rendered = RenderedSounds()
    takes = [rendered.effect(EFFECTS["FEETHmn_Wood"], variant, 0).samples[:, :5000] for variant in range(6)]
    for k, one in enumerate(takes):
        assert not any(np.array_equal(one, other) for other in takes[k + 1 :])


def test_generators_depend_on_every_part() -> None:
    seen = {generator(*parts).integers(2**60) for parts in ((0, "a"), (0, "b"), (1, "a"), ("a", 0))}
    assert len(seen) == 4


def test_a_harder_hit_is_brighter() -> None:
    def brightness(layer: int) -> float:
        samples = rendered.effect(EFFECTS["WOODImpt_Hit"], 0, layer).take().samples.mean(axis=0)
        power = np.abs(np.fft.rfft(samples)) ** 2
        return float((power * np.arange(len(power))).sum() / power.sum() / len(samples))

    rendered = RenderedSounds()
    assert brightness(0) < brightness(2)


@pytest.mark.parametrize(("name", "low_hz", "high_hz"), [("METLImpt_Hit", 1500, 6000), ("GLASImpt_Hit", 3000, 9000)])
def test_what_rings_has_no_tone_of_its_own_and_dies_soon(
    name: str, low_hz: float, high_hz: float, rendered: RenderedSounds
) -> None:
    """Recorded metal has its centroid at 0.5 to 6.7 kHz, glass at 2 to 7, and no mode that holds most of the power."""
    for variant in range(4):
        sound = rendered.effect(EFFECTS[name], variant, 2).take().samples.mean(axis=0).astype(np.float64)
        power = np.abs(np.fft.rfft(sound)) ** 2
        frequencies = np.fft.rfftfreq(len(sound), 1 / 48000)
        assert low_hz < (power * frequencies).sum() / power.sum() < high_hz
        bands = np.add.reduceat(power, np.searchsorted(frequencies, np.geomspace(100, 20000, 60)))
        assert bands.max() < 0.6 * power.sum()
        start = int(np.argmax(np.abs(sound)))
        assert (sound[start + 24_000 :] ** 2).sum() < 0.02 * (sound**2).sum()


def test_the_heel_is_brighter_than_the_toe() -> None:
    for name in ("FEETHmn_Concrete", "FEETHmn_Wood"):
        for seed in range(4):
            step = EFFECTS[name].render(generator(seed), 0.7).samples.mean(axis=0)
            high = np.abs(np.diff(step))  # 6 dB an octave up
            assert high[:2400].max() > 1.5 * high[2880:9600].max()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_bed_is_made_of_what_exists(kind: str) -> None:
    assert all(event.effect in EFFECTS for event in KINDS[kind].events)
    assert KINDS[kind].textures or KINDS[kind].events
