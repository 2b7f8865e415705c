"""A provider changes, withholds and mixes up what finds rows by their words."""

import pytest

from sealhold.model.errors import SealBrokenError, TamperedError
from sealhold.protect.pairs import Change
from tests.protecting import Rented


@pytest.mark.threat("T613")
def test_no_bit_of_a_value_can_be_changed() -> None:
    rented = Rented()
    rented.write(Change(777, [b"a"]))
    ((label, value),) = rented.rows.items()

    for bit in range(128):
        rented.rows[label] = (int.from_bytes(value) ^ (1 << bit)).to_bytes(16)
        with pytest.raises(SealBrokenError):
            rented.find(b"a")


@pytest.mark.threat("T613")
@pytest.mark.parametrize("value", [b"", b"short", bytes(16), bytes(17)])
def test_a_value_that_a_provider_makes_up_does_not_open(value: bytes) -> None:
    rented = Rented()
    rented.write(Change(777, [b"a"]))
    rented.rows = dict.fromkeys(rented.rows, value)

    with pytest.raises(SealBrokenError):
        rented.find(b"a")


@pytest.mark.threat("T613")
def test_values_of_two_labels_that_changed_places_do_not_open() -> None:
    rented = Rented()
    rented.write(Change(1, [b"a"]), Change(2, [b"a"]))
    one, other = rented.rows
    rented.rows[one], rented.rows[other] = rented.rows[other], rented.rows[one]

    with pytest.raises(SealBrokenError):
        rented.find(b"a")


@pytest.mark.threat("T617")
@pytest.mark.parametrize("withheld", range(5))
def test_a_label_that_is_withheld_is_noticed(withheld: int) -> None:
    rented = Rented()
    rented.write(*(Change(row, [b"a"]) for row in range(4)), Change(9, removed=[b"a"]))
    del rented.rows[list(rented.rows)[withheld]]

    with pytest.raises(TamperedError):
        rented.find(b"a")


@pytest.mark.threat("T617")
def test_a_transaction_of_which_a_part_is_left_is_noticed() -> None:
    rented = Rented()
    batch = rented.pairs.batch([Change(1, [b"a", b"b"])])
    labels = rented.pairs.doubted(batch.ticket)

    with pytest.raises(TamperedError):
        rented.pairs.cleared(batch.ticket, labels, 1)


@pytest.mark.threat("T618")
def test_no_label_is_ever_sent_with_another_value() -> None:
    rented = Rented()
    sent: dict[bytes, bytes] = {}

    for turn in range(1000):
        word = b"ab"[turn % 2 :][:1]
        batch = rented.pairs.batch([Change(turn, [word])])
        for label, value in batch.pairs:
            assert sent.setdefault(label, value) == value
        match turn % 5:
            case 0 | 1:  # committed
                rented.rows.update(batch.pairs)
                rented.pairs.settle(batch.ticket, used=True)
            case 2:  # rolled back
                rented.pairs.settle(batch.ticket, used=False)
            case lost:  # nobody knows: it took place, or it did not
                if lost == 3:
                    rented.rows.update(batch.pairs)
                labels = rented.pairs.doubted(batch.ticket)
                there = sum(label in rented.rows for label in labels)
                rented.pairs.cleared(batch.ticket, labels, there)

    assert len(sent) == 1000
    kept = {turn for turn in range(1000) if turn % 5 in {0, 1, 3}}
    assert rented.find(b"a") | rented.find(b"b") == kept


@pytest.mark.threat("T618")
def test_what_is_written_after_a_search_is_linked_to_nothing_that_was_asked_for() -> None:
    rented = Rented()
    rented.write(Change(1, [b"a"]))
    asked = set(rented.pairs.search([b"a"]).labels)

    rented.write(Change(2, [b"a"]))

    assert len(set(rented.rows) - asked) == 1
