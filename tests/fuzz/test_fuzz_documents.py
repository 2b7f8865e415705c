"""Hostile entries and snapshots of documents: refused, or taken in; nothing else happens."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.model.encoding import pack
from sealhold.model.errors import TamperedError
from sealhold.sharing.devices.docops import packed, unpacked
from sealhold.sharing.devices.docsnapshot import unpacked_snapshot
from sealhold.sharing.devices.documents import Document
from tests.property.edited import session

_, LOG = session(Random(5), rounds=6)
ENTRIES = [entry for _, entry in LOG]

numbers = st.one_of(st.integers(0, 9), st.integers(-1, 1 << 64))
leaves = st.one_of(numbers, st.text(max_size=4), st.none(), st.binary(max_size=4), st.floats())
heads = st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=2)
operations = st.lists(leaves, min_size=2, max_size=5)
trees = st.tuples(
    st.just(1),
    st.integers(1, 4),
    st.integers(0, 3),
    st.lists(st.tuples(heads, st.lists(operations, min_size=1, max_size=3)), max_size=2),
)


def taken_or_refused(document: Document, data: bytes) -> None:
    try:
        entry = unpacked(data)
    except TamperedError:
        return
    assert packed(entry) == data
    before = document.content()
    try:
        document.take_in(entry.author, data)
    except TamperedError:
        assert document.content() == before


@settings(max_examples=300, deadline=None)
@given(tree=trees)
def test_any_tree_is_taken_in_or_refused(tree: object) -> None:
    taken_or_refused(Document(9), pack(tree))


@settings(max_examples=150, deadline=None)
@given(which=st.sampled_from(ENTRIES), at=st.integers(0, 1 << 20), byte=st.integers(0, 255))
def test_an_entry_with_another_byte_is_taken_in_or_refused(
    which: bytes, at: int, byte: int
) -> None:
    at %= len(which)
    taken_or_refused(Document(9), which[:at] + bytes([byte]) + which[at + 1 :])


@given(data=st.binary(max_size=60))
def test_any_bytes_are_no_entry_and_no_snapshot(data: bytes) -> None:
    taken_or_refused(Document(9), data)
    try:
        version, state = unpacked_snapshot(data)
    except TamperedError:
        return
    assert (version, state) == ({}, b"") or data
