"""What aggregates keep while rows go by, and what they give at the end.

- NULL is skipped by all but `array_agg` and `count(*)`; an aggregate of nothing is NULL, a count 0.
- Sums of integers widen as the server's do; sums of floats are added in the order of the rows.

Source: docs/spec/57-values-and-residuals.md section 13; PostgreSQL 15, chapter 9.21.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar, Final, Protocol

from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import OUT_OF_RANGE, PgValueError
from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.sql import residual_math, residual_moments
from sealhold.protect.sql.residual_resolve import ANY, ANY_ARRAY, ANY_ELEMENT, Signature
from sealhold.protect.sql.residual_terms import BOOL, INT8, NUMERIC, TEXT, Value
from sealhold.protect.sql.residual_texts import MAX_TEXT


class State(Protocol):
    """What one aggregate knows of one group."""

    def add(self, *values: Value) -> None:
        """Take the arguments of one row."""

    def result(self) -> Value:
        """Return the aggregate of what was taken."""


class Count:
    """How many rows have a value."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, *values: Value) -> None:
        """Count a row unless its value is NULL."""
        if not values or values[0] is not None:
            self._count += 1

    def result(self) -> Value:
        """Return the count."""
        return self._count


class Fold:
    """A value that each row changes: sums, AND and OR."""

    def __init__(self, join: Callable[[Value, Value], Value]) -> None:
        self._join = join
        self._value: Value = None

    def add(self, *values: Value) -> None:
        """Join a value, unless it is NULL."""
        (value,) = values
        if value is not None:
            self._value = value if self._value is None else self._join(self._value, value)

    def result(self) -> Value:
        """Return what the values were joined to."""
        return self._value


class Mean:
    """A sum divided by a count at the end."""

    def __init__(
        self, join: Callable[[Value, Value], Value], divide: Callable[[Value, int], Value]
    ) -> None:
        self._sum = Fold(join)
        self._divide = divide
        self._count = 0

    def add(self, *values: Value) -> None:
        """Add a value, unless it is NULL."""
        if values[0] is not None:
            self._sum.add(*values)
            self._count += 1

    def result(self) -> Value:
        """Return the mean, None of nothing."""
        return self._divide(self._sum.result(), self._count) if self._count else None


class FloatMean:
    """The mean of floats, which fails as the server's does: on squares that overflow."""

    def __init__(self) -> None:
        self._count = 0.0
        self._sum = 0.0
        self._squares = 0.0

    def add(self, *values: Value) -> None:
        """Add a value, unless it is NULL.

        Raises:
            PgValueError: the sum, or that of squares, overflows.
        """
        (value,) = values
        if value is None:
            return
        before_count, before = self._count, self._sum
        self._count += 1.0
        self._sum += value
        if before_count == 0.0:
            return
        off = value * self._count - self._sum
        self._squares += off * off / (self._count * before_count)
        if math.isinf(self._sum) or math.isinf(self._squares):
            if not math.isinf(before) and not math.isinf(value):
                raise PgValueError(OUT_OF_RANGE, "value out of range: overflow")
            self._squares = math.nan

    def result(self) -> Value:
        """Return the mean, None of nothing."""
        return self._sum / self._count if self._count else None


class Extreme:
    """The least or greatest value."""

    def __init__(self, key: Callable[[Value], Value], *, is_least: bool, keeps_first: bool) -> None:
        self._key = key
        self._is_least = is_least
        self._keeps_first = keeps_first
        self._value: Value = None
        self._best: Value = None

    def add(self, *values: Value) -> None:
        """Compare a value, unless it is NULL."""
        (value,) = values
        if value is None:
            return
        key = self._key(value)
        if self._value is not None:
            if key == self._best:
                if self._keeps_first:
                    return
            elif (key > self._best) if self._is_least else (key < self._best):
                return
        self._value, self._best = value, key

    def result(self) -> Value:
        """Return the extreme, None of nothing."""
        return self._value


