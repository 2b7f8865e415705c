"""Trusted aggregates: how the results of many objects become one answer of a known alphabet.

- A rule says two things of a kind: what it computes over the results, and which answers it could
  give at most (`Reach`), from which the price of a query follows.
- The order of the results never matters; of more than `max_objects` results the smallest count.
- No results give the declared default where a kind has nothing to say about nothing.
- The answer is clamped into the declared range, then rounded down to every n-th member if the
  owner asked for a coarser one; so it is a member of that range whatever the results were.
- All arithmetic is on whole numbers; halves round to the even neighbour.
- An answer may be blurred; the noise is drawn over the exact value, see `noising`.

Source: docs/spec/09-leakage.md section 4.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import gcd

from sealhold.compute import ranks
from sealhold.compute.declassify import gate
from sealhold.compute.ranges import Range
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidManifestError

MAX_CLASSES = 64  # of a histogram; its alphabet outgrows any budget long before
MAX_TOP = 16  # values listed by `top`


class Kind(StrEnum):
    """What is done with the results."""

    COUNT = "count"  # how many results are args.value
    DISTINCT = "distinct"  # how many different results there are
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"  # the lower one
    QUANTILE = "quantile"  # nearest rank of args.numerator / args.denominator
    AVG = "avg"  # to a multiple of args.grid
    VAR = "var"  # of the population, to a multiple of args.grid
    HISTOGRAM = "histogram"  # as a rank, see `ranks.unrank_counts`
    TOP = "top"  # the args.most largest, as a rank, see `ranks.unrank_largest`
    MOMENTS = "moments"  # n, Sx, Sy, Sxx, Sxy of results x * args.base + y, as one number
    CUSTOM = "custom"  # the task's own `aggregate`


WHOLE_KINDS = frozenset({Kind.HISTOGRAM, Kind.TOP, Kind.MOMENTS})  # answers are ranks: no order


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Discrete Laplace noise, so wide that the answer is epsilon-private."""

    numerator: int  # of epsilon
    denominator: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """How results become an answer, as a manifest declares it."""

    kind: Kind
    args: Mapping[str, int]
    range: Range
    default: int
    noise: Noise | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The answers that a kind could give before they are clamped."""

    members: Range  # all of them lie in it, but the default for "nothing"
    count: int  # how many different ones, the default for "nothing" included
    may_be_empty: bool  # no results give the declared default

    @property
    def first(self) -> int:
        """Return the least."""
        return self.members.first

    @property
    def last(self) -> int:
        """Return the greatest."""
        return self.members.last


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    args: frozenset[str]
    reach: Callable[[Range, int, Mapping[str, int]], Reach]
    compute: Callable[[Sequence[int], Range, int, Mapping[str, int]], int]


def parse_aggregate(
    name: str,
    args: Mapping[str, Plain],
    declared: Range,
    default: int,
    noise: Noise | None = None,
) -> Aggregate:
    """Return the aggregate that `kind` and `args` of a manifest name.

    Raises:
        InvalidManifestError: an unknown kind, or arguments that are not this kind's.
    """
    try:
        kind = Kind(name)
    except ValueError as err:
        raise InvalidManifestError(f"no aggregate `{name[:40]}`") from err
    wanted = frozenset[str]() if kind is Kind.CUSTOM else _RULES[kind].args
    if args.keys() != wanted or any(type(value) is not int for value in args.values()):
        names = ", ".join(sorted(wanted)) or "nothing"
        raise InvalidManifestError(f"`aggregate.args` of `{kind}` must hold {names}, as integers")
    return Aggregate(kind=kind, args=args, range=declared, default=default, noise=noise)


def check_aggregate(aggregate: Aggregate, evaluate: Range, max_objects: int) -> None:
    """Refuse arguments that make no sense over results in `evaluate`.

    Raises:
        InvalidManifestError: which argument, and what it must be.
    """
    args = aggregate.args
    match aggregate.kind:
        case Kind.COUNT if args["value"] not in evaluate:
            fault = "`args.value` must be in `evaluate.range`"
        case Kind.QUANTILE if not 0 < args["numerator"] <= args["denominator"]:
            fault = "`args.numerator` must be from 1 to `args.denominator`"
        case Kind.AVG | Kind.VAR if args["grid"] < 1:
            fault = "`args.grid` must be at least 1"
        case Kind.HISTOGRAM if evaluate.size > MAX_CLASSES:
            fault = f"a histogram has at most {MAX_CLASSES} classes"
        case Kind.TOP if not 0 < args["most"] <= MAX_TOP:
            fault = f"`args.most` must be from 1 to {MAX_TOP}"
        case Kind.MOMENTS if args["base"] < 2 or evaluate.first < 0:  # noqa: PLR2004 - a base
            fault = "`args.base` must be at least 2, and `evaluate.range` not negative"
        case kind if kind in WHOLE_KINDS:
            last = reach(aggregate, evaluate, max_objects).last
            if (aggregate.range.first, aggregate.range.last) == (0, last) and (
                aggregate.range.size == last + 1 and aggregate.default == 0
            ):
                return
            fault = f"`aggregate.range` must be 0 to {last} by 1 and the default 0"
        case _:
            return
    raise InvalidManifestError(f"aggregate `{aggregate.kind}`: {fault}")


def reach(aggregate: Aggregate, evaluate: Range, max_objects: int) -> Reach:
    """Return which answers the aggregate of up to `max_objects` results could have."""
    if aggregate.kind is Kind.CUSTOM:
        declared = aggregate.range
        return Reach(members=declared, count=declared.size, may_be_empty=True)
    return _RULES[aggregate.kind].reach(evaluate, max_objects, aggregate.args)


def answer(
    aggregate: Aggregate, evaluate: Range, max_objects: int, results: Sequence[int], coarsen: int
) -> int:
    """Return the answer that leaves for gated `results` of a trusted aggregate, without noise.

    Raises:
        InvalidManifestError: a custom aggregate, or one that cannot be coarser.
    """
    value = exact(aggregate, evaluate, max_objects, results)
    # INVARIANT: what leaves is a member of the coarsened range.
    return released_range(aggregate, coarsen).clamp(value)


def exact(aggregate: Aggregate, evaluate: Range, max_objects: int, results: Sequence[int]) -> int:
    """Return what a trusted aggregate says of gated `results`, before it is clamped.

    Raises:
        InvalidManifestError: a custom aggregate.
    """
    if aggregate.kind is Kind.CUSTOM:
        raise InvalidManifestError("a custom aggregate runs in a cell")
    rule = _RULES[aggregate.kind]
    counted = sorted(results)[:max_objects]
    nothing = not counted and rule.reach(evaluate, max_objects, aggregate.args).may_be_empty
    if nothing:
        return aggregate.default
    return rule.compute(counted, evaluate, max_objects, aggregate.args)


def custom_answer(aggregate: Aggregate, raw: object, coarsen: int) -> int:
    """Return the answer that leaves for what the task's own `aggregate` gave back.

    Raises:
        InvalidManifestError: an aggregate that cannot be coarser.
    """
    value = gate(raw, aggregate.range, aggregate.default)
    return released_range(aggregate, coarsen).clamp(value)


def released_range(aggregate: Aggregate, coarsen: int) -> Range:
    """Return the range of what leaves when only every `coarsen`-th answer is kept.

    Raises:
        InvalidManifestError: the answer is a rank, so neighbours mean nothing.
    """
    if coarsen != 1 and aggregate.kind in WHOLE_KINDS:
        raise InvalidManifestError(f"an answer of kind `{aggregate.kind}` cannot be coarser")
    return aggregate.range.coarsened(coarsen)


# --- the kinds: what each can say, and how it is computed ---


def _upto(count: int) -> Reach:
    return _ranked(count + 1)


def _member(evaluate: Range, _most: int, _args: Mapping[str, int]) -> Reach:
    return Reach(members=evaluate, count=evaluate.size + 1, may_be_empty=True)


def _sum_reach(evaluate: Range, most: int, _args: Mapping[str, int]) -> Reach:
    low, high = min(0, most * evaluate.first), max(0, most * evaluate.last)
    sums = Range(first=low, last=high, step=gcd(evaluate.step, evaluate.first))
    return Reach(members=sums, count=sums.size, may_be_empty=False)


def _grid_reach(first: int, last: int, grid: int) -> Reach:
    multiples = Range(first=first, last=last, step=grid)
    return Reach(members=multiples, count=multiples.size + 1, may_be_empty=True)


def _avg_reach(evaluate: Range, _most: int, args: Mapping[str, int]) -> Reach:
    grid = args["grid"]
    return _grid_reach(_to_grid(evaluate.first, 1, grid), _to_grid(evaluate.last, 1, grid), grid)


def _var_reach(evaluate: Range, _most: int, args: Mapping[str, int]) -> Reach:
    widest = (evaluate.last - evaluate.first) ** 2  # over 4: half of the results at either end
    return _grid_reach(0, _to_grid(widest, 4, args["grid"]), args["grid"])


def _avg(results: Sequence[int], _range: Range, _most: int, args: Mapping[str, int]) -> int:
    return _to_grid(sum(results), len(results), args["grid"])


def _var(results: Sequence[int], _range: Range, _most: int, args: Mapping[str, int]) -> int:
    count, total = len(results), sum(results)
    squares = sum(value * value for value in results)
    return _to_grid(count * squares - total * total, count * count, args["grid"])


def _to_grid(above: int, below: int, grid: int) -> int:
    """Return the multiple of `grid` nearest to above / below; of two, the even multiple."""
    whole, rest = divmod(above, below * grid)
    double = 2 * rest - below * grid
    return (whole + (double > 0 or (double == 0 and whole % 2 == 1))) * grid


def _quantile(results: Sequence[int], _range: Range, _most: int, args: Mapping[str, int]) -> int:
    return results[-(-len(results) * args["numerator"] // args["denominator"]) - 1]


def _ranked(count: int) -> Reach:
    whole = Range(first=0, last=count - 1, step=1)
    return Reach(members=whole, count=count, may_be_empty=False)


def _histogram(results: Sequence[int], evaluate: Range, _most: int, _: Mapping[str, int]) -> int:
    found = Counter(evaluate.position(value) for value in results)
    return ranks.rank_counts([found[index] for index in range(evaluate.size)])


def _top(results: Sequence[int], evaluate: Range, _most: int, args: Mapping[str, int]) -> int:
    return ranks.rank_largest([evaluate.position(value) for value in results], args["most"])


def moment_bases(evaluate: Range, most: int, args: Mapping[str, int]) -> list[int]:
    """Return in how many ways n, Sx, Sy, Sxx and Sxy of up to `most` pairs can turn out."""
    x, y = evaluate.last // args["base"], min(args["base"] - 1, evaluate.last)
    return [most * largest + 1 for largest in (1, x, y, x * x, x * y)]


def _moments(results: Sequence[int], evaluate: Range, most: int, args: Mapping[str, int]) -> int:
    points = [divmod(value, args["base"]) for value in results]
    sums = [
        len(points),
        sum(x for x, _ in points),
        sum(y for _, y in points),
        sum(x * x for x, _ in points),
        sum(x * y for x, y in points),
    ]
    return ranks.join_digits(sums, moment_bases(evaluate, most, args))


_NO_ARGS = frozenset[str]()
_GRID = frozenset({"grid"})
_RULES: dict[Kind, _Rule] = {
    Kind.COUNT: _Rule(
        args=frozenset({"value"}),
        reach=lambda _range, most, _args: _upto(most),
        compute=lambda results, _range, _most, args: sum(v == args["value"] for v in results),
    ),
    Kind.DISTINCT: _Rule(
        args=_NO_ARGS,
        reach=lambda evaluate, most, _args: _upto(min(most, evaluate.size)),
        compute=lambda results, _range, _most, _args: len(set(results)),
    ),
    Kind.SUM: _Rule(
        args=_NO_ARGS,
        reach=_sum_reach,
        compute=lambda results, _range, _most, _args: sum(results),
    ),
    Kind.MIN: _Rule(
        args=_NO_ARGS, reach=_member, compute=lambda results, _range, _most, _args: results[0]
    ),
    Kind.MAX: _Rule(
        args=_NO_ARGS, reach=_member, compute=lambda results, _range, _most, _args: results[-1]
    ),
    Kind.MEDIAN: _Rule(
        args=_NO_ARGS,
        reach=_member,
        compute=lambda results, _range, _most, _args: results[(len(results) - 1) // 2],
    ),
    Kind.QUANTILE: _Rule(
        args=frozenset({"numerator", "denominator"}), reach=_member, compute=_quantile
    ),
    Kind.AVG: _Rule(
        args=_GRID,
        reach=_avg_reach,
        compute=_avg,
    ),
    Kind.VAR: _Rule(args=_GRID, reach=_var_reach, compute=_var),
    Kind.HISTOGRAM: _Rule(
        args=_NO_ARGS,
        reach=lambda evaluate, most, _args: _ranked(ranks.multisets(evaluate.size, most)),
        compute=_histogram,
    ),
    Kind.TOP: _Rule(
        args=frozenset({"most"}),
        reach=lambda evaluate, _most, args: _ranked(ranks.multisets(evaluate.size, args["most"])),
        compute=_top,
    ),
    Kind.MOMENTS: _Rule(
        args=frozenset({"base"}),
        reach=lambda evaluate, most, args: _ranked(
            ranks.numbers_of(moment_bases(evaluate, most, args))
        ),
        compute=_moments,
    ),
}
