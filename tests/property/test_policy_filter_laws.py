"""Laws of row filters and precision: reading, three answers, order."""

import math
from collections.abc import Callable
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.model.encoding import Plain
from sealhold.model.ids import FieldName
from sealhold.model.quantities import Instant, Millis, rfc3339
from sealhold.model.records import Column, ColumnType
from sealhold.policy.coarsen import coarsen
from sealhold.policy.filter_ast import (
    Age,
    Among,
    And,
    Between,
    Compare,
    Comparison,
    Every,
    Filter,
    LocalTime,
    Not,
    Or,
    Sampled,
    Value,
    Weekday,
    Within,
)
from sealhold.policy.precision import parse_rules
from sealhold.policy.rowfilter import answer, matches, parse_filter

# A busy machine is no failure.
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TYPES = {
    "t": ColumnType.INSTANT,
    "mode": ColumnType.TEXT,
    "steps": ColumnType.INTEGER,
    "lat": ColumnType.FLOAT,
    "lon": ColumnType.FLOAT,
    "work": ColumnType.BOOL,
}
COLUMNS = [Column(name=FieldName(name), type=kind, about="") for name, kind in TYPES.items()]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ["UTC", "Europe/Paris", "Asia/Kolkata", "America/St_Johns"]

numbers = st.decimals(-1000, 1000, places=2).map(lambda number: number.normalize() + 0)
words = st.text(st.sampled_from("ab'\" ()=\u202e\u00e9"), max_size=5)


def values_of(name: str) -> st.SearchStrategy[Value]:
    match TYPES[name]:
        case ColumnType.TEXT:
            return words
        case ColumnType.BOOL:
            return st.booleans()
        case ColumnType.INSTANT:
            return st.integers(0, 4_000_000_000_000).map(Decimal)
        case _:
            return numbers


def about(
    names: list[str], build: Callable[[str], st.SearchStrategy[Filter]]
) -> st.SearchStrategy[Filter]:
    return st.sampled_from(names).flatmap(build)


ordered = [name for name in TYPES if name != "work"]
minutes = st.integers(0, 1439)
tests = st.one_of(
    st.just(Every()),
    about(
        list(TYPES),
        lambda name: st.builds(
            Compare,
            column=st.just(FieldName(name)),
            how=st.sampled_from(
                [Comparison.EQUAL, Comparison.UNEQUAL] if name == "work" else list(Comparison)
            ),
            value=values_of(name),
        ),
    ),
    about(
        list(TYPES),
        lambda name: st.builds(
            Among,
            column=st.just(FieldName(name)),
            values=st.lists(values_of(name), min_size=1, max_size=3).map(tuple),
        ),
    ),
    about(
        ordered,
        lambda name: st.builds(
            Between, column=st.just(FieldName(name)), low=values_of(name), high=values_of(name)
        ),
    ),
    st.builds(
        Weekday,
        column=st.just(FieldName("t")),
        zone=st.sampled_from(ZONES),
        days=st.frozensets(st.integers(0, 6), min_size=1),
    ),
    st.builds(
        LocalTime,
        column=st.just(FieldName("t")),
        zone=st.sampled_from(ZONES),
        start=minutes,
        end=minutes.map(lambda end: end + 1),
    ).filter(lambda part: part.start != part.end),
    st.builds(
        Sampled,
        column=st.just(FieldName("t")),
        every=st.integers(500, 10_000_000).map(Millis),
        first=st.integers(1, 499).map(Millis),
    ),
    st.builds(
        Within,
        latitude=st.just(FieldName("lat")),
        longitude=st.just(FieldName("lon")),
        centre_latitude=st.decimals(-90, 90, places=3),
        centre_longitude=st.decimals(-180, 180, places=3),
        metres=st.decimals(0, 1_000_000, places=1),
    ),
    st.builds(
        Age, column=st.just(FieldName("t")), less_than=st.integers(1, 10_000_000).map(Millis)
    ),
)


def combined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(parts.map(Not), several.map(And), several.map(Or))


filters = st.recursive(tests, combined, max_leaves=8)
unfit: st.SearchStrategy[Plain] = st.sampled_from([None, [], "", math.nan, math.inf, "NaN"])
rows = st.fixed_dictionaries(
    {},
    optional={
        "t": unfit | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 4_000_000_000_000),
        "mode": st.none() | words,
        "steps": unfit | st.integers(-1000, 1000),
        "lat": unfit | st.floats(-100, 100),
        "lon": unfit | st.floats(-200, 200),
        "work": unfit | st.booleans(),
    },
)


