"""What AudioSpecificConfig, OpusHead and MPEG headers say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.media.rtmp.protocol import audio_config


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("1190", (48000, 2)),  # AAC-LC
        ("1210", (44100, 2)),
        ("1188", (48000, 1)),
        ("11b0", (48000, 6)),
        ("119056e500", (48000, 2)),  # with a backward compatible extension
        ("2b118800", (48000, 2)),  # explicit SBR: 24 kHz inside
        ("eb098800", (48000, 2)),  # parametric stereo: one channel inside
        ("17805dc010", (48000, 2)),  # a rate spelled out
    ],
)
def test_rate_and_channels_of_aac(config: str, expected: tuple[int, int]) -> None:
    assert audio_config.audio_specific_config(bytes.fromhex(config)) == expected


@pytest.mark.parametrize("config", ["", "11", "17ff"])
def test_a_damaged_config_is_nothing(config: str) -> None:
    assert audio_config.audio_specific_config(bytes.fromhex(config)) == (0, 0)


@given(st.binary(max_size=12))
def test_nothing_raises(data: bytes) -> None:
    audio_config.audio_specific_config(data)
    audio_config.mpeg_audio(data)
    assert audio_config.opus_head(data) == 2
    audio_config.opus_head(b"OpusHead" + data)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("fffb9064", (44100, 2)),
        ("fff384c4", (24000, 1)),
        ("ffe39464", (12000, 2)),
        ("fffb9c64", (0, 0)),
        ("00", (0, 0)),
    ],
)
def test_rate_and_channels_of_mpeg_audio(frame: str, expected: tuple[int, int]) -> None:
    assert audio_config.mpeg_audio(bytes.fromhex(frame)) == expected
