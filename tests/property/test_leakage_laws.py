"""Laws of the leakage prices: no answer beyond its alternatives, no bound below the truth."""

from decimal import Decimal
from itertools import combinations_with_replacement

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.compute.aggregates import Aggregate, Kind, answer, reach, released_range
from sealhold.compute.declassify import gate, gate_all
from sealhold.compute.leakage import Facts, alternatives, bits_of_choice, joined, prospect
from sealhold.compute.ranges import Range, parse_range
from sealhold.compute.ranks import (
    multisets,
    rank_counts,
    rank_largest,
    unrank_counts,
    unrank_largest,
)
from sealhold.compute.selections import cells
from sealhold.model.ids import FieldName, FunctionId, TaskDigest
from sealhold.model.quantities import MicroBits
from sealhold.policy.filter_ast import And, Compare, Comparison, Filter, Not, Or
from sealhold.policy.rowfilter import matches

small = st.integers(-6, 6)
spans = st.builds(
    lambda first, step, more: Range(first=first, last=first + step * more, step=step),
    small,
    st.integers(1, 3),
    st.integers(1, 4),
)
lists = st.lists(small, min_size=2, max_size=5, unique=True).map(
    lambda values: parse_range({"values": sorted(values)}, "range")
)
ranges = spans | lists
ordered = st.sampled_from(
    [
        (Kind.COUNT, "value"),
        (Kind.DISTINCT, None),
        (Kind.SUM, None),
        (Kind.MIN, None),
        (Kind.MAX, None),
        (Kind.MEDIAN, None),
        (Kind.QUANTILE, None),
        (Kind.AVG, "grid"),
        (Kind.VAR, "grid"),
    ]
)


def members(of: Range) -> list[int]:
    return [of.member(index) for index in range(of.size)]


def possible_answers(aggregate: Aggregate, evaluate: Range, most: int, coarsen: int) -> set[int]:
    return {
        answer(aggregate, evaluate, most, results, coarsen)
        for count in range(most + 1)
        for results in combinations_with_replacement(members(evaluate), count)
    }


@settings(max_examples=100, deadline=None)
@given(ordered, ranges, ranges, st.data())
def test_no_aggregate_has_more_answers_than_it_is_charged_for(
    kind: tuple[Kind, str | None],
    evaluate: Range,
    answers: Range,
    data: st.DataObject,
) -> None:
    most, coarsen = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    args = {
        "value": {"value": data.draw(st.sampled_from(members(evaluate)))},
        "grid": {"grid": data.draw(st.integers(1, 4))},
        None: {"numerator": 2, "denominator": 3} if kind[0] is Kind.QUANTILE else {},
    }[kind[1]]
    default = data.draw(st.sampled_from(members(answers)))
    aggregate = Aggregate(kind=kind[0], args=args, range=answers, default=default)

    found = possible_answers(aggregate, evaluate, most, coarsen)

    assert len(found) <= alternatives(aggregate, evaluate, most, coarsen)
    assert all(value in released_range(aggregate, coarsen) for value in found)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(Kind.HISTOGRAM, {}), (Kind.TOP, {"most": 2}), (Kind.MOMENTS, {"base": 2})]),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_no_ranked_aggregate_has_more_answers_than_it_is_charged_for(
    kind: tuple[Kind, dict[str, int]], largest: int, most: int
) -> None:
    evaluate = Range(first=0, last=largest, step=1)
    anything = Range(first=0, last=1, step=1)
    last = reach(
        Aggregate(kind=kind[0], args=kind[1], range=anything, default=0), evaluate, most
    ).last
    whole = Aggregate(
        kind=kind[0], args=kind[1], range=Range(first=0, last=last, step=1), default=0
    )

    found = possible_answers(whole, evaluate, most, 1)

    assert len(found) <= alternatives(whole, evaluate, most) == last + 1
    assert max(found) <= last


@given(
    ordered,
    ranges,
    ranges,
    st.lists(small, max_size=5).flatmap(
        lambda results: st.tuples(st.just(results), st.permutations(results))
    ),
)
def test_the_order_of_results_never_matters(
    kind: tuple[Kind, str | None],
    evaluate: Range,
    answers: Range,
    results: tuple[list[int], list[int]],
) -> None:
    args = {"value": 1, "grid": 1, "numerator": 1, "denominator": 2}
    aggregate = Aggregate(kind=kind[0], args=args, range=answers, default=answers.first)

    one, other = (answer(aggregate, evaluate, 4, each, 1) for each in results)

    assert one == other


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 300))
def test_a_price_is_never_below_the_truth_and_less_than_a_millionth_above(count: int) -> None:
    price = bits_of_choice(count)

    truth = count**1_000_000
    assert truth <= 1 << price
    assert truth > 1 << (price - 1)


