"""Discrete Laplace noise, drawn exactly: whole numbers in, one whole number out, no rounding.

- P(y) is proportional to exp(-|y| * below / above), for a scale of above / below. Every step is a
  comparison of integers with a uniform integer, so there is no float whose last bits could tell.
- Chance comes in as a parameter. How long a draw takes depends on it and on the scale alone; what
  is computed with it leaves at the end of a slot.
- A source that gives the same bytes on and on is refused, not waited for.

Source: docs/spec/17-noise.md section 2, after Canonne, Kamath and Steinke, "The Discrete Gaussian
for Differential Privacy", NeurIPS 2020, algorithms 1 and 2.
"""

from dataclasses import dataclass

from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidError, UnavailableError

MAX_STEPS = 4_096  # of one loop; a fair source gets that far less than once in 2^1000 draws


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The scale of the noise, above / below; its mean size is close to that."""

    above: int
    below: int

    def __post_init__(self) -> None:
        if self.above < 1 or self.below < 1:
            raise InvalidError("a scale of noise is a positive fraction")


def discrete_laplace(scale: Scale, entropy: Entropy) -> int:
    """Return one draw; negative and positive values are equally likely.

    Raises:
        UnavailableError: the source of chance repeats itself.
    """
    for _ in range(MAX_STEPS):
        rest = below(scale.above, entropy)
        if not happens(rest, scale.above, entropy):
            continue
        size = (rest + scale.above * _whole(entropy)) // scale.below
        minus = below(2, entropy) == 1
        # INVARIANT: zero has one sign only, else it would come up twice as often as it should
        if minus and size == 0:
            continue
        return -size if minus else size
    raise UnavailableError("the source of chance repeats itself")


def happens(above: int, under: int, entropy: Entropy) -> bool:
    """Return True with probability exp(-above / under); `above` is at most `under`.

    Raises:
        UnavailableError: the source of chance repeats itself.
    """
    for step in range(1, MAX_STEPS):
        if below(under * step, entropy) >= above:
            return step % 2 == 1
    raise UnavailableError("the source of chance repeats itself")


def below(bound: int, entropy: Entropy) -> int:
    """Return a whole number from 0 to `bound` - 1, each equally likely.

    Raises:
        UnavailableError: the source of chance repeats itself.
    """
    bits = (bound - 1).bit_length()
    if bits == 0:
        return 0
    count = -(-bits // 8)
    for _ in range(MAX_STEPS):
        # THREAT T187: what does not fit is drawn anew; a remainder would favour small numbers
        drawn = int.from_bytes(entropy(count)) >> (8 * count - bits)
        if drawn < bound:
            return drawn
    raise UnavailableError("the source of chance repeats itself")


def _whole(entropy: Entropy) -> int:
    """Return n with probability exp(-n) * (1 - exp(-1)).

    Raises:
        UnavailableError: the source of chance repeats itself.
    """
    for count in range(MAX_STEPS):
        if not happens(1, 1, entropy):
            return count
    raise UnavailableError("the source of chance repeats itself")
