"""Prices and bounds of tasks: the figures of three scenarios, and what is charged when."""

from collections.abc import Sequence

import pytest

from sealhold.compute.aggregates import Aggregate, Kind
from sealhold.compute.leakage import (
    NOTHING,
    alternatives,
    bits_of_choice,
    data_set_bound,
    facts_of,
    joined,
    object_bound,
    object_price,
    presence_price,
    prospect,
    query_price,
    shown_epochs,
    unprotected,
)
from sealhold.compute.ranges import Range, parse_range
from sealhold.compute.task import Scope, Task, parse_task, whole
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import FieldName
from sealhold.model.quantities import DAY, MICRO, Instant, MicroBits
from tests.unit.sample_task import manifest

NOW = Instant(1_790_000_000_000)
YES_NO = {"values": [0, 1]}
TO_63 = {"min": 0, "max": 63, "step": 1}
COUNT = {"kind": "count", "args": {"value": 1}, "range": TO_63, "default": 0}
ALL = {"id": "all", "predicate": "all", "attributes": []}


def task_of(**changes: Plain) -> Task:
    document = manifest(
        **{
            "input": {**manifest()["input"], "max_object_bytes": 75},
            "evaluate": {"range": YES_NO, "default": 0},
            "aggregate": COUNT,
            **changes,
        }
    )
    return parse_task(to_json(document))


def inputs(max_objects: int, objects: str = "frozen") -> Plain:
    return {
        "collection": "trips",
        "fields": ["start"],
        "max_objects": max_objects,
        "max_object_bytes": 75,
        "objects": objects,
    }


def task_with(kind: str, evaluate: Plain, answers: Plain, most: int, default: int = 0) -> Task:
    return task_of(
        input=inputs(most),
        evaluate={"range": evaluate, "default": 0},
        aggregate={"kind": kind, "args": {}, "range": answers, "default": default},
    )


@pytest.mark.parametrize(
    ("count", "micro_bits"),
    [
        (1, 0),
        (2, 1_000_000),
        (3, 1_584_963),
        (6, 2_584_963),
        (7, 2_807_355),
        (13, 3_700_440),
        (59, 5_882_644),
        (64, 6_000_000),
        (466, 8_864_187),
        (2_324_784, 21_148_666),
        (2**400, 400_000_000),
        (2**400 + 1, 400_000_001),
    ],
)
def test_a_choice_costs_its_logarithm_rounded_up(count: int, micro_bits: int) -> None:
    assert bits_of_choice(count) == micro_bits


def test_there_is_no_choice_among_nothing() -> None:
    with pytest.raises(InvalidManifestError):
        bits_of_choice(0)


def test_the_green_bonus_tells_one_bit_of_a_trip_and_six_per_answer() -> None:
    task = task_of()
    price, query = object_price(whole(task), cells=1), query_price(task)

    assert price.total == 1 * MICRO
    assert (query.alternatives, query.total) == (64, 6 * MICRO)
    assert object_bound(price, query, 100, MicroBits(600 * MICRO)) == 1 * MICRO
    assert unprotected(query, 100, MicroBits(600 * MICRO)) == 600 * MICRO


def test_the_demo_variant_tells_five_bits_per_answer() -> None:
    task = task_of(aggregate={**COUNT, "range": {"min": 0, "max": 31, "step": 1}})

    assert query_price(task).total == 5 * MICRO


def test_twelve_months_and_none_are_thirteen_cells_of_an_object() -> None:
    price = object_price(whole(task_of()), cells=13)

    assert price.selection == 3_700_440
    assert price.total == 4_700_440


def test_the_hospital_histogram_and_its_cheaper_median() -> None:
    classes = {"min": 0, "max": 5, "step": 1}
    ranks = {"min": 0, "max": 2_324_783, "step": 1}
    histogram = task_with("histogram", classes, ranks, 31)
    median = task_with("median", classes, {"min": -1, "max": 5, "step": 1}, 31, -1)

    assert object_price(whole(histogram), cells=1).total == 2_584_963
    assert query_price(histogram).total == 21_148_666
    assert (query_price(median).alternatives, query_price(median).total) == (7, 2_807_355)


