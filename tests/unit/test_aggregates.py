"""What each trusted aggregate answers, and that its answer is always one of the range."""

import pytest

from sealhold.compute.aggregates import (
    Aggregate,
    Kind,
    answer,
    check_aggregate,
    custom_answer,
    parse_aggregate,
    reach,
    released_range,
)
from sealhold.compute.ranges import Range, parse_range
from sealhold.compute.ranks import split_digits, unrank_counts, unrank_largest
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidManifestError

SIX = Range(first=0, last=5, step=1)
WIDE = Range(first=-1000, last=1000, step=1)


def aggregate_of(kind: Kind, answers: Range = WIDE, default: int = -1, **args: int) -> Aggregate:
    return Aggregate(kind=kind, args=args, range=answers, default=default)


def said(aggregate: Aggregate, results: list[int], most: int = 31, coarsen: int = 1) -> int:
    return answer(aggregate, SIX, most, results, coarsen)


@pytest.mark.parametrize(
    ("kind", "args", "results", "expected"),
    [
        (Kind.COUNT, {"value": 1}, [1, 0, 1, 5], 2),
        (Kind.DISTINCT, {}, [1, 1, 5, 0], 3),
        (Kind.SUM, {}, [5, 4, 0], 9),
        (Kind.MIN, {}, [3, 1, 2], 1),
        (Kind.MAX, {}, [3, 1, 2], 3),
        (Kind.MEDIAN, {}, [5, 1, 4, 2], 2),
        (Kind.QUANTILE, {"numerator": 9, "denominator": 10}, [0, 1, 2, 3, 4], 4),
        (Kind.QUANTILE, {"numerator": 1, "denominator": 10}, [0, 1, 2, 3, 4], 0),
        (Kind.AVG, {"grid": 1}, [1, 2], 2),
        (Kind.AVG, {"grid": 1}, [2, 3], 2),
        (Kind.AVG, {"grid": 2}, [5, 5, 4], 4),
        (Kind.VAR, {"grid": 1}, [0, 5], 6),
        (Kind.VAR, {"grid": 1}, [3, 3, 3], 0),
    ],
)
def test_each_kind_computes_what_its_name_says(
    kind: Kind, args: dict[str, int], results: list[int], expected: int
) -> None:
    assert said(Aggregate(kind=kind, args=args, range=WIDE, default=-1), results) == expected


@pytest.mark.parametrize(
    ("kind", "args", "expected"),
    [
        (Kind.COUNT, {"value": 1}, 0),
        (Kind.DISTINCT, {}, 0),
        (Kind.SUM, {}, 0),
        (Kind.MIN, {}, -1),
        (Kind.MAX, {}, -1),
        (Kind.MEDIAN, {}, -1),
        (Kind.QUANTILE, {"numerator": 1, "denominator": 2}, -1),
        (Kind.AVG, {"grid": 1}, -1),
        (Kind.VAR, {"grid": 1}, -1),
    ],
)
def test_no_results_give_nothing_or_the_default(
    kind: Kind, args: dict[str, int], expected: int
) -> None:
    assert said(Aggregate(kind=kind, args=args, range=WIDE, default=-1), []) == expected


def test_an_answer_is_clamped_into_its_range() -> None:
    few = Range(first=10, last=14, step=2)

    assert said(aggregate_of(Kind.SUM, few, 10), [1]) == 10
    assert said(aggregate_of(Kind.SUM, few, 10), [5, 5, 3]) == 12
    assert said(aggregate_of(Kind.SUM, few, 10), [5] * 9) == 14


def test_a_coarser_answer_is_rounded_down_to_a_kept_one() -> None:
    rides = aggregate_of(Kind.COUNT, Range(first=0, last=31, step=1), 0, value=1)

    assert [said(rides, [1] * n, coarsen=4) for n in (0, 3, 4, 17, 31)] == [0, 0, 4, 16, 28]


def test_of_more_results_than_objects_the_smallest_count() -> None:
    assert said(aggregate_of(Kind.SUM), [5, 1, 2], most=2) == 3


def test_a_histogram_is_the_rank_of_its_counts() -> None:
    last = reach(aggregate_of(Kind.HISTOGRAM), SIX, 4).last
    histogram = aggregate_of(Kind.HISTOGRAM, Range(first=0, last=last, step=1), 0)

    rank = answer(histogram, SIX, 4, [0, 5, 5], 1)

    assert last == 209
    assert unrank_counts(rank, 6) == [1, 0, 0, 0, 0, 2]
    assert answer(histogram, SIX, 4, [], 1) == 0
    assert answer(histogram, SIX, 4, [0, 0, 0, 0], 1) == last


