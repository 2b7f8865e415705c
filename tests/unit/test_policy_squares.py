"""Places as squares, names as initials, times as the start of their stretch of the calendar."""

from datetime import datetime

import pytest

from sealhold.model.errors import InvalidFilterError
from sealhold.model.ids import FieldName
from sealhold.model.records import Column, ColumnType
from sealhold.policy.coarsen import coarsen
from sealhold.policy.precision import GRIDS, parse_rules
from sealhold.policy.precision_ast import Grid
from sealhold.policy.rowfilter import metres_between
from sealhold.policy.squares import initials_of, squared

COLUMNS = [
    Column(name=FieldName(name), type=kind, about="")
    for name, kind in (
        ("t", ColumnType.INSTANT),
        ("lat", ColumnType.FLOAT),
        ("lon", ColumnType.FLOAT),
        ("name", ColumnType.TEXT),
        ("steps", ColumnType.INTEGER),
    )
]


def grid(metres: int) -> Grid:
    return Grid(latitude=FieldName("lat"), longitude=FieldName("lon"), metres=metres)


@pytest.mark.parametrize("metres", GRIDS)
def test_the_middle_of_a_square_lies_in_it_and_no_place_is_far_from_its_middle(metres: int) -> None:
    for north in range(-90, 91, 5):
        for east in range(-180, 181, 12):
            place = (north * 0.99987, east * 0.99987)
            middle = squared(grid(metres), *place)
            assert None not in middle
            known = (float(middle[0] or 0), float(middle[1] or 0))
            assert squared(grid(metres), *known) == middle
            if abs(north) < 80:
                assert metres_between(place, known) < metres * 0.9


def test_places_of_one_square_are_one_place() -> None:
    middles = {squared(grid(10_000), 48.85 + n / 10_000, 2.35 + n / 10_000) for n in range(10)}

    assert len(middles) == 1


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(None, 2.0), (91.0, 2.0), (48.0, 181.0), ("x", 2.0), (True, 2.0)]
)
def test_what_is_no_place_becomes_empty(latitude: object, longitude: object) -> None:
    assert squared(grid(1_000), latitude, longitude) == (None, None)


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Ada Lovelace", "A. L."),
        ("ada", "A."),
        ("(Ada) -", "A."),
        ("ß ÿ", "S. Ÿ."),
        ("a b c d e f g h i j", "A. B. C. D. E. F. G. H."),
        ("", None),
        (" - ", None),
        (7, None),
    ],
)
def test_a_name_becomes_its_first_letters(name: object, initials: str | None) -> None:
    assert initials_of(name) == initials


@pytest.mark.parametrize(
    ("span", "start"),
    [
        ("hour", "2026-10-25T02:00:00+01:00"),
        ("day", "2026-10-25T00:00:00+02:00"),
        ("month", "2026-10-01T00:00:00+02:00"),
        ("year", "2026-01-01T00:00:00+01:00"),
    ],
)
def test_a_time_becomes_the_start_of_its_stretch_where_the_zone_is(span: str, start: str) -> None:
    at = int(datetime.fromisoformat("2026-10-25T02:30:11+01:00").timestamp() * 1000) + 7
    rules = parse_rules([f"since({span}(t, 'Europe/Paris'))"], COLUMNS)

    rows = coarsen(rules, [{"t": at}, {"t": None}])

    assert rows == [{"t": int(datetime.fromisoformat(start).timestamp()) * 1000}, {"t": None}]


@pytest.mark.parametrize(
    "rule",
    [
        "grid(lat, lon, 500)",
        "grid(lat, lat, 1000)",
        "grid(lat, steps, 1000)",
        "since(week(t, 'UTC'))",
        "since(day(t, 'Nowhere'))",
        "initials(steps)",
        "initials(name, name)",
    ],
)
def test_rules_that_do_not_fit_are_refused(rule: str) -> None:
    with pytest.raises(InvalidFilterError):
        parse_rules([rule], COLUMNS)
