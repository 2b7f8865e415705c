"""Precision rules: what is in the language, and what is left of the rows."""

from datetime import datetime

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidFilterError
from sealhold.model.ids import FieldName
from sealhold.model.records import Column, ColumnType
from sealhold.policy.coarsen import coarsen
from sealhold.policy.precision import parse_rules

COLUMNS = [
    Column(name=FieldName(name), type=kind, about="")
    for name, kind in [
        ("t", ColumnType.INSTANT),
        ("mode", ColumnType.TEXT),
        ("steps", ColumnType.INTEGER),
        ("power", ColumnType.FLOAT),
        ("price", ColumnType.DECIMAL),
    ]
]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def seen(*texts: str, rows: list[dict[str, Plain]]) -> list[dict[str, Plain]]:
    return coarsen(parse_rules(texts, COLUMNS, allow_clock=True), rows)


def test_no_rule_changes_nothing() -> None:
    rows: list[dict[str, Plain]] = [{"t": 5}, {"mode": "bike"}]

    assert seen(rows=rows) == rows


def test_sampling_keeps_the_first_row_of_each_stretch_of_time() -> None:
    rows: list[dict[str, Plain]] = [
        {"t": 900_000, "steps": 4},
        {"t": 899_999, "steps": 3},
        {"t": 1, "steps": 2},
        {"t": None, "steps": 9},
        {"t": 0, "steps": 1},
    ]

    assert seen("sample_every(t, 15m)", rows=rows) == [
        {"t": 0, "steps": 1},
        {"t": 900_000, "steps": 4},
    ]


@pytest.mark.parametrize(
    ("rule", "column", "value", "rounded"),
    [
        ("round(steps, 100)", "steps", 149, 100),
        ("round(steps, 100)", "steps", 150, 200),
        ("round(steps, 100)", "steps", 250, 200),
        ("round(steps, 100)", "steps", -149, -100),
        ("round(steps, 7)", "steps", 2**62, 4611686018427387907),
        ("round(power, 0.01)", "power", 48.85661, 48.86),
        ("round(power, 0.1)", "power", 0.15, 0.2),
        ("round(power, 0.1)", "power", 0.25, 0.2),
        ("round(power, 50)", "power", 1e300, None),
        ("round(price, 0.5)", "price", "-12.30", "-12.5"),
        ("round(price, 100)", "price", "1249.99", "1200"),
        ("round(price, 1)", "price", "-0.20", "0"),
        ("round(t, 1h)", "t", 7_199_999, 3_600_000),
        ("round(t, 1h)", "t", -1, -3_600_000),
        ("round(steps, 100)", "steps", None, None),
        ("round(steps, 100)", "steps", True, None),
        ("round(power, 1)", "power", float("nan"), None),
        ("round(t, 1h)", "t", "noon", None),
    ],
)
def test_rounding_goes_to_the_nearest_step_and_half_to_even(
    rule: str, column: str, value: Plain, rounded: Plain
) -> None:
    found = seen(rule, rows=[{column: value, "mode": "bike"}])

    assert found == [{column: rounded, "mode": "bike"}]
    assert type(found[0][column]) is type(rounded)


def test_nothing_is_rounded_to_less_than_nothing() -> None:
    assert repr(seen("round(power, 1)", rows=[{"power": -0.2}])) == "[{'power': 0.0}]"


def test_rounding_a_field_that_is_absent_leaves_it_absent() -> None:
    assert seen("round(steps, 5)", "round(t, 1h)", rows=[{"mode": "bike"}]) == [{"mode": "bike"}]


@pytest.mark.parametrize(
    ("summary", "found"),
    [
        ("min(steps)", {"steps": 1}),
        ("max(steps)", {"steps": 4}),
        ("sum(steps)", {"steps": 8}),
        ("avg(steps)", {"steps": 3}),
        ("count(steps)", {"steps": 3}),
        ("count(mode)", {"mode": 1}),
        ("avg(power)", {"power": 0.2}),
        ("sum(price)", {"price": "0.3"}),
        ("avg(price)", {"price": "0.15"}),
    ],
)
def test_many_rows_of_a_period_become_one(summary: str, found: dict[str, Plain]) -> None:
    rows: list[dict[str, Plain]] = [
        {"t": 1, "steps": 1, "mode": "bike", "power": 0.1, "price": "0.10"},
        {"t": 2, "steps": 3, "mode": None, "power": 0.3, "price": "0.20"},
        {"t": 3, "steps": 4},
        {"steps": 99, "mode": "walk", "power": 9.0, "price": "9"},
    ]

    assert seen(f"aggregate({summary} per day(t, 'UTC'))", rows=rows) == [{"t": 0, **found}]


def test_a_period_without_a_number_has_none() -> None:
    rows: list[dict[str, Plain]] = [{"t": 1, "steps": "many"}, {"t": 90_000_000}]

    assert seen("aggregate(sum(steps) per day(t, 'UTC'))", rows=rows) == [
        {"t": 0, "steps": None},
        {"t": 86_400_000, "steps": None},
    ]


