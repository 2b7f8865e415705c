"""Each aggregate beside a plain reference of its own, and how many answers it can really have."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.compute.aggregates import Aggregate, Kind, exact, reach
from sealhold.compute.leakage import alternatives
from sealhold.compute.parts import FittedLine, join, line, split, words
from sealhold.compute.ranges import Range, parse_range

Args = Mapping[str, int]
FAR = Range(first=-(10**9), last=10**9, step=1)
NOTHING = -777_777  # a default that no kind says by itself

RANGES = [
    Range(first=0, last=1, step=1),
    Range(first=0, last=3, step=1),
    Range(first=2, last=8, step=3),
    Range(first=-4, last=4, step=2),
    Range(first=-7, last=-1, step=3),
    parse_range({"values": [-5, 1, 4]}, "r"),
    parse_range({"values": [0, 2, 3, 9]}, "r"),
]


def members(of: Range) -> list[int]:
    return [of.member(index) for index in range(of.size)]


def multisets(of: Range, most: int) -> list[tuple[int, ...]]:
    return [
        found
        for count in range(most + 1)
        for found in combinations_with_replacement(members(of), count)
    ]


def of_kind(kind: Kind, args: Args, evaluate: Range, most: int) -> Aggregate:
    """Return an aggregate whose declared range cuts nothing off."""
    wide = Aggregate(kind=kind, args=args, range=FAR, default=NOTHING)
    if kind not in {Kind.HISTOGRAM, Kind.TOP, Kind.MOMENTS}:
        return wide
    last = reach(wide, evaluate, most).last
    return Aggregate(kind=kind, args=args, range=Range(first=0, last=last, step=1), default=0)


def nearest(value: Fraction, grid: int) -> int:
    """Return the multiple of `grid` nearest to `value`; of two, the even multiple."""
    low = floor(value / grid)
    return min((low, low + 1), key=lambda whole: (abs(value - whole * grid), whole % 2)) * grid


def mean(results: Sequence[int]) -> Fraction:
    return Fraction(sum(results), len(results))


def variance(results: Sequence[int]) -> Fraction:
    return sum(((value - mean(results)) ** 2 for value in results), Fraction(0)) / len(results)


def of_rank(results: Sequence[int], share: Fraction) -> int:
    """Return the least result that at least `share` of all do not exceed."""
    return next(
        value
        for value in sorted(results)
        if Fraction(sum(other <= value for other in results), len(results)) >= share
    )


def lower_median(results: Sequence[int]) -> int:
    ordered = sorted(results)
    while len(ordered) > 2:
        ordered = ordered[1:-1]
    return ordered[0]


REFERENCES: list[tuple[Kind, Args, Callable[[Sequence[int]], int], bool]] = [
    (Kind.COUNT, {"value": 0}, lambda found: list(found).count(0), False),
    (Kind.DISTINCT, {}, lambda found: len({*found}), False),
    (Kind.SUM, {}, sum, False),
    (Kind.MIN, {}, min, True),
    (Kind.MAX, {}, max, True),
    (Kind.MEDIAN, {}, lower_median, True),
    *(
        (
            Kind.QUANTILE,
            {"numerator": above, "denominator": below},
            lambda found, share=Fraction(above, below): of_rank(found, share),
            True,
        )
        for above, below in [(1, 10), (1, 3), (1, 2), (9, 10), (1, 1)]
    ),
    *((Kind.AVG, {"grid": g}, lambda found, g=g: nearest(mean(found), g), True) for g in (1, 2, 5)),
    *(
        (Kind.VAR, {"grid": g}, lambda found, g=g: nearest(variance(found), g), True)
        for g in (1, 2, 5)
    ),
]


def named(case: object) -> str:
    return f"{case}" if isinstance(case, Kind | dict) else ""


@pytest.mark.parametrize("evaluate", RANGES, ids=lambda r: str(r.document()))
@pytest.mark.parametrize(("kind", "args", "reference", "may_be_empty"), REFERENCES, ids=named)
def test_each_kind_says_what_a_plain_reference_says(
    kind: Kind,
    args: Args,
    reference: Callable[[Sequence[int]], int],
    may_be_empty: bool,  # noqa: FBT001 - one column of a table
    evaluate: Range,
) -> None:
    aggregate = of_kind(kind, args, evaluate, 4)

    for results in multisets(evaluate, 4):
        expected = NOTHING if may_be_empty and not results else reference(results)
        assert exact(aggregate, evaluate, 4, results[::-1]) == expected, results


EXACT: list[tuple[Kind, Args]] = [
    (Kind.COUNT, {"value": 0}),
    (Kind.DISTINCT, {}),
    (Kind.MIN, {}),
    (Kind.MAX, {}),
    (Kind.MEDIAN, {}),
    (Kind.QUANTILE, {"numerator": 2, "denominator": 3}),
    (Kind.HISTOGRAM, {}),
    (Kind.TOP, {"most": 2}),
]
BOUNDED: list[tuple[Kind, Args]] = [
    (Kind.SUM, {}),
    (Kind.AVG, {"grid": 1}),
    (Kind.AVG, {"grid": 3}),
    (Kind.VAR, {"grid": 1}),
    (Kind.VAR, {"grid": 4}),
]


@pytest.mark.parametrize("most", [1, 2, 4])
@pytest.mark.parametrize("evaluate", RANGES, ids=lambda r: str(r.document()))
@pytest.mark.parametrize(("kind", "args"), EXACT, ids=named)
def test_the_answers_of_an_exact_kind_are_just_as_many_as_charged_for(
    kind: Kind, args: Args, evaluate: Range, most: int
) -> None:
    if kind is Kind.COUNT:
        args = {"value": evaluate.first}
    if kind is Kind.TOP:
        args = {"most": min(2, most)}  # more places than objects stay empty
    aggregate = of_kind(kind, args, evaluate, most)

    found = {exact(aggregate, evaluate, most, each) for each in multisets(evaluate, most)}

    assert len(found) == alternatives(aggregate, evaluate, most)


@pytest.mark.parametrize("most", [1, 2, 4])
@pytest.mark.parametrize("evaluate", RANGES, ids=lambda r: str(r.document()))
@pytest.mark.parametrize(("kind", "args"), BOUNDED, ids=named)
def test_the_answers_of_a_bounded_kind_are_no_more_than_charged_for(
    kind: Kind, args: Args, evaluate: Range, most: int
) -> None:
    aggregate = of_kind(kind, args, evaluate, most)

    found = {exact(aggregate, evaluate, most, each) for each in multisets(evaluate, most)}

    assert len(found) <= alternatives(aggregate, evaluate, most)
    assert all(each in reach(aggregate, evaluate, most).members for each in found - {NOTHING})


@pytest.mark.parametrize("most", [1, 3, 5])
def test_sums_of_yes_and_no_are_just_as_many_as_charged_for(most: int) -> None:
    yes_or_no = RANGES[0]
    aggregate = of_kind(Kind.SUM, {}, yes_or_no, most)

    found = {exact(aggregate, yes_or_no, most, each) for each in multisets(yes_or_no, most)}

    assert len(found) == alternatives(aggregate, yes_or_no, most) == most + 1


@pytest.mark.parametrize(("kinds", "most"), [(2, 3), (3, 4), (4, 2), (5, 3)])
def test_a_histogram_has_as_many_answers_as_there_are_multisets(kinds: int, most: int) -> None:
    evaluate = Range(first=0, last=kinds - 1, step=1)
    histogram = of_kind(Kind.HISTOGRAM, {}, evaluate, most)

    ranks = [exact(histogram, evaluate, most, each) for each in multisets(evaluate, most)]

    assert sorted(ranks) == list(range(comb(most + kinds, kinds)))


# --- answers of several parts, both ways ---


@pytest.mark.parametrize("evaluate", RANGES, ids=lambda r: str(r.document()))
def test_a_histogram_reads_as_the_counts_that_it_was_made_of(evaluate: Range) -> None:
    histogram = of_kind(Kind.HISTOGRAM, {}, evaluate, 4)

    for results in multisets(evaluate, 4):
        rank = exact(histogram, evaluate, 4, results)
        counts = split(histogram, evaluate, 4, rank)
        assert counts == [results.count(value) for value in members(evaluate)]
        assert join(histogram, evaluate, 4, counts) == rank


@pytest.mark.parametrize("wanted", [1, 2, 3])
@pytest.mark.parametrize("evaluate", RANGES, ids=lambda r: str(r.document()))
def test_the_largest_read_as_the_values_that_they_are(evaluate: Range, wanted: int) -> None:
    top = of_kind(Kind.TOP, {"most": wanted}, evaluate, 4)

    for results in multisets(evaluate, 4):
        rank = exact(top, evaluate, 4, results)
        places = split(top, evaluate, 4, rank)
        largest = [evaluate.member(place - 1) for place in places if place]
        assert largest == sorted(results)[-wanted:]
        assert len(places) == wanted
        assert join(top, evaluate, 4, places) == rank


points = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=6)


@given(points)
def test_moments_give_the_line_that_least_squares_gives(pairs: list[tuple[int, int]]) -> None:
    evaluate = Range(first=0, last=3 * 5 + 4, step=1)
    moments = of_kind(Kind.MOMENTS, {"base": 5}, evaluate, 6)

    answer = exact(moments, evaluate, 6, [x * 5 + y for x, y in pairs])
    sums = split(moments, evaluate, 6, answer)

    assert join(moments, evaluate, 6, sums) == answer
    assert sums == [
        len(pairs),
        sum(x for x, _ in pairs),
        sum(y for _, y in pairs),
        sum(x * x for x, _ in pairs),
        sum(x * y for x, y in pairs),
    ]
    fitted = line(sums)
    if len({x for x, _ in pairs}) < 2:
        assert fitted is None
        return
    assert fitted is not None

    def misfit(slope: Fraction, intercept: Fraction) -> Fraction:
        return sum(((y - slope * x - intercept) ** 2 for x, y in pairs), Fraction(0))

    best = misfit(fitted.slope, fitted.intercept)
    for more in (Fraction(1, 100), Fraction(-1, 100)):
        assert misfit(fitted.slope + more, fitted.intercept) > best
        assert misfit(fitted.slope, fitted.intercept + more) > best


def test_a_line_is_two_exact_fractions() -> None:
    sums = [3, 3, 4, 5, 6]  # (0, 0), (1, 2), (2, 2)

    assert line(sums) == FittedLine(slope=Fraction(1), intercept=Fraction(1, 3))


@pytest.mark.parametrize(
    "sums", [[0, 0, 0, 0, 0], [0, 3, 1, 9, 2], [2, 4, 5, 8, 10], [1, 3, 0, 0, 0]]
)
def test_moments_of_no_points_of_one_x_or_of_noise_alone_make_no_line(sums: list[int]) -> None:
    assert line(sums) is None


@pytest.mark.parametrize(
    ("kind", "args", "results", "expected"),
    [
        (Kind.COUNT, {"value": 1}, [1, 1], ""),
        (Kind.HISTOGRAM, {}, [0, 3, 3], "0: 1, 3: 2"),
        (Kind.HISTOGRAM, {}, [], "none"),
        (Kind.TOP, {"most": 2}, [0, 3, 1], "3, 1"),
        (Kind.TOP, {"most": 2}, [], "none"),
        (Kind.MOMENTS, {"base": 2}, [0, 3], "n 2, x 1, y 1, xx 1, xy 1; y = 1 x + 0"),
        (Kind.MOMENTS, {"base": 2}, [1], "n 1, x 0, y 1, xx 0, xy 0; no line"),
    ],
    ids=named,
)
def test_an_answer_of_several_parts_reads_as_its_parts(
    kind: Kind, args: Args, results: list[int], expected: str
) -> None:
    evaluate = Range(first=0, last=3, step=1)
    aggregate = of_kind(kind, args, evaluate, 4)

    answer = exact(aggregate, evaluate, 4, results)

    assert words(aggregate, evaluate, 4, answer) == expected