@given(st.integers(1, 2**600), st.integers(1, 2**600))
def test_prices_keep_the_order_of_choices_and_a_pair_costs_no_more_than_both(
    one: int, other: int
) -> None:
    assert (bits_of_choice(one) <= bits_of_choice(other)) or one > other
    assert bits_of_choice(one * other) <= bits_of_choice(one) + bits_of_choice(other)


@given(ranges, st.integers(1, 6))
def test_coarsening_keeps_every_nth_member(allowed: Range, every: int) -> None:
    kept = allowed.coarsened(every)

    assert members(kept) == members(allowed)[::every]


@given(ranges, st.integers(-30, 30))
def test_clamping_gives_the_greatest_member_not_above_or_the_first(
    allowed: Range, value: int
) -> None:
    below = [member for member in members(allowed) if member <= value]

    assert allowed.clamp(value) == (max(below) if below else allowed.first)
    assert (value in allowed) == (value in members(allowed))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(anything, ranges)
def test_whatever_a_cell_returns_a_member_of_the_range_comes_out(
    value: object, allowed: Range
) -> None:
    assert gate(value, allowed, allowed.last) in allowed


@given(anything, st.integers(0, 4), ranges)
def test_whatever_a_cell_returns_for_many_objects_each_gets_a_member(
    value: object, count: int, allowed: Range
) -> None:
    gated = gate_all(value, count, allowed, allowed.first)

    assert len(gated.values) == count
    assert all(each in allowed for each in gated.values)
    assert 0 <= gated.defaults <= count


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_each_rank_is_one_multiset(kinds: int, most: int, data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, multisets(kinds, most) - 1))

    counts = unrank_counts(rank, kinds)
    largest = unrank_largest(rank, most)

    assert rank_counts(counts) == rank
    assert sum(counts) <= most
    assert rank_largest(largest, most) == rank
    assert all(0 <= member < kinds for member in largest)


# --- selections ---

comparisons = st.builds(
    Compare,
    column=st.sampled_from(["a", "b"]).map(FieldName),
    how=st.sampled_from(Comparison),
    value=st.integers(0, 3).map(Decimal),
)
filters = st.recursive(
    comparisons,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda one, other: And((one, other)), inner, inner)
        | st.builds(lambda one, other: Or((one, other)), inner, inner)
    ),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(filters, min_size=1, max_size=4))
def test_no_two_objects_that_selections_tell_apart_are_counted_as_one(asked: list[Filter]) -> None:
    values = [None, *(half / 2 for half in range(-2, 10))]
    rows = [{"a": one, "b": other} for one in values for other in values]

    told_apart = {tuple(matches(each, row) for each in asked) for row in rows}

    assert len(told_apart) <= cells(asked)


# --- approvals ---

prices = st.integers(0, 9).map(MicroBits)
facts = st.builds(
    Facts,
    functions=st.dictionaries(st.sampled_from([b"f", b"g", b"h"]).map(FunctionId), prices),
    families=st.dictionaries(st.sampled_from([b"m", b"n"]), prices),
    timings=st.dictionaries(st.sampled_from([b"t", b"u"]).map(TaskDigest), prices),
    epochs=st.frozensets(st.integers(0, 5)),
    versions=st.integers(1, 3),
)


@given(facts, facts)
def test_an_approval_never_lowers_what_can_be_told(approved: Facts, proposed: Facts) -> None:
    found = prospect(approved, proposed)

    assert found.charge >= 0
    assert found.after >= max(found.before, proposed.per_object)


@given(facts, facts)
def test_what_was_approved_once_is_not_charged_again(approved: Facts, proposed: Facts) -> None:
    both = joined(approved, proposed)

    assert prospect(both, proposed).charge == 0
    assert joined(both, both) == both


@given(facts, facts, facts)
def test_the_order_in_which_tasks_are_approved_makes_no_difference(
    one: Facts, two: Facts, three: Facts
) -> None:
    assert joined(joined(one, two), three) == joined(one, joined(three, two))