def test_the_largest_values_are_the_rank_of_their_positions() -> None:
    top = aggregate_of(Kind.TOP, Range(first=0, last=83, step=1), 0, most=3)

    assert unrank_largest(said(top, [0, 4, 1, 4]), 3) == [1, 4, 4]
    assert unrank_largest(said(top, [2]), 3) == [2]
    assert unrank_largest(said(top, []), 3) == []


def test_the_moments_of_pairs_are_the_digits_of_one_number() -> None:
    bases = [5, 9, 5, 17, 9]
    last = 5 * 9 * 5 * 17 * 9 - 1
    moments = aggregate_of(Kind.MOMENTS, Range(first=0, last=last, step=1), 0, base=2)

    number = answer(moments, SIX, 4, [0 * 2 + 1, 2 * 2 + 1, 1 * 2 + 0], 1)

    assert split_digits(number, bases) == [3, 3, 2, 5, 2]


def test_a_rank_cannot_be_coarser() -> None:
    top = aggregate_of(Kind.TOP, Range(first=0, last=83, step=1), 0, most=3)

    with pytest.raises(InvalidManifestError):
        released_range(top, 2)


@pytest.mark.parametrize(
    ("raw", "expected"), [(7, 7), (None, -1), (True, -1), (2000, -1), ("7", -1)]
)
def test_the_answer_of_a_custom_aggregate_passes_the_same_gate(raw: object, expected: int) -> None:
    assert custom_answer(aggregate_of(Kind.CUSTOM), raw, 1) == expected


def test_a_custom_aggregate_is_not_computed_here() -> None:
    with pytest.raises(InvalidManifestError):
        said(aggregate_of(Kind.CUSTOM), [1])


@pytest.mark.parametrize(
    "aggregate",
    [
        aggregate_of(Kind.COUNT, value=6),
        aggregate_of(Kind.QUANTILE, numerator=0, denominator=2),
        aggregate_of(Kind.QUANTILE, numerator=3, denominator=2),
        aggregate_of(Kind.AVG, grid=0),
        aggregate_of(Kind.VAR, grid=-1),
        aggregate_of(Kind.TOP, most=0),
        aggregate_of(Kind.TOP, most=17),
        aggregate_of(Kind.TOP, most=3),
        aggregate_of(Kind.MOMENTS, base=1),
        aggregate_of(Kind.HISTOGRAM),
        aggregate_of(Kind.HISTOGRAM, Range(first=0, last=2_324_783, step=1), 1),
    ],
    ids=lambda aggregate: f"{aggregate.kind} {aggregate.args}",
)
def test_arguments_that_make_no_sense_are_refused(aggregate: Aggregate) -> None:
    with pytest.raises(InvalidManifestError):
        check_aggregate(aggregate, SIX, 31)


def test_a_histogram_of_too_many_classes_is_refused_before_it_is_priced() -> None:
    classes = Range(first=0, last=10**9, step=1)

    with pytest.raises(InvalidManifestError, match="64 classes"):
        check_aggregate(aggregate_of(Kind.HISTOGRAM), classes, 10**6)


@pytest.mark.parametrize(
    ("name", "args"),
    [("mode", {}), ("sum", {"grid": 1}), ("avg", {}), ("avg", {"grid": "1"}), ("count", {"v": 1})],
)
def test_an_unknown_kind_or_argument_is_refused(name: str, args: dict[str, Plain]) -> None:
    with pytest.raises(InvalidManifestError):
        parse_aggregate(name, args, WIDE, 0)


def test_a_listed_range_knows_its_members_places_and_steps() -> None:
    listed = parse_range({"values": [-5, 1, 7]}, "r")

    assert (listed.size, listed.step) == (3, 6)
    assert [listed.clamp(value) for value in (-9, -5, 0, 1, 6, 7, 99)] == [-5, -5, -5, 1, 1, 7, 7]
    assert listed.coarsened(2).listed == (-5, 7)


def test_a_range_cannot_keep_every_zeroth_member() -> None:
    with pytest.raises(InvalidManifestError):
        SIX.coarsened(0)
