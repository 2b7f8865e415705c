"""Calls counted by the second: each caller has a count of their own, which fills up evenly."""

import pytest

from sealhold.compute.rates import MOST, Rates
from sealhold.model.errors import TooFastError
from sealhold.model.quantities import Instant
from tests.unit.people_vault import Time


def taken(rates: Rates, caller: bytes, tries: int) -> int:
    """Return how many of so many calls were let through."""
    done = 0
    for _ in range(tries):
        try:
            rates.take(caller)
        except TooFastError:
            continue
        done += 1
    return done


def test_one_seconds_worth_may_come_at_once() -> None:
    assert taken(Rates(5, Time()), b"one", 9) == 5


def test_the_count_fills_up_evenly_and_to_one_seconds_worth() -> None:
    time = Time()
    rates = Rates(5, time)
    taken(rates, b"one", 9)

    time.now = Instant(time.now + 400)
    after_two_fifths = taken(rates, b"one", 9)
    time.now = Instant(time.now + 60_000)
    after_a_minute = taken(rates, b"one", 9)

    assert (after_two_fifths, after_a_minute) == (2, 5)


def test_a_refused_call_takes_nothing() -> None:
    time = Time()
    rates = Rates(1, time)
    taken(rates, b"one", 50)

    time.now = Instant(time.now + 1_000)

    assert taken(rates, b"one", 1) == 1


@pytest.mark.threat("T296")
def test_nobody_takes_anything_of_anothers_count() -> None:
    rates = Rates(2, Time())
    taken(rates, b"one", 99)

    assert taken(rates, b"other", 9) == 2


def test_as_many_callers_are_remembered_as_there_is_room_for() -> None:
    rates = Rates(1, Time())
    taken(rates, b"first", 1)
    for number in range(MOST):
        taken(rates, number.to_bytes(4, "big"), 1)

    assert taken(rates, b"first", 2) == 1
