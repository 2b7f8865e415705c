"""Noise on an answer: how much one object can move it, how wide it is blurred, what that costs.

- Two sets of objects are neighbours if they differ in one object: it is there or not, or it says
  something else. For each part of an answer there is a spread; over all neighbours the changes of
  the parts, each in units of its spread, add up to at most 1. So a draw of scale spread / epsilon
  for each part is epsilon-private (pure), whatever the program did.
- What comes out is put back among the answers that the kind can give, so noise adds no answer to
  those that are charged for. That, and coarsening after it, look at no data.
- An epsilon-private answer costs epsilon^2 / 2 of zero-concentrated privacy, in millionths,
  rounded up.

Source: docs/spec/17-noise.md; Bun and Steinke, "Concentrated Differential Privacy", TCC 2016,
proposition 1.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.compute.aggregates import Aggregate, Kind, Noise, moment_bases, reach
from sealhold.compute.parts import join, split
from sealhold.compute.ranges import Range
from sealhold.compute.task import Task
from sealhold.crypto.noise import Scale, discrete_laplace
from sealhold.model.clock import Entropy
from sealhold.model.quantities import MICRO, MicroRho

HISTOGRAM_MOVES = 2  # one object that changes leaves one count and enters another


@dataclass(frozen=True, slots=True, kw_only=True)
class Blur:
    """How the answers of one aggregate are blurred."""

    aggregate: Aggregate
    noise: Noise
    evaluate: Range
    most: int  # objects that count
    k: int  # objects whose results one object can change, its own among them

    @property
    def cost(self) -> MicroRho:
        """Return what one answer costs: epsilon^2 / 2 in millionths, rounded up."""
        above, below = self.noise.numerator, self.noise.denominator
        # INVARIANT: never below the truth.
        return MicroRho(-(-MICRO * above**2 // (2 * below**2)))

    def spreads(self) -> tuple[int, ...]:
        """Return the spread of each part of an answer; 1 at least."""
        aggregate, evaluate = self.aggregate, self.evaluate
        match aggregate.kind:
            case Kind.HISTOGRAM:
                return (HISTOGRAM_MOVES * self.k,) * evaluate.size
            case Kind.TOP:
                # places that move do so between an object's old place and its new one, no further
                return (evaluate.size * self.k,) * aggregate.args["most"]
            case Kind.MOMENTS:
                bases = moment_bases(evaluate, 1, aggregate.args)
                return tuple(len(bases) * max(1, base - 1) * self.k for base in bases)
            case _:
                return (self._single(),)

    def scales(self) -> list[Scale]:
        """Return the scale of the noise on each part."""
        above, below = self.noise.denominator, self.noise.numerator
        return [Scale(above=spread * above, below=below) for spread in self.spreads()]

    def blurred(self, value: int, entropy: Entropy) -> int:
        """Return `value`, exact and not yet clamped, with fresh noise: an answer of the kind.

        Raises:
            UnavailableError: the source of chance repeats itself.
        """
        declared = self.aggregate.range
        # THREAT T188: an answer moves by its spread at most only if it was cut to the declared
        # ends first; rounding comes after the noise, because rounding can widen a step
        cut = min(max(value, declared.first), declared.last)
        parts = split(self.aggregate, self.evaluate, self.most, cut)
        drawn = [
            part + discrete_laplace(scale, entropy)
            for part, scale in zip(parts, self.scales(), strict=True)
        ]
        return join(self.aggregate, self.evaluate, self.most, self._settled(drawn))

    def words(self) -> str:
        """Return how the answers are blurred, for people."""
        above, below = self.noise.numerator, self.noise.denominator
        off = " or ".join(f"{far:,}" for far in sorted({within(each) for each in self.scales()}))
        part = "" if len(self.spreads()) == 1 else "each part "
        return f"{part}off by {off} at most, 19 times in 20 (epsilon {above}/{below})"

    def _single(self) -> int:
        declared, evaluate = self.aggregate.range, self.evaluate
        width = declared.last - declared.first
        match self.aggregate.kind:
            case Kind.COUNT | Kind.DISTINCT:
                moved = self.k
            case Kind.SUM:
                moved = (max(0, evaluate.last) - min(0, evaluate.first)) * self.k
            case _:
                # a single object can take such an answer from one end to the other
                says = reach(self.aggregate, evaluate, self.most)
                ends = (says.first, says.last, self.aggregate.default)
                moved = max(ends) - min(ends)
        return max(1, min(width, moved))

    def _settled(self, drawn: Sequence[int]) -> Sequence[int]:
        """Return the parts of an answer that can be given, near to what was drawn."""
        most, evaluate = self.most, self.evaluate
        match self.aggregate.kind:
            case Kind.HISTOGRAM:
                counts = [max(0, part) for part in drawn]
                total = sum(counts)
                return [part * most // total for part in counts] if total > most else counts
            case Kind.TOP:
                return sorted(min(max(0, part), evaluate.size) for part in drawn)
            case Kind.MOMENTS:
                bases = moment_bases(evaluate, most, self.aggregate.args)
                ends = zip(drawn, bases, strict=True)
                return [min(max(0, part), base - 1) for part, base in ends]
            case _:
                # INVARIANT: no answer beyond those that `leakage.alternatives` counts
                members = reach(self.aggregate, evaluate, most).members
                return [members.clamp(part) for part in drawn]


def blur_of(task: Task) -> Blur | None:
    """Return how the answers of `task` are blurred; None if they are not."""
    if task.aggregate.noise is None:
        return None
    return Blur(
        aggregate=task.aggregate,
        noise=task.aggregate.noise,
        evaluate=task.evaluate.range,
        most=task.input.max_objects,
        k=task.partition.k,
    )


def within(scale: Scale) -> int:
    """Return how far noise of `scale` moves a part at most, 19 times in 20."""
    return 3 * scale.above // scale.below + 1  # exp(-3) is below 1/20
