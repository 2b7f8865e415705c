"""The digest of a set of rows."""

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.sethash import Cell, SetHash, add, remove, row_number

KEY = Secret(b"k" * 32, "set key")
CONSENT: tuple[str, list[Cell], int] = ("consent", [b"a" * 16, "ConsentGiven", 17], 1)
BUDGET: tuple[str, list[Cell], int] = ("budget", [b"b" * 16, -5, None], 9)


def test_a_row_put_in_and_taken_out_leaves_no_trace() -> None:
    rows = SetHash(KEY)
    rows.add(*BUDGET)
    before = rows.digest()

    rows.add(*CONSENT)
    rows.remove(*CONSENT)

    assert rows.digest() == before


def test_the_running_sum_is_the_sum_of_row_numbers() -> None:
    rows = SetHash(KEY)
    rows.add(*CONSENT)
    rows.add(*BUDGET)

    one, two = row_number(KEY, *CONSENT), row_number(KEY, *BUDGET)

    assert rows.total == add(add(0, two), one)
    assert remove(rows.total, one) == two
    assert rows.count == 2


def test_sums_stay_below_two_to_the_256() -> None:
    assert remove(0, 1) == 2**256 - 1
    assert add(2**256 - 1, 1) == 0


@pytest.mark.parametrize(
    "other",
    [
        ("choice", [b"a" * 16, "ConsentGiven", 17], 1),
        ("consent", [b"a" * 16, "Withdrawn", 17], 1),
        ("consent", [b"a" * 16, "ConsentGiven", "17"], 1),
        ("consent", [b"a" * 16, "ConsentGiven", 17], 2),
        ("consent", [b"a" * 16, "ConsentGiven", 17, None], 1),
    ],
)
def test_table_cells_types_and_version_all_count(other: tuple[str, list[Cell], int]) -> None:
    assert row_number(KEY, *other) != row_number(KEY, *CONSENT)


def test_a_set_restored_from_its_sum_goes_on_the_same() -> None:
    rows = SetHash(KEY)
    rows.add(*CONSENT)

    restored = SetHash(KEY, rows.total, rows.count)
    restored.add(*BUDGET)
    rows.add(*BUDGET)

    assert restored.digest() == rows.digest()


def test_the_digest_is_not_the_sum_and_needs_the_key() -> None:
    rows = SetHash(KEY)
    rows.add(*CONSENT)

    assert rows.digest() != rows.total.to_bytes(32)
    other = SetHash(Secret(b"o" * 32, "other"), rows.total, rows.count)
    assert rows.digest() != other.digest()