def written(asked: Filter) -> str:
    """Return `asked` as text, every part in brackets."""
    match asked:
        case Every():
            return "all"
        case Not(part):
            return f"not ({written(part)})"
        case And(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " or ".join(f"({written(part)})" for part in parts)
        case _:
            return comparison(asked)


def comparison(asked: Filter) -> str:
    match asked:
        case Compare():
            return f"{asked.column} {asked.how.value} {literal(asked.column, asked.value)}"
        case Among():
            inside = ", ".join(literal(asked.column, value) for value in asked.values)
            return f"{asked.column} in ({inside})"
        case Between():
            low, high = (literal(asked.column, value) for value in (asked.low, asked.high))
            return f"{asked.column} between {low} and {high}"
        case _:
            return special(asked)


def special(asked: Filter) -> str:
    match asked:
        case Weekday():
            days = ", ".join(DAYS[day] for day in sorted(asked.days))
            return f"weekday({asked.column}, '{asked.zone}') in ({days})"
        case LocalTime():
            start, end = (f"{at // 60:02}:{at % 60:02}" for at in (asked.start, asked.end))
            return f"local_time({asked.column}, '{asked.zone}') in [{start}, {end})"
        case Within():
            place = f"{asked.centre_latitude:f}, {asked.centre_longitude:f}, {asked.metres:f}"
            return f"within({asked.latitude}, {asked.longitude}, {place})"
        case Sampled():
            return f"sample({asked.column}, {asked.every}ms, {asked.first}ms)"
        case Age():
            return f"age({asked.column}) < {asked.less_than}ms"
        case _:
            raise AssertionError(asked)


def literal(column: str, value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if TYPES[column] is ColumnType.INSTANT:
        return f"'{rfc3339(Instant(int(value)))}'"
    return f"{value:f}"


@law
@given(filters)
def test_a_filter_is_read_back_as_it_was_written(asked: Filter) -> None:
    assert parse_filter(written(asked), COLUMNS, allow_clock=True) == asked


@law
@given(filters, rows)
def test_a_filter_and_its_opposite_never_both_pass(asked: Filter, row: dict[str, Plain]) -> None:
    found, opposite = answer(asked, row), answer(Not(asked), row)

    assert {found, opposite} in ({True, False}, {None})
    assert not (matches(asked, row) and matches(Not(asked), row))


@law
@given(tests.filter(lambda test: not isinstance(test, Every)))
def test_a_row_that_tells_nothing_passes_no_test_and_no_opposite(asked: Filter) -> None:
    assert answer(asked, {}) is None
    assert not matches(asked, {})
    assert not matches(Not(asked), {})


@law
@given(filters, filters, rows)
def test_the_laws_of_de_morgan_hold_with_three_answers(
    one: Filter, other: Filter, row: dict[str, Plain]
) -> None:
    both = answer(Not(And((one, other))), row)
    either = answer(Or((Not(one), Not(other))), row)

    assert both is either


@law
@given(filters, filters, rows)
def test_a_condition_more_never_lets_a_further_row_through(
    one: Filter, other: Filter, row: dict[str, Plain]
) -> None:
    if matches(And((one, other)), row):
        assert matches(one, row)


@law
@given(filters, rows)
def test_a_filter_without_the_clock_is_answered_the_same_at_any_time(
    asked: Filter, row: dict[str, Plain]
) -> None:
    if "age(" not in written(asked):
        assert answer(asked, row) is answer(asked, row, Instant(0))


RULES = st.lists(
    st.sampled_from(
        [
            "sample_every(t, 1h)",
            "round(steps, 7)",
            "round(lat, 0.05)",
            "round(t, 15m)",
            "k_most_recent(t, 2)",
        ]
    ),
    max_size=3,
)
WHOLE = st.sampled_from([[], ["aggregate(avg(lat) per day(t, 'Europe/Paris'))"]])


@law
@given(RULES, WHOLE, st.lists(rows, max_size=6), st.data())
def test_the_order_of_rows_does_not_matter(
    rules: list[str], last: list[str], held: list[dict[str, Plain]], data: st.DataObject
) -> None:
    parsed = parse_rules([*rules, *last], COLUMNS, allow_clock=True)
    shuffled = data.draw(st.permutations(held))

    assert sorted(map(repr, coarsen(parsed, held))) == sorted(map(repr, coarsen(parsed, shuffled)))


@law
@given(RULES, WHOLE, st.lists(rows, max_size=6))
def test_coarsening_never_adds_a_row_or_a_field(
    rules: list[str], last: list[str], held: list[dict[str, Plain]]
) -> None:
    found = coarsen(parse_rules([*rules, *last], COLUMNS, allow_clock=True), held)

    assert len(found) <= len(held)
    assert {name for row in found for name in row} <= {name for row in held for name in row} | {
        "lat" if last else "t"
    }


@law
@given(RULES, st.lists(rows, max_size=6))
def test_what_is_coarse_stays_as_it_is(rules: list[str], held: list[dict[str, Plain]]) -> None:
    for rule in rules:
        parsed = parse_rules([rule], COLUMNS, allow_clock=True)
        once = coarsen(parsed, held)

        assert list(map(repr, coarsen(parsed, once))) == list(map(repr, once))
