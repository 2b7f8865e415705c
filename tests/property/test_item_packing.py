"""The content of an item is written in one form, and read back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.encoding import Plain, pack, pack_item, unpack_item
from sealhold.model.errors import InvalidEncodingError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    TEXTS,
    st.binary(max_size=40),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=20), st.dictionaries(TEXTS, inner, max_size=20)
    ),
    max_leaves=40,
)
FIELDS = st.dictionaries(TEXTS, TREES, max_size=20)


def turned(value: Plain) -> Plain:
    """Return the same value, each map made in the opposite order."""
    if isinstance(value, dict):
        return {name: turned(inner) for name, inner in reversed(value.items())}
    return [*map(turned, value)] if isinstance(value, list) else value


@given(FIELDS, TREES)
def test_an_item_reads_back_as_it_was(fields: dict[str, Plain], raw: Plain) -> None:
    assert unpack_item(pack_item(fields, raw)) == (fields, raw)


# INVARIANT: an item is recognised by its content, so equal contents are equal bytes.
@given(FIELDS, TREES)
def test_the_order_in_which_names_came_does_not_count(fields: dict[str, Plain], raw: Plain) -> None:
    assert pack_item(turned(fields), turned(raw)) == pack_item(fields, raw)


@given(FIELDS, TREES)
def test_what_was_written_as_cbor_is_still_read(fields: dict[str, Plain], raw: Plain) -> None:
    assert unpack_item(pack([fields, raw])) == (fields, raw)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", object()])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(InvalidEncodingError):
        pack_item({"a": value}, None)


@pytest.mark.parametrize("data", [b"", b"\x92\x80", b"\x93\x80\x80\x80", b"\x80", b"\x82\xa0"])
def test_what_is_no_content_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        unpack_item(data)