def test_the_power_meter_sum_and_its_coarser_grid() -> None:
    task = task_with("sum", {"min": 0, "max": 15, "step": 1}, {"min": 0, "max": 465, "step": 1}, 31)

    fine, coarse = query_price(task), query_price(task, coarsen=8)

    assert object_price(whole(task), cells=1).total == 4 * MICRO
    assert (fine.alternatives, fine.total) == (466, 8_864_187)
    assert (coarse.alternatives, coarse.total) == (59, 5_882_644)


SIX = Range(first=0, last=5, step=1)
WIDE = Range(first=-1000, last=1000, step=1)


@pytest.mark.parametrize(
    ("kind", "args", "count"),
    [
        (Kind.COUNT, {"value": 1}, 32),
        (Kind.DISTINCT, {}, 7),
        (Kind.SUM, {}, 156),
        (Kind.MIN, {}, 7),
        (Kind.MAX, {}, 7),
        (Kind.MEDIAN, {}, 7),
        (Kind.QUANTILE, {"numerator": 9, "denominator": 10}, 7),
        (Kind.AVG, {"grid": 1}, 7),
        (Kind.VAR, {"grid": 1}, 8),
        (Kind.CUSTOM, {}, 2001),
    ],
)
def test_each_kind_has_its_number_of_answers(kind: Kind, args: dict[str, int], count: int) -> None:
    aggregate = Aggregate(kind=kind, args=args, range=WIDE, default=-1)

    assert alternatives(aggregate, SIX, 31) == count


@pytest.mark.parametrize(
    ("kind", "args", "count"),
    [(Kind.HISTOGRAM, {}, 2_324_784), (Kind.TOP, {"most": 3}, 84), (Kind.MOMENTS, {"base": 2}, 0)],
)
def test_each_ranked_kind_has_its_number_of_answers(
    kind: Kind, args: dict[str, int], count: int
) -> None:
    moments = (31 + 1) * (31 * 2 + 1) * (31 + 1) * (31 * 4 + 1) * (31 * 2 + 1)
    expected = count or moments
    answers = Range(first=0, last=expected - 1, step=1)
    aggregate = Aggregate(kind=kind, args=args, range=answers, default=0)

    assert alternatives(aggregate, SIX, 31) == expected


def test_steps_of_a_sum_that_no_result_can_reach_are_not_counted() -> None:
    tens = parse_range({"values": [0, 20, 50]}, "evaluate.range")
    aggregate = Aggregate(kind=Kind.SUM, args={}, range=WIDE, default=0)

    assert alternatives(aggregate, tens, 3) == 16


def test_the_declared_range_bounds_the_number_of_answers() -> None:
    task = task_of(aggregate={**COUNT, "range": {"values": [0, 5, 10]}})

    assert query_price(task).alternatives == 3


def test_fewer_objects_than_the_range_bound_the_number_of_answers() -> None:
    assert query_price(task_of(input=inputs(20))).alternatives == 21


@pytest.mark.parametrize(("coarsen", "count"), [(1, 64), (2, 32), (4, 16), (5, 13), (64, 1)])
def test_a_coarser_answer_has_fewer_alternatives(coarsen: int, count: int) -> None:
    assert query_price(task_of(), coarsen).alternatives == count


def test_each_parameter_is_charged_as_a_function_of_its_own() -> None:
    sweep = [{"id": f"bit{n}", "value": n} for n in range(48)]

    assert object_price(whole(task_of(params=sweep)), cells=1).total == 48 * MICRO


def test_partition_size_and_versions_multiply_the_price_of_a_function() -> None:
    task = task_of(partition={"k": 16, "max_versions": 2})

    assert object_price(whole(task), cells=1).function == 32 * MICRO


@pytest.mark.parametrize(
    ("epochs", "versions", "micro_bits"),
    [(0, 1, 0), (1, 1, 0), (31, 1, 8_957_103), (31, 2, 8_957_103 + 4_954_197)],
)
def test_presence_over_days_has_a_price(epochs: int, versions: int, micro_bits: int) -> None:
    assert presence_price(epochs, versions) == micro_bits


