"""In how many places the selections of a task can put an object."""

import pytest

from sealhold.compute.manifest import Selection
from sealhold.compute.selections import cells, columns_of, parse_selection
from sealhold.model.errors import InvalidFilterError, InvalidManifestError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import Column, ColumnType, Dataset, Sensitivity

TYPES = {
    "start": ColumnType.INSTANT,
    "distance": ColumnType.FLOAT,
    "mode": ColumnType.TEXT,
    "work": ColumnType.BOOL,
    "lat": ColumnType.FLOAT,
    "lon": ColumnType.FLOAT,
}
TRIPS = Dataset(
    name=Collection("trips"),
    columns=tuple(
        Column(name=FieldName(name), type=kind, about=name) for name, kind in TYPES.items()
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"),),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a trip",
)


def cells_of(*predicates: str) -> int:
    selections = [
        Selection(id=f"s{number}", predicate=text, attributes=tuple(TYPES))
        for number, text in enumerate(predicates)
    ]
    return cells([parse_selection(each, TRIPS, TYPES) for each in selections])


def month(number: int) -> str:
    end = "2027-01-01" if number == 12 else f"2026-{number + 1:02d}-01"
    return f"start between '2026-{number:02d}-01T00:00:00Z' and '{end}T00:00:00Z'"


@pytest.mark.parametrize(
    ("predicates", "count"),
    [
        (["all"], 1),
        (["all", "all"], 1),
        (["distance > 500"], 2),
        (["distance > 500", "distance > 500"], 2),
        (["distance > 500", "distance <= 500"], 3),
        (["distance > 500", "distance > 900"], 3),
        (["distance > 500", "distance = 500.5"], 3),
        (["mode = 'bike'", "mode = 'walk'"], 3),
        (["mode in ('bike', 'walk')"], 2),
        (["mode < 'b'", "mode >= 'b'"], 3),
        (["work = true", "not work = true"], 3),
        (["distance > 5 and mode = 'bike'", "distance > 5"], 3),
        (["distance > 5", "mode = 'bike'", "work = true"], 8),
        (["within(lat, lon, 48, 2, 500)", "within(lat, lon, 48, 2, 500)"], 2),
        (["weekday(start, 'Europe/Paris') in (mon)", "weekday(start, 'UTC') in (mon)"], 4),
        (["local_time(start, 'UTC') in [08:00, 10:00)"], 2),
    ],
)
def test_cells_are_what_selections_tell_apart(predicates: list[str], count: int) -> None:
    assert cells_of(*predicates) == count


def test_twelve_months_are_thirteen_cells_with_or_without_the_whole_year() -> None:
    months = [month(number) for number in range(1, 13)]

    assert cells_of(*months) == 13
    assert cells_of("all", *months) == 13


def test_numbers_that_differ_in_the_last_of_many_digits_are_told_apart() -> None:
    digits = "1" * 200

    assert cells_of(f"distance > {digits}1", f"distance > {digits}2") == 3


def test_too_many_combinations_count_by_the_limit_above_them() -> None:
    columns = [f"{name} > {value}" for name in ("distance", "lat", "lon") for value in range(20)]

    assert cells_of(*columns) == 42**3


def test_a_selection_that_tests_what_it_does_not_declare_is_refused() -> None:
    selection = Selection(id="s", predicate="distance > 5", attributes=("start",))

    with pytest.raises(InvalidManifestError, match="distance"):
        parse_selection(selection, TRIPS, TYPES)


def test_a_selection_over_a_field_that_the_task_does_not_see_is_refused() -> None:
    selection = Selection(id="s", predicate="distance > 5", attributes=("distance",))

    with pytest.raises(InvalidFilterError):
        parse_selection(selection, TRIPS, ["start"])


def test_the_columns_of_a_selection_are_all_that_it_tests() -> None:
    text = "not (distance > 5 or within(lat, lon, 48, 2, 9)) and weekday(start, 'UTC') in (mon)"
    selection = Selection(id="s", predicate=text, attributes=tuple(TYPES))

    found = columns_of(parse_selection(selection, TRIPS, TYPES))

    assert found == {"distance", "lat", "lon", "start"}