def test_a_day_is_that_of_the_zone_also_when_it_has_25_hours() -> None:
    begin, end = at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")  # midnights in Paris
    rows: list[dict[str, Plain]] = [{"t": begin + n * 1_800_000, "steps": 1} for n in range(51)]

    assert seen("aggregate(count(steps) per day(t, 'Europe/Paris'))", rows=rows) == [
        {"t": begin, "steps": 50},
        {"t": end, "steps": 1},
    ]


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    first = at("2026-10-25T00:30:00Z")  # 02:30 in Paris, twice
    rows: list[dict[str, Plain]] = [{"t": first, "steps": 1}, {"t": first + 3_600_000, "steps": 1}]

    assert seen("aggregate(count(steps) per hour(t, 'Europe/Paris'))", rows=rows) == [
        {"t": at("2026-10-25T00:00:00Z"), "steps": 1},
        {"t": at("2026-10-25T01:00:00Z"), "steps": 1},
    ]


def test_an_hour_of_a_zone_that_is_half_an_hour_off_begins_at_its_own_full_hour() -> None:
    rows: list[dict[str, Plain]] = [{"t": at("2026-11-21T10:45:30.250Z"), "steps": 1}]

    assert seen("aggregate(count(steps) per hour(t, 'Asia/Kolkata'))", rows=rows) == [
        {"t": at("2026-11-21T10:30:00Z"), "steps": 1}
    ]


def test_a_week_begins_on_monday() -> None:
    rows: list[dict[str, Plain]] = [
        {"t": at("2026-11-22T22:59:59Z"), "steps": 1},
        {"t": at("2026-11-22T23:00:00Z"), "steps": 1},
    ]

    assert seen("aggregate(count(steps) per week(t, 'Europe/Paris'))", rows=rows) == [
        {"t": at("2026-11-15T23:00:00Z"), "steps": 1},
        {"t": at("2026-11-22T23:00:00Z"), "steps": 1},
    ]


def test_a_time_outside_the_calendar_is_in_no_period() -> None:
    assert seen("aggregate(count(steps) per day(t, 'UTC'))", rows=[{"t": 2**62, "steps": 1}]) == []


def test_the_most_recent_rows_are_those_with_the_latest_times() -> None:
    rows: list[dict[str, Plain]] = [{"t": n} for n in (3, 1, 2)] + [{"mode": "bike"}]

    assert seen("k_most_recent(t, 2)", rows=rows) == [{"t": 2}, {"t": 3}]


def test_rules_are_applied_in_their_order() -> None:
    rows: list[dict[str, Plain]] = [{"t": n, "steps": 4} for n in range(3)]

    assert seen("aggregate(sum(steps) per day(t, 'UTC'))", "round(steps, 10)", rows=rows) == [
        {"t": 0, "steps": 10}
    ]
    assert seen("round(steps, 10)", "aggregate(sum(steps) per day(t, 'UTC'))", rows=rows) == [
        {"t": 0, "steps": 0}
    ]


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["blur(t, 5)"], "no such rule"),
        (["round(mode, 5)"], "another type"),
        (["round(steps, 0.5)"], "whole step"),
        (["round(steps, 0)"], "a number from"),
        (["round(steps, -5)"], "a number from"),
        (["round(t, 5)"], "a length of time"),
        (["round(t, 0s)"], "a length of time"),
        (["round(t, 1y)"], "no word, number"),
        (["sample_every(steps, 1h)"], "another type"),
        (["aggregate(median(steps) per day(t, 'UTC'))"], "one of min"),
        (["aggregate(avg(mode) per day(t, 'UTC'))"], "another type"),
        (["aggregate(avg(steps) per month(t, 'UTC'))"], "one of hour"),
        (["aggregate(avg(steps) per day(t))"], "`,` expected"),
        (["aggregate(avg(steps) per day(t, 'Nowhere'))"], "no such time zone"),
        (["aggregate(count(t) per day(t, 'UTC'))"], "the time itself"),
        (["aggregate(avg(steps) per day(t, 'UTC'))", "round(power, 1)"], "no such column"),
        (["aggregate(count(mode) per day(t, 'UTC'))", "round(mode, 0.5)"], "whole step"),
        (["round(steps, 5) round(steps, 5)"], "the end expected"),
        (["k_most_recent(t, 1.5)"], "a whole number"),
        (["k_most_recent(t, 0)"], "a number from"),
        ([""], "a rule expected"),
    ],
)
def test_what_is_not_in_the_language_is_refused(texts: list[str], why: str) -> None:
    with pytest.raises(InvalidFilterError, match=why):
        parse_rules(texts, COLUMNS, allow_clock=True)


def test_the_newest_rows_are_refused_where_the_clock_is() -> None:
    with pytest.raises(InvalidFilterError, match="depends on the clock"):
        parse_rules(["k_most_recent(t, 5)"], COLUMNS)


def test_more_rules_than_sixteen_are_refused() -> None:
    with pytest.raises(InvalidFilterError, match="17 rules"):
        parse_rules(["round(steps, 5)"] * 17, COLUMNS)
