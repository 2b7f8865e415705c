"""Laws of protected columns: order is kept, covers are exact, and what is hidden comes back."""

import random
import struct
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.ff1 import Ff1
from sealhold.crypto.ope import OrderTerms
from sealhold.crypto.sse import Entry, word_key
from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import Bind
from sealhold.protect.spec import CELL
from sealhold.protect.techniques.range_hidden import RangeHidden
from tests.protecting import KEY, Rented, column, columns, table

MANY = 450  # values of each type: 101,025 pairs
LUCK = random.Random(7)  # values of tests


def whole(bits: int) -> list[object]:
    """Return numbers of all sizes, with the ends and neighbours."""
    top = 1 << (bits - 1)
    near = [top - 1, -top, 0, -1, 1]
    sizes = [LUCK.randrange(-(1 << n), 1 << n) for n in range(bits) for _ in range(MANY)]
    return [*near, *LUCK.sample(sizes, MANY - len(near))]


def floats(form: str) -> list[object]:
    size = struct.calcsize(form)
    drawn = [struct.unpack(form, LUCK.randbytes(size))[0] for _ in range(MANY - 7)]
    return [0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf"), float("nan"), *drawn]


def decimals() -> list[object]:
    return [Decimal(LUCK.randrange(-(10**18) + 1, 10**18)).scaleb(-2) for _ in range(MANY)]


KINDS: dict[str, Callable[[], list[object]]] = {
    "smallint": lambda: whole(16),
    "integer": lambda: whole(32),
    "bigint": lambda: whole(64),
    "numeric(18,2)": decimals,
    "real": lambda: floats("!f"),
    "double precision": lambda: floats("!d"),
    "date": lambda: [LUCK.randrange(-2_000_000, 2_000_000) for _ in range(MANY)],
    "timestamp": lambda: [LUCK.randrange(-(2 * 10**17), 9 * 10**18) for _ in range(MANY)],
    "timestamptz": lambda: [LUCK.randrange(-(10**16), 10**16) for _ in range(MANY)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_terms_stand_in_the_order_of_their_values(kind: str) -> None:
    scale = 2 if kind.startswith("numeric") else None
    a = columns(table(column("a", kind, "order", scale=scale)))["a"]
    form = codec(named(kind))
    given_ = [form.from_value(value) for value in KINDS[kind]()]

    terms = a.encode("_o", given_, ())

    def key(binary: bytes) -> Any:  # noqa: ANN401  # reason: keys of one type compare
        return form.key(form.to_value(binary))

    # in this order each of the pairs is: equal values have equal terms, others stand apart
    paired = sorted(zip(given_, terms, strict=True), key=lambda pair: key(pair[0]))
    for (low, low_term), (high, high_term) in pairwise(paired):
        assert low_term is not None
        assert high_term is not None
        assert (low_term < high_term) == (key(low) != key(high))
        assert (low_term == high_term) == (key(low) == key(high))


@given(
    st.integers(1, 64).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 2**n - 1))))
)
def test_a_term_is_the_same_alone_and_among_others(drawn: tuple[int, list[int]]) -> None:
    bits, numbers = drawn
    terms = OrderTerms(KEY)

    together = terms.terms(numbers, bits)

    assert together == [terms.terms([number], bits)[0] for number in numbers]
    assert all(len(term) == bits for term in together)


@given(st.lists(st.none() | st.binary(max_size=300)), st.sampled_from([0, 16, 64, 256]), st.data())
def test_cells_come_back_as_they_were(
    values: list[bytes | None], pad: int, data: st.DataObject
) -> None:
    a = column_of(pad)
    rids = data.draw(
        st.lists(st.integers(0, 2**63 - 1), min_size=len(values), max_size=len(values))
    )

    assert a.decode(a.encode(CELL, values, rids), rids) == values


def column_of(pad: int) -> Column:
    return columns(table(column("a", "bytea", "sealed", pad=pad), bind=Bind.ROW))["a"]


@given(
    st.sampled_from(["0123456789", "ab", "0123456789abcdef", "äöü\N{SNOWMAN}xyz"]).flatmap(
        lambda alphabet: st.tuples(
            st.just(alphabet), st.lists(st.text(alphabet, min_size=20, max_size=60))
        )
    )
)
def test_texts_of_a_length_are_turned_around_among_themselves(drawn: tuple[str, list[str]]) -> None:
    alphabet, texts = drawn
    cipher = Ff1(KEY, alphabet, b"tweak")

    made = cipher.encrypt(texts)

    assert cipher.decrypt(made) == texts
    assert [len(text) for text in made] == [len(text) for text in texts]
    assert len(set(made)) == len(set(texts))
    assert set("".join(made)) <= set(alphabet)


@given(st.integers(0, 10), st.integers(0, 999), st.integers(0, 999))
def test_a_cover_has_the_buckets_of_its_range_and_no_others(
    depth: int, low: int, high: int
) -> None:
    hidden = RangeHidden(Rented().pairs, (0, 999), 1 << depth)
    low, high = min(low, high), max(low, high)

    nodes = hidden.cover(low, high)

    width = -(-1000 // (1 << depth))
    for value in range(1000):
        hits = len(set(nodes) & set(hidden.nodes(value)))
        inside = low // width <= value // width <= high // width
        assert hits == inside
    assert len(nodes) <= 2 * depth + 1


@given(
    word=st.binary(),
    counter=st.integers(0, 2**63 - 1),
    row=st.integers(0, 2**63 - 1),
    removed=st.booleans(),
)
def test_pairs_say_what_they_were_made_for(
    word: bytes, counter: int, row: int, *, removed: bool
) -> None:
    key = word_key(KEY, 1, word)

    pair = key.seal(counter, Entry(row, removed))

    assert key.open(counter, pair.value) == Entry(row, removed)
    assert key.labels([counter]) == [pair.label]


def test_nonces_are_not_drawn_twice() -> None:
    a = columns(table(column("a", "bytea", "sealed")))["a"]

    stored = [a.encode(CELL, [b"x"] * 50, range(50)) for _ in range(4)]

    assert len({(cell or b"")[5:17] for cells in stored for cell in cells}) == 200
