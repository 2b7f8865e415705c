"""Ranges: the finite sets of whole numbers that a program or an answer may give.

- A range is written `{min, max, step}` or `{values}` in a manifest; it has at least two members,
  because a range of one says nothing and so needs no program.
- Membership, position and rounding are arithmetic on the bounds: no member is ever listed, so a
  range of 2^40 members costs what one of two costs.
- Coarsening keeps every n-th member, from the first on; a value is rounded down to a kept one.

Source: docs/spec/08-task-manifest.md section 3.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidManifestError

MAX_MAGNITUDE = 2**53 - 1  # what every JSON reader keeps exact
MAX_LISTED = 4096  # members written one by one; more belong in min, max, step


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Whole numbers `first`, `first + step`, ... `last`, or just the `listed` ones among them."""

    first: int
    last: int
    step: int  # for a list: the greatest step that meets each member
    listed: tuple[int, ...] = ()  # ascending; empty when every step is a member

    @property
    def size(self) -> int:
        """Return how many members there are."""
        return len(self.listed) or (self.last - self.first) // self.step + 1

    def __contains__(self, value: int) -> bool:
        if self.listed:
            return self.listed[bisect_right(self.listed, value) - 1] == value
        return self.first <= value <= self.last and (value - self.first) % self.step == 0

    def position(self, value: int) -> int:
        """Return the index of the greatest member that is not above `value`; 0 if all are."""
        if value <= self.first:
            return 0
        if self.listed:
            return bisect_right(self.listed, value) - 1
        return (min(value, self.last) - self.first) // self.step

    def member(self, index: int) -> int:
        """Return the member at `index`, counted from 0."""
        return self.listed[index] if self.listed else self.first + index * self.step

    def clamp(self, value: int) -> int:
        """Return the greatest member that is not above `value`, or the first."""
        return self.member(self.position(value))

    def coarsened(self, every: int) -> "Range":
        """Return the range of every `every`-th member; it may have a single one.

        Raises:
            InvalidManifestError: `every` is not positive.
        """
        if every < 1:
            raise InvalidManifestError(f"cannot keep every {every}-th answer")
        if self.listed:
            return _listed(self.listed[::every])
        kept = (self.size - 1) // every
        step = self.step * every
        return Range(first=self.first, last=self.first + kept * step, step=step)

    def document(self) -> dict[str, Plain]:
        """Return the range as it stands in a manifest."""
        if self.listed:
            return {"values": list(self.listed)}
        return {"min": self.first, "max": self.last, "step": self.step}


def parse_range(value: Plain, where: str) -> Range:
    """Return the range that `value` of a manifest says; `where` names its place in messages.

    Raises:
        InvalidManifestError: neither form, not whole numbers, or fewer than two members.
    """
    match value:
        case {"min": int() as low, "max": int() as high, "step": int() as step} if len(value) == 3:  # noqa: PLR2004 - the three keys
            whole = not any(isinstance(part, bool) for part in (low, high, step))
            if not whole or step < 1 or high <= low or (high - low) % step:
                raise InvalidManifestError(
                    f"`{where}` must have min < max, and step must lead from min to max"
                )
            found = Range(first=low, last=high, step=step)
        case {"values": [_, _, *_] as values} if len(value) == 1:
            found = _parse_listed(values, where)
        case _:
            raise InvalidManifestError(f"`{where}` is neither `min, max, step` nor 2 `values`")
    if max(abs(found.first), abs(found.last)) > MAX_MAGNITUDE:
        raise InvalidManifestError(f"`{where}` goes beyond 2^53 - 1")
    return found


def _parse_listed(values: Sequence[Plain], where: str) -> Range:
    if any(type(each) is not int for each in values):
        raise InvalidManifestError(f"`{where}.values` may hold whole numbers only")
    if len(values) > MAX_LISTED or sorted(set(values)) != list(values):
        raise InvalidManifestError(
            f"`{where}.values` must ascend, hold no double and at most {MAX_LISTED}"
        )
    return _listed(tuple(values))


def _listed(values: tuple[int, ...]) -> Range:
    steps = gcd(*(value - values[0] for value in values)) or 1
    return Range(first=values[0], last=values[-1], step=steps, listed=values)
