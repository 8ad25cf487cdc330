"""AMF0: what is written reads back, what strangers send cannot hurt."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import ProtocolError
from livefoley.media.rtmp.protocol import amf0

names = st.text(min_size=1, max_size=20)
leaves = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.builds(amf0.Date, st.floats(allow_nan=False), st.integers(-720, 720))
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(names, inner, max_size=4)
        | st.dictionaries(names, inner, max_size=4).map(amf0.EcmaArray)
    ),
    max_leaves=20,
)


@given(st.lists(values, max_size=5))
def test_what_is_written_reads_back(written: list[amf0.Value]) -> None:
    assert amf0.decode(amf0.encode(*written)) == written


@given(values)
def test_an_ecma_array_stays_one(value: amf0.Value) -> None:
    (read,) = amf0.decode(amf0.encode(value))
    assert type(read) is type(value)


@given(st.binary(max_size=400))
def test_any_bytes_give_values_or_a_protocol_error(data: bytes) -> None:
    try:
        amf0.decode(data)
    except ProtocolError:
        pass


def test_a_text_above_64_kib_goes_as_a_long_string() -> None:
    text = "x" * 70_000
    assert amf0.encode(text)[0] == 12
    assert amf0.decode(amf0.encode(text)) == [text]


def test_undefined_and_unsupported_read_as_none() -> None:
    assert amf0.decode(b"\x06\x0d") == [None, None]


def test_a_typed_object_reads_as_its_members() -> None:
    assert amf0.decode(b"\x10\x00\x01C" + b"\x00\x01a\x01\x01" + b"\x00\x00\x09") == [{"a": True}]


def test_xml_reads_as_text() -> None:
    assert amf0.decode(b"\x0f\x00\x00\x00\x04<a/>") == ["<a/>"]


def test_a_reference_gives_the_object_it_points_to() -> None:
    assert amf0.decode(amf0.encode({"a": 1.0}) + b"\x07\x00\x00") == [{"a": 1.0}, {"a": 1.0}]


def test_an_object_cannot_contain_itself() -> None:
    assert amf0.decode(b"\x03" + b"\x00\x01a\x07\x00\x00" + b"\x00\x00\x09") == [{"a": None}]


def test_the_count_of_an_ecma_array_is_only_a_hint() -> None:
    data = b"\x08" + struct.pack(">I", 0xFFFFFFFF) + b"\x00\x01a\x01\x00" + b"\x00\x00\x09"
    assert amf0.decode(data) == [{"a": False}]


def test_depth_is_bounded() -> None:
    deep: list[amf0.Value] = []
    for _ in range(amf0.MAX_DEPTH):
        deep = [deep]
    assert amf0.decode(amf0.encode(deep)) == [deep]
    with pytest.raises(ProtocolError, match="too deep"):
        amf0.decode(amf0.encode([deep]))


def test_the_number_of_values_is_bounded_across_references_and_arrays() -> None:
    with pytest.raises(ProtocolError, match="too many"):
        amf0.decode(b"\x0a\xff\xff\xff\xff" + b"\x05" * 100_000)


@pytest.mark.parametrize(
    "data", [b"\x00\x01", b"\x02\x00\x05ab", b"\x03\x00\x01a", b"\x0a\x00\x00\x00\x01", b"\x11", b"\x07\x00\x00"]
)
def test_damaged_data_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        amf0.decode(data)
