"""Row filters: what is in the language, and which rows pass."""

import math
from datetime import UTC, datetime

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidFilterError
from sealhold.model.ids import FieldName
from sealhold.model.quantities import DAY, Instant
from sealhold.model.records import Column, ColumnType
from sealhold.policy.rowfilter import answer, matches, parse_filter

COLUMNS = [
    Column(name=FieldName(name), type=kind, about="")
    for name, kind in [
        ("t", ColumnType.INSTANT),
        ("mode", ColumnType.TEXT),
        ("steps", ColumnType.INTEGER),
        ("speed", ColumnType.FLOAT),
        ("price", ColumnType.DECIMAL),
        ("lat", ColumnType.FLOAT),
        ("lon", ColumnType.FLOAT),
        ("work", ColumnType.BOOL),
        ("tags", ColumnType.LIST),
        ("age", ColumnType.INTEGER),
    ]
]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def passes(text: str, now: Instant | None = None, /, **fields: Plain) -> bool:
    return matches(parse_filter(text, COLUMNS, allow_clock=now is not None), fields, now)


@pytest.mark.parametrize(
    ("text", "fields", "passed"),
    [
        ("all", {}, True),
        ("not all", {}, False),
        ("mode = 'bike'", {"mode": "bike"}, True),
        ("mode = 'bike'", {"mode": "Bike"}, False),
        ("mode != 'bike'", {"mode": "walk"}, True),
        ('mode = "it\'s"', {"mode": "it's"}, True),
        ("mode = 'it''s'", {"mode": "it's"}, True),
        ("mode < 'c'", {"mode": "bike"}, True),
        ("mode in ('bike', 'walk')", {"mode": "walk"}, True),
        ("mode in ('bike', 'walk')", {"mode": "car"}, False),
        ("steps >= 500", {"steps": 500}, True),
        ("steps > 500", {"steps": 500}, False),
        ("steps <= -1", {"steps": -1}, True),
        ("steps between 1 and 3", {"steps": 1}, True),
        ("steps between 1 and 3", {"steps": 3}, False),
        ("speed = 0.1", {"speed": 0.1}, True),
        ("speed < 9", {"speed": 8.999}, True),
        ("steps = 9007199254740993", {"steps": 2**53 + 1}, True),
        ("steps = 9007199254740993", {"steps": 2**53}, False),
        ("price = -12.5", {"price": "-12.50"}, True),
        ("price in (1, 2.50)", {"price": "2.5"}, True),
        ("work = true", {"work": True}, True),
        ("work != true", {"work": False}, True),
        ("work in (false)", {"work": False}, True),
        ("t >= '2026-11-21T00:00:00Z'", {"t": at("2026-11-21T00:00:00Z")}, True),
        ("t < '2026-11-21T00:00:00Z'", {"t": at("2026-11-21T00:00:00Z")}, False),
    ],
)
def test_a_comparison_says_what_it_says(
    text: str, fields: dict[str, Plain], *, passed: bool
) -> None:
    assert passes(text, **fields) is passed


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("steps = 1 and mode = 'bike' or work = true", True),
        ("work = true or steps = 1 and mode = 'bike'", True),
        ("steps = 1 and (mode = 'walk' or work = true)", False),
        ("not steps = 2 and mode = 'bike'", True),
        ("not (steps = 1 and mode = 'bike')", False),
        ("not not steps = 1", True),
    ],
)
def test_not_binds_before_and_which_binds_before_or(text: str, *, passed: bool) -> None:
    assert passes(text, steps=1, mode="bike", work=False) is passed


TESTS = [
    "steps = 1",
    "steps != 1",
    "steps in (1, 2)",
    "steps between 1 and 3",
    "speed < 3",
    "price > 1",
    "mode = 'bike'",
    "work = true",
    "t > '2026-11-21T00:00:00Z'",
    "weekday(t, 'Europe/Paris') in (mon, tue, wed, thu, fri, sat, sun)",
    "local_time(t, 'Europe/Paris') in [00:00, 24:00)",
    "within(lat, lon, 48.85, 2.35, 20040000)",
]
UNFIT: list[Plain] = [None, "", "x", [], {}, math.nan, math.inf, -math.inf, b"1", "NaN", "sNaN"]