class Joined:
    """Texts in a row, each but the first after its separator."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, *values: Value) -> None:
        """Take a text and its separator, unless the text is NULL.

        Raises:
            PgValueError: the result is longer than anything that may be made here.
        """
        text, separator = values
        if text is None:
            return
        if self._parts and separator:
            self._parts.append(separator)
        self._parts.append(text)
        self._length += len(text) + len(separator or "")
        if self._length > MAX_TEXT:
            raise PgValueError("54000", "the result is too long")

    def result(self) -> Value:
        """Return the whole text, None of nothing."""
        return "".join(self._parts) if self._parts else None


class Listed:
    """All values in order, NULL too."""

    def __init__(self) -> None:
        self._values: list[Value] = []

    def add(self, *values: Value) -> None:
        """Take a value."""
        self._values.append(values[0])

    def result(self) -> Value:
        """Return the values, None of nothing."""
        return tuple(self._values) if self._values else None


def _plus(left: int, right: int) -> int:
    return left + right


class WholeSum:
    """The sum of bigint, which is numeric."""

    def __init__(self) -> None:
        self._sum = Fold(_plus)

    def add(self, *values: Value) -> None:
        """Add a value, unless it is NULL."""
        self._sum.add(*values)

    def result(self) -> Value:
        """Return the sum, None of nothing."""
        total = self._sum.result()
        return None if total is None else Decimal(total)


def _bounded(left: int, right: int) -> int:
    return residual_math.integers("+", INT8)(left, right)


def _float_sum(name: str) -> Signature:
    kind = named(name)
    add = residual_math.floats("+", kind)
    return Signature((kind,), kind, lambda: Fold(add))


def _mean_of_integers(total: int, count: int) -> Decimal:
    return residual_math.divided(Decimal(total), Decimal(count))


def _extremes(*, is_least: bool) -> tuple[Signature, ...]:
    return tuple(_extreme(named(name), is_least=is_least) for name in _ORDERED)


def _extreme(kind: PgType, *, is_least: bool) -> Signature:
    key = codec(kind).key
    keeps = kind.name == "bpchar"
    return Signature(
        (kind,),
        kind,
        lambda: Extreme(key, is_least=is_least, keeps_first=keeps),
        compares_text=kind.name in {"text", "bpchar"},
    )


_ORDERED: Final = (
    "int2", "int4", "int8", "float4", "float8", "numeric", "text", "bpchar", "date", "time",
    "timetz", "timestamp", "timestamptz", "interval",
)  # fmt: skip
_INTEGERS: Final = tuple(named(name) for name in ("int2", "int4", "int8"))
_SPAN: Final = named("interval")
_FLOAT8: Final = named("float8")


class Aggregates:
    """The closed list: for each name, what it takes, gives, and begins with."""

    table: ClassVar[dict[str, tuple[Signature, ...]]] = {
        "count": (Signature((), INT8, Count), Signature((ANY,), INT8, Count)),
        "sum": (
            Signature((_INTEGERS[0],), INT8, lambda: Fold(_bounded)),
            Signature((_INTEGERS[1],), INT8, lambda: Fold(_bounded)),
            Signature((_INTEGERS[2],), NUMERIC, WholeSum),
            Signature((NUMERIC,), NUMERIC, lambda: Fold(residual_math.added)),
            _float_sum("float4"),
            _float_sum("float8"),
            Signature((_SPAN,), _SPAN, lambda: Fold(residual_moments.spans_added)),
        ),
        "avg": (
            *(
                Signature((kind,), NUMERIC, lambda: Mean(_plus, _mean_of_integers))
                for kind in _INTEGERS
            ),
            Signature(
                (NUMERIC,),
                NUMERIC,
                lambda: Mean(
                    residual_math.added,
                    lambda total, count: residual_math.divided(total, Decimal(count)),
                ),
            ),
            *(Signature((named(name),), _FLOAT8, FloatMean) for name in ("float4", "float8")),
            Signature(
                (_SPAN,),
                _SPAN,
                lambda: Mean(
                    residual_moments.spans_added,
                    lambda total, count: residual_moments.divided(total, float(count)),
                ),
            ),
        ),
        "min": _extremes(is_least=True),
        "max": _extremes(is_least=False),
        "bool_and": (Signature((BOOL,), BOOL, lambda: Fold(lambda a, b: a and b)),),
        "every": (Signature((BOOL,), BOOL, lambda: Fold(lambda a, b: a and b)),),
        "bool_or": (Signature((BOOL,), BOOL, lambda: Fold(lambda a, b: a or b)),),
        "string_agg": (Signature((TEXT, TEXT), TEXT, Joined),),
        "array_agg": (Signature((ANY_ELEMENT,), ANY_ARRAY, Listed),),
    }
