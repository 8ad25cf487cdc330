"""Descriptions become vectors that agree across languages; what cannot be read is said in one line."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import psutil
import pytest

from livefoley.core.errors import DescriptionError
from livefoley.foley.student.embed import TextEncoder, plain
from livefoley.system.memory import give_back
from tests.support.peers import missing


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


def test_the_same_meaning_in_chinese_and_english_lies_closer_than_another_meaning(encoder: TextEncoder) -> None:
    rain, also_rain, dog = (encoder.encode(text) for text in ("heavy rain", "大雨", "a dog barks"))
    assert rain @ also_rain > rain @ dog + 0.1


def test_an_embedding_has_unit_norm_and_white_space_does_not_matter(encoder: TextEncoder) -> None:
    vector = encoder.encode("  rain \n on   a tin roof ")
    assert vector.shape == (512,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(vector, encoder.encode("rain on a tin roof"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("rain " * 2000, "10000 characters"),
        ("ሰላም ለዓለም ዝናብ", "use English or Chinese"),
    ],
)
def test_a_description_that_says_nothing_is_refused_in_one_line(encoder: TextEncoder, text: str, said: str) -> None:
    with pytest.raises(DescriptionError, match=said) as raised:
        encoder.encode(text)
    assert "\n" not in str(raised.value)


def test_lone_surrogates_and_zero_bytes_are_taken_out() -> None:
    assert plain("rain\ud83d\0 fall") == "rain fall"


def test_an_embedding_is_found_on_disk_by_another_encoder_and_a_torn_file_is_made_again(tmp_path: Path) -> None:
    first = TextEncoder(tmp_path).encode("wind in trees")
    second = TextEncoder(tmp_path)
    assert np.array_equal(second.encode("wind in trees"), first)
    assert (second.statistics().disk_hits, second.statistics().computed) == (1, 0)
    [path] = tmp_path.rglob("*.f32")
    path.write_bytes(path.read_bytes()[:100])
    third = TextEncoder(tmp_path)
    assert np.array_equal(third.encode("wind in trees"), first)
    assert third.statistics().computed == 1


def test_tables_that_were_let_go_of_are_loaded_again_for_the_next_new_description() -> None:
    if platform.libc_ver()[0] != "glibc":
        missing("glibc, whose allocator can be asked,")
    encoder = TextEncoder()
    before, process = encoder.encode("a kettle boils"), psutil.Process()
    loaded = process.memory_info().rss
    encoder.release()
    give_back()
    assert process.memory_info().rss < loaded - 80_000_000
    assert np.array_equal(encoder.encode("a kettle boils"), before)  # remembered
    assert np.linalg.norm(encoder.encode("a gate creaks")) == pytest.approx(1, abs=1e-5)