@pytest.mark.parametrize("text", TESTS)
@pytest.mark.parametrize("value", UNFIT)
def test_neither_a_test_nor_its_opposite_passes_on_what_tells_nothing(
    text: str, value: Plain
) -> None:
    row: dict[str, Plain] = dict.fromkeys((str(column.name) for column in COLUMNS), value)
    if text.startswith("mode"):
        row["mode"] = None if isinstance(value, str) else value

    assert answer(parse_filter(text, COLUMNS), row) is None
    assert not matches(parse_filter(text, COLUMNS), row)
    assert not matches(parse_filter(f"not {text}", COLUMNS), row)
    assert not matches(parse_filter(f"not not ({text})", COLUMNS), {})


def test_yes_and_no_are_no_numbers() -> None:
    assert not passes("steps = 1", steps=True)
    assert not passes("not steps = 1", steps=True)
    assert not passes("work = true", work=1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("steps = 1 and mode = 'x'", None),
        ("steps = 2 and mode = 'x'", False),
        ("steps = 1 or mode = 'x'", True),
        ("steps = 2 or mode = 'x'", None),
        ("mode = 'x' or mode != 'x'", None),
    ],
)
def test_unknown_counts_only_where_it_could_change_the_answer(
    text: str, *, found: bool | None
) -> None:
    assert answer(parse_filter(text, COLUMNS), {"steps": 1}) is found


@pytest.mark.parametrize(
    ("when", "passed"),
    [
        ("2026-03-27T07:00:00Z", True),  # a Friday, 08:00 in Madrid in winter
        ("2026-03-27T06:59:59Z", False),
        ("2026-03-27T09:00:00Z", False),  # 10:00: the interval is half-open
        ("2026-03-28T07:00:00Z", False),  # a Saturday
        ("2026-03-30T06:00:00Z", True),  # the Monday after the clocks went forward
        ("2026-03-30T07:59:59Z", True),
        ("2026-03-30T08:00:00Z", False),
        ("2026-10-26T07:00:00Z", True),  # the Monday after they went back
        ("2026-10-26T06:30:00Z", False),
    ],
)
def test_working_hours_follow_the_clocks_of_their_zone(when: str, *, passed: bool) -> None:
    text = (
        "weekday(t, 'Europe/Madrid') in (mon, tue, wed, thu, fri)"
        " and local_time(t, 'Europe/Madrid') in [08:00, 10:00)"
    )

    assert passes(text, t=at(when)) is passed


def test_an_evening_may_last_over_midnight() -> None:
    text = "local_time(t, 'UTC') in [22:00, 02:00)"

    found = [passes(text, t=at(f"2026-11-21T{hour:02}:30:00Z")) for hour in range(24)]

    assert [hour for hour in range(24) if found[hour]] == [0, 1, 22, 23]
    assert passes(text, t=at("2026-11-21T22:00:00Z"))
    assert not passes(text, t=at("2026-11-21T21:59:59Z"))
    assert passes(text, t=at("2026-11-21T01:59:59Z"))
    assert not passes(text, t=at("2026-11-21T02:00:00Z"))


@pytest.mark.parametrize("when", [-(2**63), 2**63, 253_402_300_799_000])
def test_a_time_outside_the_calendar_is_unknown(when: int) -> None:
    text = "local_time(t, 'Pacific/Kiritimati') in [00:00, 24:00)"

    assert not passes(text, t=when)
    assert not passes(f"not {text}", t=when)


@pytest.mark.parametrize(
    ("lat", "lon", "passed"),
    [
        (48.8566, 2.3522, True),
        (48.8610, 2.3522, True),  # 489 m
        (48.8612, 2.3522, False),  # 511 m
        (48.8566, 362.3522, False),
        (91.0, 2.3522, False),
    ],
)
def test_a_place_is_within_a_radius_over_the_sphere(
    lat: float, lon: float, *, passed: bool
) -> None:
    assert passes("within(lat, lon, 48.8566, 2.3522, 500)", lat=lat, lon=lon) is passed


def test_nothing_is_within_a_radius_of_nothing() -> None:
    assert not passes("within(lat, lon, 48.5, 2.5, 0)", lat=48.5, lon=2.5)


def test_a_radius_reaches_over_the_date_line_and_the_pole() -> None:
    assert passes("within(lat, lon, 0, 179.999, 500)", lat=0.0, lon=-179.999)
    assert passes("within(lat, lon, 90, 0, 500)", lat=89.999, lon=180.0)


