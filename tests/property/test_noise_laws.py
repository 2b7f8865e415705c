"""Laws of noise: no neighbour moves an answer by more than its spread, and no answer is new."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.compute.aggregates import Aggregate, Kind, Noise, exact, reach, released_range
from sealhold.compute.leakage import alternatives
from sealhold.compute.noising import Blur, within
from sealhold.compute.parts import split
from sealhold.compute.ranges import Range, parse_range
from sealhold.crypto.entropy import seeded
from sealhold.crypto.noise import discrete_laplace
from sealhold.model.quantities import MICRO

Args = Mapping[str, int]
EPSILON = Noise(numerator=1, denominator=2)
RANGES = [
    Range(first=0, last=1, step=1),
    Range(first=0, last=5, step=1),
    Range(first=2, last=8, step=3),
    Range(first=-4, last=4, step=2),
    parse_range({"values": [-5, 1, 4]}, "r"),
]
KINDS: list[tuple[Kind, Args]] = [
    (Kind.COUNT, {"value": 1}),
    (Kind.DISTINCT, {}),
    (Kind.SUM, {}),
    (Kind.MIN, {}),
    (Kind.MAX, {}),
    (Kind.MEDIAN, {}),
    (Kind.QUANTILE, {"numerator": 2, "denominator": 3}),
    (Kind.AVG, {"grid": 2}),
    (Kind.VAR, {"grid": 3}),
    (Kind.HISTOGRAM, {}),
    (Kind.TOP, {"most": 2}),
    (Kind.MOMENTS, {"base": 3}),
]
ANSWERS = [
    Range(first=-100, last=100, step=1),
    Range(first=0, last=9, step=3),
    parse_range({"values": [-2, 3, 4, 11]}, "r"),
]
WHOLE = {Kind.HISTOGRAM, Kind.TOP, Kind.MOMENTS}
MOST = 3


def blur_over(
    kind: Kind, args: Args, evaluate: Range, answers: Range, k: int = 1, most: int = MOST
) -> Blur:
    if kind in WHOLE:
        rough = Aggregate(kind=kind, args=args, range=answers, default=0)
        answers = Range(first=0, last=reach(rough, evaluate, most).last, step=1)
    aggregate = Aggregate(kind=kind, args=args, range=answers, default=answers.first, noise=EPSILON)
    return Blur(aggregate=aggregate, noise=EPSILON, evaluate=evaluate, most=most, k=k)


def members(of: Range) -> list[int]:
    return [of.member(index) for index in range(of.size)]


def sets(evaluate: Range) -> list[tuple[int, ...]]:
    return [
        found
        for count in range(MOST + 1)
        for found in combinations_with_replacement(members(evaluate), count)
    ]


def neighbours(results: Sequence[int], evaluate: Range) -> Iterator[list[int]]:
    """Yield what one object more, less or other makes of `results`."""
    for at in range(len(results)):
        rest = [*results[:at], *results[at + 1 :]]
        yield rest
        yield from ([*rest, value] for value in members(evaluate))
    if len(results) < MOST:
        yield from ([*results, value] for value in members(evaluate))


def cut_parts(blur: Blur, results: Sequence[int]) -> list[int]:
    """Return the parts of an answer just before noise is added."""
    aggregate, declared = blur.aggregate, blur.aggregate.range
    value = exact(aggregate, blur.evaluate, MOST, results)
    cut = sorted((declared.first, value, declared.last))[1]
    return split(aggregate, blur.evaluate, MOST, cut)


def moved(blur: Blur, one: Sequence[int], other: Sequence[int]) -> Fraction:
    parts = zip(cut_parts(blur, one), cut_parts(blur, other), blur.spreads(), strict=True)
    return sum((Fraction(abs(a - b), spread) for a, b, spread in parts), Fraction(0))


def usable(kind: Kind, evaluate: Range) -> bool:
    return kind is not Kind.MOMENTS or evaluate.first >= 0


@pytest.mark.parametrize("answers", ANSWERS, ids=lambda r: str(r.document()))
@pytest.mark.parametrize("evaluate", RANGES, ids=lambda r: str(r.document()))
@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_no_neighbour_moves_an_answer_by_more_than_its_spread(
    kind: Kind, args: Args, evaluate: Range, answers: Range
) -> None:
    if not usable(kind, evaluate):
        evaluate = Range(first=0, last=8, step=2)
    blur = blur_over(kind, args, evaluate, answers)

    for results in sets(evaluate):
        for other in neighbours(results, evaluate):
            assert moved(blur, results, other) <= 1, (results, other)


@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_an_object_that_changes_two_results_moves_an_answer_by_no_more_than_its_spread(
    kind: Kind, args: Args
) -> None:
    evaluate = Range(first=0, last=3, step=1)
    blur = blur_over(kind, args, evaluate, ANSWERS[0], k=2)

    for results in sets(evaluate):
        for one in neighbours(results, evaluate):
            for two in neighbours(one, evaluate):
                assert moved(blur, results, two) <= 1, (results, two)


@pytest.mark.parametrize(
    ("kind", "args"),
    [(Kind.COUNT, {"value": 1}), (Kind.DISTINCT, {}), (Kind.SUM, {}), (Kind.HISTOGRAM, {})],
)
def test_the_spread_of_what_adds_up_is_no_wider_than_it_must_be(kind: Kind, args: Args) -> None:
    evaluate = RANGES[1]
    blur = blur_over(kind, args, evaluate, ANSWERS[0])

    widest = max(
        moved(blur, results, other)
        for results in sets(evaluate)
        for other in neighbours(results, evaluate)
    )

    assert widest == 1


@pytest.mark.parametrize("answers", ANSWERS, ids=lambda r: str(r.document()))
@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_a_blurred_answer_is_one_of_those_that_are_charged_for(
    kind: Kind, args: Args, answers: Range
) -> None:
    evaluate, entropy = RANGES[2], seeded(b"one of those")
    blur = blur_over(kind, args, evaluate, answers)
    aggregate = blur.aggregate
    coarsened = (1,) if kind in WHOLE else (1, 2)

    for coarsen in coarsened:
        leaves = released_range(aggregate, coarsen)
        found = {
            leaves.clamp(blur.blurred(exact(aggregate, evaluate, MOST, results), entropy))
            for results in sets(evaluate)
            for _ in range(20)
        }
        assert len(found) <= alternatives(aggregate, evaluate, MOST, coarsen)
        assert all(each in leaves for each in found)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KINDS), st.binary(min_size=4, max_size=4), st.data())
def test_a_blurred_answer_has_parts_that_can_be(
    kind: tuple[Kind, Args], seed: bytes, data: st.DataObject
) -> None:
    evaluate = Range(first=0, last=4, step=1)
    blur = blur_over(kind[0], kind[1], evaluate, ANSWERS[0])
    results = data.draw(st.lists(st.sampled_from(members(evaluate)), max_size=MOST))

    answer = blur.blurred(exact(blur.aggregate, evaluate, MOST, results), seeded(seed))
    parts = split(blur.aggregate, evaluate, MOST, answer)

    assert all(part >= 0 for part in parts) or kind[0] not in WHOLE
    if kind[0] is Kind.HISTOGRAM:
        assert sum(parts) <= MOST
    if kind[0] is Kind.TOP:
        assert parts == sorted(parts)
        assert parts[-1] <= evaluate.size


def test_rounding_to_a_wide_step_comes_after_the_noise() -> None:
    """A count of 9 and one of 10 round to 0 and 10: before the noise that is a step of 10."""
    tens = Range(first=0, last=100, step=10)
    blur = blur_over(Kind.COUNT, {"value": 1}, RANGES[0], tens, most=100)
    aggregate, entropy = blur.aggregate, seeded(b"tens")

    above = sum(
        released_range(aggregate, 1).clamp(blur.blurred(9, entropy)) >= 10 for _ in range(400)
    )

    # P(9 + noise >= 10) at epsilon 1/2 is near 0.38; at a step of 10 rounded before, near 0.003
    assert 100 < above < 220


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_price_of_noise_is_never_below_the_truth(above: int, below: int) -> None:
    blur = blur_over(Kind.COUNT, {"value": 1}, RANGES[0], ANSWERS[0])
    noise = Noise(numerator=above, denominator=below)

    price = Blur(aggregate=blur.aggregate, noise=noise, evaluate=blur.evaluate, most=MOST, k=1).cost

    truth = Fraction(above, below) ** 2 / 2 * MICRO
    assert truth <= price < truth + 1


@pytest.mark.parametrize("denominator", [1, 2, 7, 30])
def test_noise_stays_within_what_is_said_19_times_in_20(denominator: int) -> None:
    noise = Noise(numerator=1, denominator=denominator)
    rough = blur_over(Kind.COUNT, {"value": 1}, RANGES[0], ANSWERS[0])
    blur = Blur(aggregate=rough.aggregate, noise=noise, evaluate=rough.evaluate, most=MOST, k=1)
    (scale,) = blur.scales()
    entropy = seeded(b"within")

    beyond = sum(abs(discrete_laplace(scale, entropy)) > within(scale) for _ in range(4_000))

    assert beyond <= 200
