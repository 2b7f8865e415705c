"""A provider moves cells about, counts terms, makes up tokens, and reads order terms."""

import random
from collections import Counter
from itertools import combinations

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.ope import OrderTerms
from sealhold.crypto.secret import Secret
from sealhold.model.errors import SealBrokenError, TamperedError
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.policy import Policy
from sealhold.protect.spec import CELL
from tests.protecting import MemoryTokens, column, columns, keys, table

EMAIL = column("email", "text", "sealed", "match")
HOME = columns(table(EMAIL))["email"]
CELLS = HOME.encode(CELL, [b"ann@example.org", b"bob@example.org"], [1, 2])
LUCK = random.Random(3)  # values of a test


def elsewhere() -> dict[str, tuple[Column, int]]:
    """Return places to which a cell of row 1 is moved."""
    return {
        "another row": (HOME, 2),
        "a row with the same lower half": (HOME, 1 + (1 << 32)),
        "another column": (columns(table(column("phone", "text", "sealed")))["phone"], 1),
        "another table": (columns(table(EMAIL, name="letter"))["email"], 1),
        "another type": (columns(table(column("email", "bytea", "sealed")))["email"], 1),
        "another dataset": (columns(table(EMAIL), number=2)["email"], 1),
    }


@pytest.mark.threat("T610")
def test_a_cell_opens_in_its_own_place() -> None:
    assert HOME.decode(CELLS, [1, 2]) == [b"ann@example.org", b"bob@example.org"]


@pytest.mark.threat("T610")
@pytest.mark.parametrize("place", elsewhere())
def test_a_cell_that_was_moved_does_not_open(place: str) -> None:
    there, row = elsewhere()[place]

    with pytest.raises(SealBrokenError):
        there.decode(CELLS[:1], [row])


@pytest.mark.threat("T610")
def test_two_cells_that_changed_places_open_neither() -> None:
    with pytest.raises(SealBrokenError):
        HOME.decode(CELLS[::-1], [1, 2])


@pytest.mark.threat("T610")
def test_no_bit_of_a_cell_can_be_changed() -> None:
    (cell,) = CELLS[:1]
    assert cell is not None

    for bit in range(8 * len(cell)):
        changed = (int.from_bytes(cell) ^ (1 << bit)).to_bytes(len(cell))
        with pytest.raises(SealBrokenError):
            HOME.decode([changed], [1])


@pytest.mark.threat("T610")
def test_no_piece_of_a_cell_opens() -> None:
    (cell,) = CELLS[:1]
    assert cell is not None

    for length in range(len(cell)):
        with pytest.raises(SealBrokenError):
            HOME.decode([cell[:length]], [1])


@pytest.mark.threat("T610")
def test_one_bad_cell_of_many_opens_none() -> None:
    with pytest.raises(SealBrokenError):
        HOME.decode([*CELLS, b"made up by somebody, long enough to be one"], [1, 2, 3])


@pytest.mark.threat("T611")
def test_counting_terms_gives_the_common_values_and_nothing_of_the_others() -> None:
    a = columns(table(column("a", "text", "match")))["a"]
    often = {b"flu": 60, b"asthma": 25, b"gout": 10}
    values = [name for name, times in often.items() for _ in range(times)]
    values += [b"rare %d" % number for number in range(20)]
    LUCK.shuffle(values)

    terms = a.encode("_m", values, ())

    ranked = [term for term, times in Counter(terms).most_common() if times > 1]
    guess = dict(zip(ranked, often, strict=True))  # who knows how often each value occurs
    assert {value for value, term in zip(values, terms, strict=True) if term in guess} == {*often}
    assert all(guess[t] == v for v, t in zip(values, terms, strict=True) if t in guess)
    once = [term for term in terms if term not in guess]
    assert len(set(once)) == len(once) == 20  # each as good as any other