def test_an_age_is_answered_only_when_the_time_is_told() -> None:
    now = Instant(at("2026-11-21T00:00:00Z"))
    week = parse_filter("age(t) < 7d", COLUMNS, allow_clock=True)

    assert matches(week, {"t": now - 7 * DAY + 1}, now)
    assert not matches(week, {"t": now - 7 * DAY}, now)
    assert not matches(week, {"t": now + 1}, now)
    assert not matches(week, {"t": now})
    assert answer(week, {}, now) is None


def test_a_column_may_bear_the_name_of_a_word_of_the_language_elsewhere() -> None:
    assert passes("age > 18 and age(t) < 7d", Instant(0), age=19, t=0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a column expected"),
        ("steps", "a comparison"),
        ("steps = ", "a number expected"),
        ("steps = 'x'", "a number expected"),
        ("steps = 1x", "no word, number or sign"),
        ("steps = 1 2", "the end expected"),
        ("steps = 1 and", "a column expected"),
        ("(steps = 1", r"`\)` expected"),
        ("steps = 1)", "the end expected"),
        ("home = 1", "no such column"),
        ("mode = bike", "a text in quotes expected"),
        ("mode = 'bike", "no word, number or sign"),
        ("mode = 'a\\'b'", "no word, number or sign|the end expected"),
        ("tags = 'x'", "a list cannot be compared"),
        ("work < true", "have no order"),
        ("work between false and true", "have no order"),
        ("work = 1", "`false` expected"),
        ("steps in ()", "a number expected"),
        ("steps in 1", r"`\(` expected"),
        ("steps between 1 or 3", "`and` expected"),
        ("t > '2026-11-21'", "a UTC time"),
        ("t > 5", "a text in quotes"),
        ("weekday(t) in (mon)", "`,` expected"),
        ("weekday(t, 'Europe/Paris') in (monday)", "a day like"),
        ("weekday(t, 'Europe/Atlantis') in (mon)", "no such time zone"),
        ("weekday(t, '../../etc/passwd') in (mon)", "no such time zone"),
        ("weekday(t, '') in (mon)", "no such time zone"),
        ("weekday(mode, 'UTC') in (mon)", "another type"),
        ("local_time(t, 'UTC') in [08:00, 08:00)", "is empty"),
        ("local_time(t, 'UTC') in [08:00, 00:00)", "is empty"),
        ("local_time(t, 'UTC') in [24:00, 08:00)", "no such time of day"),
        ("local_time(t, 'UTC') in [08:60, 09:00)", "no such time of day"),
        ("local_time(t, 'UTC') in [08:00, 25:00)", "no such time of day"),
        ("local_time(t, 'UTC') in [08:00, 10:00]", r"`\)` expected"),
        ("within(lat, lon, 91, 2, 500)", "a number from -90 to 90"),
        ("within(lat, lon, 48, 2, -1)", "a number from 0"),
        ("within(lat, steps, 48, 2, 1)", "another type"),
        ("k_most_recent(t, 5)", "depends on the clock"),
        ("age(t) < 7d", "depends on the clock"),
        ("steps = 1; drop", "no word, number or sign"),
        ("steps\u00a0= 1", "no word, number or sign"),
        ("steps = \u0661", "no word, number or sign"),
        ("ste\u0440s = 1", "no word, number or sign"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(InvalidFilterError, match=f"at [0-9]+: .*({why})"):
        parse_filter(text, COLUMNS)


def test_where_the_clock_is_allowed_the_newest_rows_are_still_no_filter() -> None:
    with pytest.raises(InvalidFilterError, match="is a precision rule"):
        parse_filter("k_most_recent(t, 5)", COLUMNS, allow_clock=True)
    with pytest.raises(InvalidFilterError, match="a hundred years"):
        parse_filter("age(t) < 99999d", COLUMNS, allow_clock=True)


def test_the_error_never_repeats_a_value() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_filter("mode = 'the secret clinic' 5", COLUMNS)

    assert "secret" not in str(caught.value)


def test_the_end_of_utc_days_is_not_the_end_of_local_days() -> None:
    eve = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)

    assert passes("weekday(t, 'Asia/Tokyo') in (fri)", t=int(eve.timestamp()) * 1000)
    assert passes("weekday(t, 'UTC') in (thu)", t=int(eve.timestamp()) * 1000)
