"""A mix with the mark of generated sound: as long and punctual as without, and the original where there is none."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from livefoley.core.cues import Sound, Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.levels import true_peak_db
from livefoley.engine.mixer import Mixed, Mixer, MixSettings
from livefoley.marks.carrier import ID_DIGITS
from livefoley.marks.detect import detect
from livefoley.marks.streaming import StreamEmbedder
from tests.clips.sounds import level_db
from tests.engine.test_mixer import IMPULSE, cue, noise, original

ID = "00c0ffee12345678" * 2
SETTINGS = MixSettings(bed_gain_db=0.0, action_gain_db=0.0, stem=True, apart=True)
BLOCK = 2048
BLOCKS = 8 * TICK_RATE // BLOCK
LENGTH = BLOCKS * BLOCK


def mixer(samples: Stereo, *, marked: bool = True, bed: float = 0.0) -> Mixer:
    made = Mixer(SETTINGS, original(samples), make_mark=partial(StreamEmbedder, ID) if marked else None)
    if bed:
        made.add_bed(noise(9 * TICK_RATE, bed, 5), 0)
    return made


def blocks(given: Mixer, first: int = 0) -> list[Mixed]:
    return [given.mix(first + number * BLOCK, BLOCK) for number in range(BLOCKS)]


def whole(parts: list[Stereo | None]) -> Stereo:
    return np.concatenate([part for part in parts if part is not None], axis=1)


@pytest.fixture(scope="module")
def voice() -> Stereo:
    return noise(9 * TICK_RATE, 0.05)


def test_program_and_stem_carry_the_mark_and_what_is_mixed_again_does_not(voice: Stereo) -> None:
    plain, made = blocks(mixer(voice, marked=False, bed=0.01)), blocks(mixer(voice, bed=0.01))
    for with_mark, without in (("program", "program"), ("stem", "stem")):
        marked, bare = whole([getattr(b, with_mark) for b in made]), whole([getattr(b, without) for b in plain])
        assert marked.shape == bare.shape == (2, LENGTH)
        assert level_db(marked - bare) < level_db(bare) - 15
        assert detect(marked).content_id == ID[:ID_DIGITS]
        assert not detect(bare).found
    for name in ("original", "foley"):
        parts = [whole([getattr(block, name) for block in each]) for each in (made, plain)]
        assert parts[0].tobytes() == parts[1].tobytes()


def test_without_foley_the_program_is_the_original_bit_for_bit(voice: Stereo) -> None:
    assert whole([block.program for block in blocks(mixer(voice))]).tobytes() == voice[:, :LENGTH].tobytes()


def test_a_muted_foley_leaves_no_mark(voice: Stereo) -> None:
    made = mixer(voice, bed=0.01)
    made.settings = MixSettings(mute=True)
    programs = whole([block.program for block in blocks(made)])
    late = slice(6 * TICK_RATE, None)  # the mark is there a little longer than the foley
    assert programs[:, late].tobytes() == voice[:, :LENGTH][:, late].tobytes()


def test_sounds_land_where_they_do_without_a_mark() -> None:
    made = mixer(np.zeros((2, 9 * TICK_RATE), np.float32))
    made.place(cue(100_000), Sound(IMPULSE, onset=10), 0)
    heard = whole([block.program for block in blocks(made)])
    assert int(np.abs(heard[0]).argmax()) == 100_000
    assert np.abs(heard[:, :99_000]).max() == 0


def test_the_marked_program_never_exceeds_the_ceiling() -> None:
    made = mixer(noise(9 * TICK_RATE, 0.4), bed=0.5)
    assert true_peak_db(whole([block.program for block in blocks(made)])) <= -0.9


def test_a_jump_begins_anew_and_the_mark_is_there_again(voice: Stereo) -> None:
    made = mixer(np.concatenate((voice, voice), axis=1))
    for at in range(18):
        made.add_bed(noise(TICK_RATE, 0.01, 5), at * TICK_RATE)
    made.mix(0, BLOCK)
    assert detect(whole([block.program for block in blocks(made, 3 * TICK_RATE)])).content_id == ID[:ID_DIGITS]


def test_where_marking_fails_the_sound_is_as_without_and_it_is_counted() -> None:
    loud = np.full((2, 9 * TICK_RATE), 1e30, np.float32)  # its power is no number any more
    plain, made = mixer(loud, marked=False, bed=0.01), mixer(loud, bed=0.01)
    bare, left = (whole([block.program for block in blocks(each)]) for each in (plain, made))
    assert np.allclose(left, bare, rtol=1e-6)
    assert made.statistics().mark_failures == BLOCKS
    assert plain.statistics().mark_failures == 0
