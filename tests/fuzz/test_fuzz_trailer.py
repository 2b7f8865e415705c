"""Whatever bytes a file has, it is an object of exactly its length and name, or none."""

from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.model.ids import ObjectName
from sealhold.stores.trailer import TRAILER, is_of, length_in, trailer

NAME, OTHER = ObjectName("packs/ab"), ObjectName("packs/ac")


@given(st.binary(max_size=200))
@example(b"")
@example(b"SHOF\x01".ljust(TRAILER, b"\x00"))
def test_any_bytes_are_a_whole_object_only_if_this_is_their_trailer(data: bytes) -> None:
    content, last = data[:-TRAILER], data[-TRAILER:]

    length = length_in(last, NAME, len(data))

    if length is not None and is_of(last, content):
        assert data == content + trailer(NAME, content)
        assert length == len(content)


@given(st.binary(max_size=200), st.data())
def test_a_whole_object_is_one_and_no_part_or_copy_of_it_is(
    content: bytes, data: st.DataObject
) -> None:
    whole = content + trailer(NAME, content)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]

    assert length_in(whole[-TRAILER:], NAME, len(whole)) == len(content)
    assert is_of(whole[-TRAILER:], content)
    assert length_in(whole[-TRAILER:], OTHER, len(whole)) is None
    assert length_in(cut[-TRAILER:], NAME, len(cut)) is None