@pytest.mark.threat("T611")
def test_a_term_cannot_be_looked_up_by_who_guesses_its_value() -> None:
    a, other = (
        columns(table(column("a", "text", "match")), number=number)["a"] for number in (1, 2)
    )

    assert a.encode("_m", [b"flu"], ()) != other.encode("_m", [b"flu"], ())


@pytest.mark.threat("T611")
def test_a_beacon_shows_buckets_and_no_values() -> None:
    a = columns(table(column("a", "text", "match", bits=8)))["a"]

    terms = a.encode("_m", [b"value %d" % number for number in range(4000)], ())

    of_bucket = Counter(terms)
    assert len(of_bucket) == 256
    assert min(of_bucket.values()) > 1


@pytest.mark.threat("T612")
def test_a_token_that_a_provider_makes_up_stands_for_nothing() -> None:
    policy = Policy(name="p", version=1, tables=(table(column("a", "text", "token")),))
    kept = MemoryTokens()
    a = columns_of(policy, keys(), seeded(b"x"), tokens=lambda _: kept)["public", "patient"]["a"]
    stored = a.encode(CELL, [b"Ann-42"], [1])

    with pytest.raises(TamperedError):
        a.decode([*stored, b"Bob-17"], [1, 2])


@pytest.mark.threat("T615")
def test_order_terms_tell_order_and_the_first_differing_bit() -> None:
    bits, terms = 32, OrderTerms(Secret(bytes(32), "key"))
    numbers = [LUCK.getrandbits(bits) for _ in range(100)]
    made = terms.terms(numbers, bits)

    for (one, first), (other, second) in combinations(zip(numbers, made, strict=True), 2):
        differing = next((at for at in range(bits) if first[at] != second[at]), bits)
        assert differing == bits - (one ^ other).bit_length()


@pytest.mark.threat("T615")
def test_behind_the_first_differing_bit_terms_of_equal_bits_have_nothing_in_common() -> None:
    bits, terms = 32, OrderTerms(Secret(bytes(32), "key"))
    tails = [LUCK.getrandbits(16) for _ in range(400)]
    low = terms.terms(tails, bits)
    high = terms.terms([1 << 31 | tail for tail in tails], bits)

    same = sum(
        a == b
        for one, other in zip(low, high, strict=True)
        for a, b in zip(one[1:], other[1:], strict=True)
    )

    assert same / (400 * 31) < 2.5 / 255  # as often as bytes that were drawn


@pytest.mark.threat("T615")
def test_a_lone_order_term_gives_away_a_quarter_of_a_bit() -> None:
    bits, terms = 64, OrderTerms(Secret(bytes(32), "key"))
    numbers = [LUCK.getrandbits(bits) for _ in range(1000)]

    told = 0
    for number, term in zip(numbers, terms.terms(numbers, bits), strict=True):
        for at, byte in enumerate(term):
            if byte in {0, 255}:
                assert (number >> (bits - 1 - at)) & 1 == byte // 255
                told += 1

    assert 0.17 < told / len(numbers) < 0.34  # 64 / 255 is 0.25


@pytest.mark.threat("T619")
def test_a_domain_that_is_called_like_a_column_does_not_get_its_key() -> None:
    made = columns(
        table(column("a", "text", "match"), column("b", "text", "match", domain="public.patient.a"))
    )

    assert made["a"].keys["_m"] != made["b"].keys["_m"]
    assert made["a"].encode("_m", [b"x"], ()) != made["b"].encode("_m", [b"x"], ())


@pytest.mark.threat("T619")
def test_names_do_not_run_together_in_the_derivation_of_keys() -> None:
    derived = keys()
    parts = [("ab", "c", "d"), ("a", "bc", "d"), ("ab", "", "cd"), ("abc", "d", "")]

    found = [derived.column_key(*each, 1).reveal() for each in parts]
    found += [derived.column_key(*parts[0], 2).reveal()]

    assert len(set(found)) == len(found)
