"""The watermark of a clip: read back from the encoded mix at the levels of a shop, unheard there, and told truly.

Voices and sounds are other ones than those that the strengths were chosen on.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from livefoley.clips.marked import STRENGTHS_DB, EncodedSound, encode_marked, read_back
from livefoley.clips.marker import Marker
from livefoley.clips.model import ClipMetadata, Watermark
from livefoley.clips.sound import CEILING_DBTP, Mastered, master
from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.levels import linear_from_db
from livefoley.foley.bed.bed import ProceduralBed
from tests.clips.finished import metadata
from tests.clips.heard import noise_to_mask_db
from tests.clips.sounds import at_level, lasting, read
from tests.support.peers import shared

ID = "00c0ffee12345678" * 2
BITRATE = 160_000
PLACES = ("一间安静的直播间", "a quiet shop", "商场人声 a mall crowd", "rain outside")
HANDS = ("FOOTSTEPS", "GLASS", "CLOTH", "PAPER", "PLASTIC", "OBJECTS", "CERAMICS", "USER_INTERFACE")
SECONDS = (5, 5, 5, 6, 7, 8, 10, 12, 15, 5)
CLIPS = range(20)


@cache
def voices() -> tuple[Stereo, ...]:
    return tuple(read(path) for path in sorted(shared("speech").glob("*.wav"))[1::2])


@cache
def hits() -> tuple[Stereo, ...]:
    paths: list[Path] = [p for kind in HANDS for p in sorted(shared(f"sounds/{kind}").glob("*.opus"))[1:12:2]]
    return tuple(_faded(read(path)[:, :TICK_RATE]) for path in paths)


def _faded(sound: Stereo) -> Stereo:
    """Return a hit at -20 dB below full scale, without a hard end."""
    scaled = sound * np.float32(0.1 / (float(np.abs(sound).max()) + 1e-6))
    return scaled * np.minimum(1, np.arange(sound.shape[1])[::-1] / 2400).astype(np.float32)


@cache
def shop(number: int) -> Mastered:
    """Return a clip of a host at a table: a voice at -22 dB, a bed 20 to 28 dB below, a hit now and then.

    Every other host says one sentence and is silent then.
    """
    rng = np.random.default_rng(200 + number)
    length = SECONDS[number % len(SECONDS)] * TICK_RATE
    spoken = np.concatenate([voices()[k] for k in rng.permutation(len(voices()))], axis=1)
    said = at_level(lasting(spoken, length / TICK_RATE), -22)
    if number % 2:
        said[:, int(1.5 * TICK_RATE) :] = 0
    room = rng.normal(0, linear_from_db(-62), said.shape).astype(np.float32)
    bed = ProceduralBed(number, PLACES[number % len(PLACES)])
    stem = at_level(np.concatenate([bed.read(4800) for _ in range(length // 4800)], axis=1), rng.uniform(-50, -42))
    for at in range(TICK_RATE // 2, length - TICK_RATE // 3, int(rng.uniform(1, 2.5) * TICK_RATE)):
        hit = hits()[rng.integers(len(hits()))][:, : length - at]
        stem[:, at : at + hit.shape[1]] += hit * np.float32(linear_from_db(-rng.uniform(4, 12)))
    return master(said + room, stem)


@cache
def marked(number: int) -> EncodedSound:
    return encode_marked(shop(number), Marker("someone"), ID, BITRATE, 0)


@pytest.mark.parametrize("number", CLIPS)
def test_the_mark_of_every_clip_of_a_shop_is_read_back(number: int) -> None:
    made = marked(number)
    assert made.watermark.readable, made.watermark
    assert made.watermark == read_back(Marker("someone"), made.info, made.packets, ID)
    assert not read_back(Marker("someone"), made.info, made.packets, "f" * 32).readable
    assert made.mastered.true_peak_dbtp <= CEILING_DBTP + 0.1


@pytest.mark.parametrize("number", CLIPS)
def test_the_ear_does_not_hear_the_mark_in_the_mix(number: int) -> None:
    """The first step keeps what is asked of a stem; at the last one, too, the mark stays under what the mix masks."""
    clip = shop(number)
    mark = Marker("someone").watermark(clip.mix, ID)
    for sound, noise in zip(clip.mix, mark, strict=True):
        ratio_db = noise_to_mask_db(sound, noise)
        for strength_db, most_db in zip(STRENGTHS_DB, (-2, 0), strict=True):
            assert 10 * np.log10(np.mean(10 ** ((ratio_db + strength_db) / 10))) < -10
            assert np.percentile(ratio_db + strength_db, 99.9) < most_db


@pytest.mark.parametrize("number", CLIPS)
def test_an_unmarked_clip_has_no_mark(number: int) -> None:
    clip = shop(number)
    untouched = encode_marked(replace(clip, stem=np.zeros_like(clip.stem)), Marker("someone"), ID, BITRATE, 0)
    assert untouched.mastered.mix is clip.mix
    assert untouched.watermark == Watermark()
    found = read_back(Marker("someone"), untouched.info, untouched.packets, ID)
    assert not found.readable
    assert found.score < 7


def test_a_mark_that_cannot_be_read_is_not_called_readable() -> None:
    sound = np.zeros((2, 5 * TICK_RATE), np.float32)  # a knock, and nothing else that could hide a mark
    sound[:, TICK_RATE : TICK_RATE + 2400] = np.random.default_rng(1).normal(0, 0.1, (2, 2400))
    made = encode_marked(master(sound, sound), Marker("someone"), ID, BITRATE, 0)
    assert not made.watermark.readable
    assert made.watermark.score < 7


def test_the_same_clip_has_the_same_sound() -> None:
    first, again = marked(0), encode_marked(shop(0), Marker("someone"), ID, BITRATE, 0)
    assert [packet.data for packet in first.packets] == [packet.data for packet in again.packets]


def test_the_metadata_tell_of_it_and_older_ones_do_not() -> None:
    told = metadata(watermark=Watermark(True, 12.5))
    assert '"watermark": {\n  "readable": true,\n  "score": 12.5\n }' in told.to_json()
    assert ClipMetadata.from_json(told.to_json()) == told
    older = {name: value for name, value in json.loads(told.to_json()).items() if name != "watermark"}
    assert ClipMetadata.from_json(json.dumps(older)) == metadata()
