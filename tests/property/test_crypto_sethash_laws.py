"""Laws of the set hash: the rows that are in decide, not how they came."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.secret import Secret
from sealhold.crypto.sethash import Cell, SetHash

KEY = Secret(b"k" * 32, "set key")

# Small alphabets, so that rows meet often.
cells = st.one_of(st.sampled_from([b"", b"a", "", "a", None]), st.integers(-1, 1))
rows = st.tuples(st.sampled_from(["consent", "budget"]), st.lists(cells, max_size=2), st.just(1))
row_lists = st.lists(rows, max_size=6)

Rows = list[tuple[str, list[Cell], int]]


def digest_of(content: Rows) -> bytes:
    found = SetHash(KEY)
    for row in content:
        found.add(*row)
    return found.digest()


@given(content=row_lists, data=st.data())
def test_order_makes_no_difference(content: Rows, data: st.DataObject) -> None:
    assert digest_of(content) == digest_of(data.draw(st.permutations(content)))


@given(one=row_lists, two=row_lists)
def test_two_sets_agree_only_if_they_hold_the_same_rows(one: Rows, two: Rows) -> None:
    same = sorted(map(repr, one)) == sorted(map(repr, two))

    assert (digest_of(one) == digest_of(two)) is same


@given(content=row_lists, passing=row_lists)
def test_rows_that_came_and_went_leave_no_trace(content: Rows, passing: Rows) -> None:
    found = SetHash(KEY)
    for row in content + passing:
        found.add(*row)
    for row in passing:
        found.remove(*row)

    assert found.digest() == digest_of(content)