def test_an_open_set_shows_each_day_until_the_task_ends() -> None:
    open_task = task_of(input=inputs(100, "open"), expires="2026-10-21T00:00:00Z")
    start = Instant(open_task.expires_at - 31 * DAY)

    assert len(shown_epochs(open_task, start)) == 31
    assert len(shown_epochs(task_of(), start)) == 1


@pytest.mark.parametrize(
    ("mode", "objects", "timing"), [("ahead", 100, 0), ("demand", 6, 0), ("demand", 7, 2_000_000)]
)
def test_the_slot_in_which_work_ends_has_a_price_unless_it_is_always_the_first(
    mode: str, objects: int, timing: int
) -> None:
    slot = {"seconds": 1, "mode": mode, "max_slots": 3}
    task = task_of(input=inputs(objects), slot=slot)

    assert object_price(whole(task), cells=1).timing == timing
    assert query_price(task).timing == timing


def test_all_objects_together_tell_the_smaller_of_both_sums() -> None:
    task = task_of()
    price, query = object_price(whole(task), cells=1), query_price(task)

    assert data_set_bound(task, price, query, queries=3) == 18 * MICRO
    many = data_set_bound(task, price, query, queries=1000)
    assert many == 100 * MICRO + bits_of_choice(101)


def test_an_approval_is_charged_once() -> None:
    first = facts_of(whole(task_of()), 1, NOW)

    assert prospect(NOTHING, first).charge == 1 * MICRO
    assert prospect(first, first).charge == 0


def test_a_further_parameter_is_charged_and_the_known_one_is_not() -> None:
    both = task_of(params=[{"id": "standard", "value": 500}, {"id": "other", "value": 501}])
    approved = facts_of(whole(task_of()), 1, NOW)

    found = prospect(approved, facts_of(whole(both), 1, NOW))

    assert (found.before, found.after, found.charge) == (1 * MICRO, 2 * MICRO, 1 * MICRO)


def test_the_same_selections_of_another_task_are_charged_once() -> None:
    months: Sequence[Plain] = [{"id": "m", "predicate": "start > 5", "attributes": ["start"]}]
    one = task_of(selections=months)
    other = task_of(selections=months, code={"tier": "py", "sha256": "ef" * 32, "bytes": 9})
    approved = facts_of(whole(one), 2, NOW)

    assert prospect(approved, facts_of(whole(other), 2, NOW)).charge == 1 * MICRO


def test_a_part_of_a_task_is_charged_as_a_part() -> None:
    task = task_of(
        params=[{"id": "a", "value": 1}, {"id": "b", "value": 2}],
        selections=[ALL, {"id": "m", "predicate": "start > 5", "attributes": ["start"]}],
    )
    part = Scope(
        task=task,
        fields=frozenset({FieldName("start")}),
        params=task.params[:1],
        selections=task.selections[:1],
    )

    assert prospect(NOTHING, facts_of(part, 1, NOW)).charge == 1 * MICRO


def test_more_versions_of_a_known_function_are_charged_the_difference() -> None:
    approved = facts_of(whole(task_of()), 1, NOW)
    more = facts_of(whole(task_of(partition={"k": 1, "max_versions": 3})), 1, NOW)

    assert prospect(approved, more).charge == 2 * MICRO


def test_an_approval_on_another_day_is_charged_for_what_that_day_shows() -> None:
    approved = facts_of(whole(task_of()), 1, NOW)
    again = facts_of(whole(task_of()), 1, Instant(NOW + DAY))

    assert prospect(approved, again).charge == presence_price(2) == 2 * MICRO


def test_the_order_of_approvals_makes_no_difference() -> None:
    one = facts_of(whole(task_of()), 1, NOW)
    other = facts_of(whole(task_of(params=[{"id": "p", "value": 7}])), 13, Instant(NOW + DAY))

    assert joined(one, other).per_object == joined(other, one).per_object
