"""Detectors without a proxy: what is unusual, what is too much, when a provider is suspected."""

import pytest

from sealhold.protect.detecting import (
    HOUR,
    KEYS,
    MINUTE,
    PAIRS,
    WARM,
    Access,
    Answers,
    Spread,
)


def test_a_spread_knows_mean_and_deviation_and_follows() -> None:
    spread = Spread()
    for value in [10.0, 20.0] * 200:
        spread.add(value)

    assert spread.mean == pytest.approx(15, abs=1)
    assert spread.variance == pytest.approx(25, rel=0.3)
    for _ in range(100):
        spread.add(1_000)
    assert spread.mean == pytest.approx(1_000, rel=0.01)


def test_nothing_is_unusual_before_enough_is_known_or_below_what_is_worth_a_word() -> None:
    spread = Spread()
    assert not spread.is_unusual(1e9)
    for _ in range(WARM):
        spread.add(5)
    assert not spread.is_unusual(999)
    assert spread.is_unusual(1_001)


@pytest.mark.threat("T743")
def test_more_different_rows_than_allowed_are_told_and_none_of_them_counted() -> None:
    access = Access()
    assert access.saw("anna", "t", range(10), 0, distinct=10) == ()
    assert access.saw("anna", "t", range(10), 1, distinct=10) == ()  # the same ones
    assert access.saw("anna", "t", [3, 11], 2, distinct=10) == ("distinct",)
    assert access.saw("anna", "t", [3], 3, distinct=10) == ()
    assert access.saw("bert", "t", [11], 3, distinct=10) == ()
    assert access.saw("anna", "t", [11], HOUR, distinct=10) == ()


@pytest.mark.threat("T743")
def test_more_rows_in_a_minute_than_allowed_are_told() -> None:
    access = Access()
    assert access.saw("anna", "t", [1] * 40, 0, rows=50) == ()
    assert access.saw("anna", "t", [1] * 11, 1, rows=50) == ("rate",)
    assert access.saw("anna", "t", [1] * 10, 2, rows=50) == ()
    assert access.saw("anna", "t", [1] * 50, MINUTE, rows=50) == ()


def test_a_minute_far_above_all_others_is_unusual_and_a_steady_load_is_not() -> None:
    access = Access()
    told: set[str] = set()
    for minute in range(WARM + 40):
        for part in range(4):
            keys = range(part * 100, part * 100 + 100 + minute % 7 * 20)
            told.update(access.saw("anna", "t", keys, minute * MINUTE + part))
    assert told == set()
    assert access.saw("anna", "t", range(9_000), (WARM + 40) * MINUTE) == ("unusual-rows",)


def test_an_hour_with_far_more_different_rows_is_unusual() -> None:
    access = Access()
    for hour in range(WARM + 1):
        for minute in range(30):  # the same rows again and again
            access.saw("anna", "t", range(300), hour * HOUR + minute * MINUTE)
    told: set[str] = set()
    for minute in range(30):
        keys = range(minute * 300, minute * 300 + 300)
        told.update(access.saw("anna", "t", keys, (WARM + 1) * HOUR + minute * MINUTE))
    assert told == {"unusual-distinct"}


@pytest.mark.threat("T744")
def test_very_many_users_are_counted_in_so_much_room_and_none_goes_uncounted() -> None:
    access = Access()
    for user in range(3 * PAIRS):
        access.saw(f"u{user}", "t", [user], 0, distinct=PAIRS)
    assert access.is_crowded
    assert len(access._pairs) <= PAIRS + 1
    assert access.saw("another", "t", range(10_000, 10_000 + PAIRS), 1, distinct=PAIRS) == (
        "distinct",
    )


@pytest.mark.threat("T744")
def test_of_a_table_without_a_limit_so_many_rows_are_told_apart() -> None:
    access = Access()
    for at in range(0, 4 * KEYS, 1_000):
        access.saw("anna", "t", range(at, at + 1_000), 0)
    assert all(len(each.seen) <= KEYS for each in access._pairs.values())


def test_a_provider_that_takes_as_long_as_ever_is_not_suspected() -> None:
    answers = Answers()
    for at in range(50):
        answers.asked(at)
        assert not answers.is_suspected(at + 0.4)
        answers.answered(at + 0.4)
    answers.asked(100)
    assert not answers.is_suspected(101)
    assert answers.is_suspected(105)
    answers.answered(105)
    assert not answers.is_suspected(300)


def test_a_slow_provider_is_given_the_time_that_it_takes() -> None:
    answers = Answers()
    for at in range(0, 500, 10):
        answers.asked(at)
        answers.answered(at + 2 + at % 4)
    answers.asked(1_000)
    assert not answers.is_suspected(1_006)
    assert answers.is_suspected(1_020)


def test_a_provider_that_does_not_connect_is_suspected_until_it_answers() -> None:
    answers = Answers()
    answers.failed()
    assert answers.is_suspected(0)
    answers.asked(1)
    assert answers.is_suspected(1)
    answers.answered(2)
    assert not answers.is_suspected(3)


def test_phi_ends_where_floats_do() -> None:
    answers = Answers()
    answers.asked(0)
    assert answers.phi(0) == pytest.approx(0.30, abs=0.01)
    assert answers.phi(1e9) == 300.0
