"""`range-hidden`: rows are found by a range of numbers, without a term that tells their order.

A range is cut into `buckets` of equal width, and those are the leaves of a tree. A row is found by
the names of its bucket and of all nodes above it; a range by the few nodes that cover it. Names are
words of `protect/pairs.py`, in a table of their own. So it is no `Technique`; a statement uses it
like this:

- INSERT, UPDATE, DELETE: `hidden.pairs.batch([hidden.change(rid, old, new)])`, as for words.
- BETWEEN and comparisons: `search = hidden.pairs.search(nodes := hidden.cover(low, high))`, its
  chunks are looked up, and the rows of all nodes, `hidden.rows(nodes, found)`, are opened and
  filtered: the first and last bucket hold others as well.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.pairs import Change, Found, Pairs
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.policy import ColumnPolicy
from sealhold.protect.spec import Leak, Op
from sealhold.protect.typefamilies import kind_of

LEAKS: Final = (
    Leak(
        "which rows a range finds, in how many nodes, and which nodes are asked for again",
        "who sees many ranges answered puts rows in order by which come together",
    ),
    Leak("how many rows have a value", ""),
)


class RangeHidden:
    """The ranges of one column of whole numbers."""

    name: ClassVar[str] = "range-hidden"
    answers: ClassVar[frozenset[Op]] = frozenset({Op.RANGE, Op.EQUAL})
    exact: ClassVar[bool] = False

    def __init__(self, pairs: Pairs, limits: tuple[int, int], buckets: int) -> None:
        """Take the smallest and largest number, and in how many buckets they are.

        Raises:
            InvalidPolicyError: `buckets` is no power of two, or `limits` are the wrong way round.
        """
        if limits[0] > limits[1] or buckets < 1 or buckets.bit_count() != 1:
            raise InvalidPolicyError("hidden ranges need a range, and a power of two of buckets")
        self.pairs = pairs
        self._low, self._high = limits
        self._depth = buckets.bit_length() - 1  # of a bucket below the root
        self._width = -(-(self._high - self._low + 1) // buckets)

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return LEAKS

    def nodes(self, value: int) -> list[bytes]:
        """Return all nodes that a value is found by: log2(buckets) + 1.

        Raises:
            TypeRefusedError: outside the range of the policy.
        """
        if not self._low <= value <= self._high:
            raise TypeRefusedError("a value outside the range that the policy gives its column")
        bucket = (value - self._low) // self._width
        return [_node(height, bucket >> height) for height in range(self._depth + 1)]

    def change(self, row: int, old: int | None, new: int | None) -> Change:
        """Return what changes for a row whose value was `old` and is now `new`; None is NULL.

        Raises:
            TypeRefusedError: outside the range of the policy.
        """
        before = set() if old is None else set(self.nodes(old))
        after = set() if new is None else set(self.nodes(new))
        return Change(row, tuple(after - before), tuple(before - after))

    def cover(self, low: int | None, high: int | None) -> list[bytes]:
        """Return the fewest nodes whose buckets hold all from `low` to `high`; None: no bound."""
        first = self._low if low is None else max(low, self._low)
        last = self._high if high is None else min(high, self._high)
        if first > last:
            return []
        start = (first - self._low) // self._width
        end = (last - self._low) // self._width + 1
        if last == self._high:
            end = 1 << self._depth  # buckets beyond the range are empty
        found, height = [], 0
        while start < end:  # each turn takes what sticks out at either side, and goes one up
            if start & 1:
                found.append(_node(height, start))
                start += 1
            if end & 1:
                end -= 1
                found.append(_node(height, end))
            start, end, height = start >> 1, end >> 1, height + 1
        return found

    def rows(self, nodes: Iterable[bytes], found: Found) -> set[int]:
        """Return the rows to open: all in range, and others of the first and last bucket."""
        return set().union(*(found.rows(node) for node in nodes))


def decimals(column: ColumnPolicy) -> int:
    """Return how many digits behind the point the numbers of a column are counted with."""
    return column.scale if column.scale is not None else kind_of(column.type).scale or 0


def hidden_ranges(column: ColumnPolicy, pairs: Pairs) -> RangeHidden:
    """Return the ranges of a column, as its policy limits them.

    Raises:
        InvalidPolicyError: it does not say from where to where values lie.
    """
    if column.range is None:
        raise InvalidPolicyError(f"`{column.name}` needs a `range` for its hidden ranges")
    low, high = (each * 10 ** decimals(column) for each in column.range)
    return RangeHidden(pairs, (low, high), column.buckets)


def _node(height: int, index: int) -> bytes:
    return bytes([height]) + index.to_bytes(4)
