"""Uses that one device of the owner lends to the others: asked for, drawn, given back."""

from collections.abc import Iterator

import pytest

from sealhold.model.quantities import HOUR, MINUTE
from sealhold.policy.share import Per
from tests.unit.lent_uses import Lent, lent
from tests.unit.people import sync

MOST = 40


@pytest.fixture
def it() -> Iterator[Lent]:
    with lent(MOST) as found:
        yield found


def lend(it: Lent) -> None:
    """Have the second device ask for uses, and be lent some."""
    it.ask()
    for number in (0, 1, 0, 1):
        it.round(number)


def test_another_device_answers_with_what_it_was_lent(it: Lent) -> None:
    lend(it)
    assert [each.amount for each in it.ledger().lent] == [MOST // 8]

    it.time.now += MINUTE  # an ask is left to the first device for a while
    keys = [it.ask() for _ in range(MOST // 8 + 2)]
    it.time.now += MINUTE
    assert it.round(1) == MOST // 8
    sync(it.guest, it.shelf)

    numbers = it.numbers(it.guest)
    assert sum(key in numbers for key in keys) == MOST // 8
    assert len(set(numbers.values())) == MOST // 8 + 1


def test_a_young_ask_is_left_to_the_device_with_the_ledger(it: Lent) -> None:
    lend(it)

    it.ask()

    assert it.round(1) == 0
    assert it.round(0) == 1


def test_what_was_not_used_is_given_back_after_its_end(it: Lent) -> None:
    lend(it)
    it.time.now += MINUTE
    it.ask()
    it.time.now += MINUTE
    assert it.round(1) == 1

    it.time.now += 25 * HOUR  # nobody asked of late, so no more is asked for
    for number in (1, 0):
        it.round(number)

    assert it.ledger().lent == ()
    assert it.ledger().spent == 2
    assert it.ledger().left == MOST - 2


def test_while_some_are_lent_an_ask_waits_and_is_not_refused() -> None:
    with lent(8) as it:
        lend(it)  # one of eight is lent, one was used
        for _ in range(7):
            it.ask()
        it.round(0)
        assert it.ledger().left == 0
        assert len(it.numbers(it.own[0])) == 7
        it.time.now += MINUTE

        assert it.round(1) == 1  # the last one

        it.ask()
        for number in (1, 0, 1):
            it.round(number)
        assert (it.ledger().spent, it.ledger().lent) == (8, ())
        sync(it.guest, it.shelf)
        assert sorted(it.numbers(it.guest).values()) == list(range(1, 9))


def test_a_share_that_is_counted_by_the_day_is_not_lent() -> None:
    with lent(MOST, per=Per.DAY) as it:
        lend(it)

        assert it.ledger().lent == ()


def test_a_share_without_a_count_is_lent_numbers() -> None:
    with lent(None) as it:
        lend(it)
        it.time.now += MINUTE
        it.ask()
        it.time.now += MINUTE

        assert it.round(1) == 1
        assert len(set(it.numbers(it.own[1]).values())) == 2
