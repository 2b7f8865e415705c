"""What an answer of several parts says: counts, the largest values, moments and the line by them.

- `split` gives the parts of an answer and `join` the answer again; an answer of one part is itself.
- A line by moments is two exact fractions; where all x are the same, or nothing is, there is none.
- `words` is how an answer reads: for whoever gets it, and for the owner who lets it go.

Source: docs/spec/09-leakage.md section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sealhold.compute import ranks
from sealhold.compute.aggregates import Aggregate, Kind, moment_bases
from sealhold.compute.ranges import Range

MOMENTS = ("n", "x", "y", "xx", "xy")


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedLine:
    """The line of least squares: y = slope * x + intercept."""

    slope: Fraction
    intercept: Fraction


def split(aggregate: Aggregate, evaluate: Range, most: int, answer: int) -> list[int]:
    """Return the parts of `answer`.

    A histogram's are its counts, one for each member of `evaluate`; those of `top` are ascending
    places in `evaluate` from 1, 0 for none; those of `moments` are n, Sx, Sy, Sxx and Sxy.
    """
    match aggregate.kind:
        case Kind.HISTOGRAM:
            return ranks.unrank_counts(answer, evaluate.size)
        case Kind.TOP:
            wanted = aggregate.args["most"]
            return ranks.padded(ranks.unrank_largest(answer, wanted), wanted)
        case Kind.MOMENTS:
            return ranks.split_digits(answer, moment_bases(evaluate, most, aggregate.args))
        case _:
            return [answer]


def join(aggregate: Aggregate, evaluate: Range, most: int, parts: Sequence[int]) -> int:
    """Return the answer that `split` gives these parts of."""
    match aggregate.kind:
        case Kind.HISTOGRAM:
            return ranks.rank_counts(parts)
        case Kind.TOP:
            members = [place - 1 for place in parts if place > 0]
            return ranks.rank_largest(members, aggregate.args["most"])
        case Kind.MOMENTS:
            return ranks.join_digits(parts, moment_bases(evaluate, most, aggregate.args))
        case _:
            return parts[0]


def line(moments: Sequence[int]) -> FittedLine | None:
    """Return the line by the five moments n, Sx, Sy, Sxx, Sxy; None if they make none."""
    n, x, y, xx, xy = moments
    spread = n * xx - x * x
    if n < 1 or spread <= 0:  # noise can make moments of no points at all
        return None
    slope = Fraction(n * xy - x * y, spread)
    return FittedLine(slope=slope, intercept=(y - slope * x) / n)


def words(aggregate: Aggregate, evaluate: Range, most: int, answer: int) -> str:
    """Return how an answer of several parts reads; empty for one that is just a number."""
    parts = split(aggregate, evaluate, most, answer)
    match aggregate.kind:
        case Kind.HISTOGRAM:
            found = [(evaluate.member(at), count) for at, count in enumerate(parts) if count]
            return ", ".join(f"{value}: {count}" for value, count in found) or "none"
        case Kind.TOP:
            largest = [str(evaluate.member(place - 1)) for place in reversed(parts) if place]
            return ", ".join(largest) or "none"
        case Kind.MOMENTS:
            sums = ", ".join(f"{name} {part}" for name, part in zip(MOMENTS, parts, strict=True))
            fitted = line(parts)
            if fitted is None:
                return f"{sums}; no line"
            return f"{sums}; y = {fitted.slope} x + {fitted.intercept}"
        case _:
            return ""
