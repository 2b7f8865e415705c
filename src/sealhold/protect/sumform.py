"""Which columns are added up at an agent, and their values as whole numbers.

- Of whole numbers and of `numeric` whose type fixes its decimals: then the decimals of a sum follow
  from the type, as they do at the server.
- What does not fit the column's bits, NaN among it, stays out of blocks and is opened.

Source: docs/spec/64-sums-at-an-agent.md section 3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.numeric import EXACT, settled
from sealhold.protect.pgtypes.types import PgType, named, precision_and_scale
from sealhold.protect.policy import Csp, Integrity, Policy, TablePolicy
from sealhold.protect.techniques.sum_mark import SUFFIX

INT8: Final = named("bigint")
NUMERIC: Final = named("numeric")
_BITS: Final = {"int2": 16, "int4": 32, "int8": 64}
_MOST: Final = 18  # digits that 64 bits hold
_INT8_MOST: Final = 2**63


@dataclass(frozen=True, slots=True)
class SumForm:
    """How values of one column are added."""

    type: PgType
    scale: int  # decimals
    bits: int  # of a signed value
    low: int
    high: int

    @property
    def gives(self) -> PgType:
        """The type of a sum."""
        return INT8 if self.type.name in {"int2", "int4"} else NUMERIC

    def number(self, value: bytes) -> int | None:
        """Return a value as a whole number; None if blocks do not hold it."""
        number = self.exact(value)
        return number if number is not None and self.low <= number <= self.high else None

    def exact(self, value: bytes) -> int | None:
        """Return a value as a whole number, of whatever size; None if it is NaN."""
        given = codec(self.type).to_value(value)
        if not isinstance(given, Decimal):
            return int(given)
        return int(given.scaleb(self.scale, EXACT)) if given.is_finite() else None

    def total(self, numbers: int) -> int | Decimal:
        """Return a sum as the server gives it."""
        if self.gives is INT8:
            return numbers
        return settled(Decimal(numbers).scaleb(-self.scale, EXACT))


def form_of(column: Column) -> SumForm | None:
    """Return how a column is added up; None if it is not at an agent."""
    if SUFFIX not in column.techniques:
        return None
    name, scale = column.type.name, 0
    if name in _BITS:
        bits = _BITS[name]
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    else:
        limits = precision_and_scale(column.type.typmod)
        if limits is None or limits[0] > _MOST or limits[1] < 0:
            return None
        scale = limits[1]
        high = 10 ** limits[0] - 1
        low = -high
    if column.policy.range is not None:
        least, most = (each * 10**scale for each in column.policy.range)
        low, high = max(low, least), min(high, most)
    return SumForm(column.type, scale, _bits(low, high), low, high)


def agent_of(policy: Policy, table: TablePolicy) -> Csp | None:
    """Return the agent that adds up columns of a table: the first that the table names.

    None too where each row must be looked at to be believed.
    """
    if table.integrity not in {Integrity.NONE, Integrity.CELL}:
        return None
    return next(
        (each for each in policy.csps if each.kind == "agent" and each.id in table.csps), None
    )


def overflows(form: SumForm, numbers: int) -> bool:
    """Whether a sum does not fit its type."""
    return form.gives is INT8 and not -_INT8_MOST <= numbers < _INT8_MOST


def added(form: SumForm, values: Iterable[bytes]) -> int | None:
    """Return the sum of opened values; None if one is NaN."""
    total = 0
    for value in values:
        number = form.exact(value)
        if number is None:
            return None
        total += number
    return total


def _bits(low: int, high: int) -> int:
    return max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1
