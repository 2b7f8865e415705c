"""What a grant lets be seen of rows: which, how finely, and what it may not say."""

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidFilterError
from sealhold.model.ids import FieldName
from sealhold.model.records import Column, ColumnType
from sealhold.policy.sight import EVERYTHING, Said, parse_sight

COLUMNS = (
    Column(name=FieldName("at"), type=ColumnType.INSTANT, about=""),
    Column(name=FieldName("lat"), type=ColumnType.FLOAT, about=""),
)
LAT = frozenset({FieldName("lat")})
MINUTE = 60_000


def seen(said: Said, row: dict[str, Plain]) -> dict[str, Plain] | None:
    return parse_sight(said, COLUMNS).shows(row, LAT)


def test_without_a_word_all_granted_fields_are_seen_as_they_are() -> None:
    assert parse_sight(Said(), COLUMNS) is EVERYTHING
    assert seen(Said(), {"at": 1, "lat": 48.8512}) == {"lat": 48.8512}


@pytest.mark.parametrize(
    ("minute", "is_seen"), [(0, True), (1, False), (14, False), (15, True), (16, False)]
)
def test_a_sample_looks_at_the_time_of_each_row_alone(minute: int, is_seen: bool) -> None:  # noqa: FBT001  # reason: a case
    row: dict[str, Plain] = {"at": 20_000 * 15 * MINUTE + minute * MINUTE + 7, "lat": 48.8512}

    found = seen(Said("sample(at, 15m, 1m)", ("round(lat, 0.1)",)), row)

    assert found == ({"lat": 48.9} if is_seen else None)


def test_a_row_without_a_time_is_in_no_sample() -> None:
    for row in ({"lat": 48.0}, {"at": None, "lat": 48.0}, {"at": "noon", "lat": 48.0}):
        assert seen(Said("sample(at, 15m, 1m)"), row) is None
        assert seen(Said("not sample(at, 15m, 1m)"), row) is None


def test_rows_are_judged_before_they_are_made_coarser() -> None:
    said = Said("lat < 48.9", ("round(lat, 0.1)",))

    assert seen(said, {"lat": 48.89}) == {"lat": 48.9}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said("all", ("sample_every(at, 15m)",)), "other rows"),
        (Said("sample_every(at, 15m)"), "other rows"),
        (Said("all", ("aggregate(avg(lat) per hour(at, 'UTC'))",)), "budget of its own"),
        (Said("all", ("k_most_recent(at, 3)",)), "clock"),
        (Said("age(at) < 7d"), "clock"),
        (Said(""), "expected"),
        (Said("sample(at, 15m, 15m)"), "less than"),
        (Said("sample(lat, 15m, 1m)"), "another type"),
        (Said("lat > 1) or (all"), "end"),
        (Said("all", ("round(lat, 0)",)), "number"),
    ],
)
def test_what_needs_other_rows_or_the_clock_is_refused_in_words(said: Said, why: str) -> None:
    with pytest.raises(InvalidFilterError, match=why):
        parse_sight(said, COLUMNS)
