"""The quick writer says what the library says, of any value at all."""

from enum import IntEnum, StrEnum

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.model import cborwriter
from sealhold.model.encoding import Plain, pack, unpack


class Word(StrEnum):
    ONE = "one"


class Number(IntEnum):
    ONE = 1


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1, 2**64, -1]),
    st.floats(),
    TEXTS,
    st.binary(max_size=300),
    st.sampled_from([Word.ONE, Number.ONE]),
)
KEYS = st.one_of(TEXTS, st.sampled_from([Word.ONE]))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=30),
        st.tuples(inner, inner),
        st.dictionaries(KEYS, inner, max_size=10),
        st.dictionaries(st.integers(0, 300), inner, max_size=10),
    ),
    max_leaves=40,
)


def by_library(value: Plain) -> bytes:
    return cbor2.dumps(value, canonical=True)


# INVARIANT: what is hashed or sealed has one encoding, whoever wrote it.
@given(TREES)
def test_what_is_written_is_what_the_library_writes(value: Plain) -> None:
    assert pack(value) == by_library(value)


@given(st.dictionaries(TEXTS, st.integers() | TEXTS | st.none(), max_size=80))
def test_maps_of_any_number_of_keys_read_back_as_they_were(value: dict[str, Plain]) -> None:
    assert pack(value) == by_library(value)
    assert unpack(pack(value)) == value


def test_a_shape_of_keys_in_another_order_is_written_the_same() -> None:
    one = {"b": 1, "aa": 2, "a": 3}
    other = {"aa": 2, "a": 3, "b": 1}

    assert pack(one) == pack(other) == b"\xa3\x61a\x03\x61b\x01\x62aa\x02"


@pytest.mark.parametrize(
    "value", ["\ud800", {"a": "\ud800"}, {"\ud800": 1}, [{"a": b"x"}, "\ud800"]]
)
def test_half_a_character_is_refused(value: Plain) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        pack(value)


@given(
    st.integers(0, 2**64 - 1),
    st.binary(max_size=70_000),
    TEXTS,
    st.lists(TEXTS, max_size=40),
)
def test_each_part_is_written_as_the_library_writes_it(
    number: int, data: bytes, text: str, several: list[str]
) -> None:
    assert cborwriter.count(number) == by_library(number)
    assert cborwriter.data(data) == by_library(data)
    assert cborwriter.text(text) == by_library(text)
    assert cborwriter.texts(several) == by_library(several)


@given(st.integers(0, 300))
def test_the_heads_are_the_librarys(count: int) -> None:
    assert by_library(dict.fromkeys(range(count), 0)).startswith(cborwriter.head_of_map(count))
    assert by_library([0] * count).startswith(cborwriter.head_of_list(count))
