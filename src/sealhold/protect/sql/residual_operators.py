"""The closed list of operators: which types each takes, what it gives, what it does.

- A comparison is of values that `Codec.key` makes comparable; equality of those of `Codec.same`.
- What is not here is refused by whoever looks for it.

Source: docs/spec/57-values-and-residuals.md section 9; PostgreSQL 15, pg_operator.
"""

import operator
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.sql import residual_math as math
from sealhold.protect.sql import residual_moments as moments
from sealhold.protect.sql import residual_texts as texts
from sealhold.protect.sql.residual_casts import day_to_instant, to_zoned
from sealhold.protect.sql.residual_resolve import ANY_ELEMENT, OTHER, Signature
from sealhold.protect.sql.residual_terms import BOOL, TEXT, Value

ORDERS: Final[dict[str, Callable[[Value, Value], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
EQUALITIES: Final[dict[str, Callable[[Value, Value], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
}
NEGATED: Final = {"!=": "<>"}
_INTEGERS: Final = ("int2", "int4", "int8")
_FLOATS: Final = ("float4", "float8")
_INSTANTS: Final = ("date", "timestamp", "timestamptz")
_ALONE: Final = (
    "bool", "bytea", "numeric", "bpchar", "text", "name", "time", "timetz", "interval", "uuid",
)  # fmt: skip
_PLAIN: Final = frozenset(
    {"bool", "bytea", "text", "name", "uuid", "int2", "int4", "int8", "date", "time", "timestamp",
     "timestamptz"}
)  # fmt: skip  # whose values compare as they are


@cache
def _t(name: str) -> PgType:
    return named(name)


def comparison(name: str, left: PgType, right: PgType) -> Signature:
    """Return the comparison `name` of two types whose values can be compared."""
    is_order = name in ORDERS
    compare = ORDERS[name] if is_order else EQUALITIES[name]
    return Signature(
        (left, right),
        BOOL,
        _compared(compare, left, right, is_order=is_order),
        is_stable="timestamptz" in {left.name, right.name} and left.name != right.name,
        compares_text=is_order and left.name in {"text", "bpchar", "name"},
    )


def _compared(
    compare: Callable[[Value, Value], bool], left: PgType, right: PgType, *, is_order: bool
) -> Callable[..., Value]:
    if left.name != right.name and left.name in _INSTANTS:
        return _of_instants(compare, left.name, right.name)
    if left.name in _PLAIN and right.name in _PLAIN:
        return compare
    one, other = codec(left), codec(right)
    if is_order:
        return lambda a, b: compare(one.key(a), other.key(b))
    return lambda a, b: compare(one.same(a), other.same(b))


def _of_instants(
    compare: Callable[[Value, Value], bool], left: str, right: str
) -> Callable[..., Value]:
    if "timestamptz" not in {left, right}:
        one, other = _as_instant(left), _as_instant(right)
        return lambda a, b: compare(one(a), other(b))

    def zoned(name: str) -> Callable[..., int]:
        plain = _as_instant(name)
        if name == "timestamptz":
            return lambda _, value: plain(value)
        return lambda settings, value: to_zoned(settings, plain(value))

    first, second = zoned(left), zoned(right)
    return lambda settings, a, b: compare(first(settings, a), second(settings, b))


def _as_instant(name: str) -> Callable[[int], int]:
    return day_to_instant if name == "date" else lambda value: value


def _pairs() -> Iterator[tuple[PgType, PgType]]:
    for group in (_INTEGERS, _FLOATS, _INSTANTS):
        yield from ((_t(left), _t(right)) for left in group for right in group)
    yield from ((_t(name), _t(name)) for name in _ALONE)
    yield _t("name"), _t("text")
    yield _t("text"), _t("name")


def _comparisons(name: str) -> tuple[Signature, ...]:
    found = [comparison(name, left, right) for left, right in _pairs()]
    if name in EQUALITIES:
        found.append(comparison(name, _t("jsonb"), _t("jsonb")))
    return tuple(found)


def _wider(left: str, right: str, names: tuple[str, ...]) -> PgType:
    return _t(max(left, right, key=names.index))


def _arithmetic(name: str, on_numeric: Callable[..., Value]) -> Iterator[Signature]:
    for left in _INTEGERS:
        for right in _INTEGERS:
            if name == "%" and left != right:
                continue
            gives = _wider(left, right, _INTEGERS)
            yield Signature((_t(left), _t(right)), gives, math.integers(name, gives))
    yield Signature((_t("numeric"), _t("numeric")), _t("numeric"), on_numeric)
    if name != "%":
        for left in _FLOATS:
            for right in _FLOATS:
                gives = _wider(left, right, _FLOATS)
                yield Signature((_t(left), _t(right)), gives, math.floats(name, gives))


def _prefixed(name: str, change: Callable[[Value], Value]) -> Iterator[Signature]:
    for integer in _INTEGERS:
        yield Signature((_t(integer),), _t(integer), math.integers(name, _t(integer)))
    for other in ("numeric", *_FLOATS):
        yield Signature((_t(other),), _t(other), change)


def _moved(sign: int) -> Iterator[Signature]:
    """Yield what moves an instant by an interval, forwards or backwards."""
    turn = (lambda span: span) if sign > 0 else moments.negated
    span = _t("interval")
    stamp, zoned = _t("timestamp"), _t("timestamptz")
    yield Signature((_t("date"), span), stamp, lambda day, by: moments.day_plus_span(day, turn(by)))
    yield Signature((stamp, span), stamp, lambda at, by: moments.instant_plus(at, turn(by)))
    yield Signature(
        (zoned, span),
        zoned,
        lambda settings, at, by: moments.zoned_plus(settings, at, turn(by)),
        is_stable=True,
    )
    yield Signature((_t("time"), span), _t("time"), lambda us, by: moments.clock_plus(us, turn(by)))
    yield Signature(
        (_t("timetz"), span),
        _t("timetz"),
        lambda at, by: (moments.clock_plus(at[0], turn(by)), at[1]),
    )


def _sums() -> Iterator[Signature]:
    span, day, whole = _t("interval"), _t("date"), _t("int4")
    yield from _moved(1)
    for each in _moved(1):
        left, right = each.takes
        run = each.run
        yield Signature(
            (right, left),
            each.gives,
            (lambda settings, by, at, run=run: run(settings, at, by))
            if each.is_stable
            else (lambda by, at, run=run: run(at, by)),
            is_stable=each.is_stable,
        )
    yield Signature((day, whole), day, moments.day_plus)
    yield Signature((whole, day), day, lambda count, at: moments.day_plus(at, count))
    yield Signature((span, span), span, moments.spans_added)
    yield Signature((day, _t("time")), _t("timestamp"), moments.day_and_clock)
    yield Signature(
        (_t("time"), day), _t("timestamp"), lambda us, at: moments.day_and_clock(at, us)
    )
    yield Signature((day, _t("timetz")), _t("timestamptz"), moments.day_and_zoned)
    yield Signature(
        (_t("timetz"), day), _t("timestamptz"), lambda us, at: moments.day_and_zoned(at, us)
    )


def _differences() -> Iterator[Signature]:
    span, day = _t("interval"), _t("date")
    yield from _moved(-1)
    yield Signature((day, _t("int4")), day, lambda at, count: moments.day_plus(at, -count))
    yield Signature((day, day), _t("int4"), moments.days_between)
    yield Signature((span, span), span, moments.spans_subtracted)
    yield Signature((_t("time"), _t("time")), span, moments.clocks_between)
    for name in ("timestamp", "timestamptz"):
        yield Signature((_t(name), _t(name)), span, moments.between)


def _products() -> Iterator[Signature]:
    span, number = _t("interval"), _t("float8")
    yield Signature((span, number), span, moments.multiplied)
    yield Signature((number, span), span, lambda factor, by: moments.multiplied(by, factor))


def _patterns() -> tuple[Signature, ...]:
    """Return what LIKE takes; its patterns are made ready by whoever compiles it."""
    return tuple(
        Signature((_t(name), TEXT), BOOL, lambda text, pattern: texts.like(pattern)(text))
        for name in ("text", "bpchar", "name")
    )


BINARY: Final[dict[str, tuple[Signature, ...]]] = {
    **{name: _comparisons(name) for name in (*EQUALITIES, *ORDERS)},
    "+": (*_arithmetic("+", math.added), *_sums()),
    "-": (*_arithmetic("-", math.subtracted), *_differences()),
    "*": (*_arithmetic("*", math.multiplied), *_products()),
    "/": (
        *_arithmetic("/", math.divided),
        Signature((_t("interval"), _t("float8")), _t("interval"), moments.divided),
    ),
    "%": tuple(_arithmetic("%", math.remainder)),
    "||": (
        Signature((TEXT, TEXT), TEXT, texts.concatenated),
        Signature((TEXT, ANY_ELEMENT), TEXT, texts.concatenated),
        Signature((ANY_ELEMENT, TEXT), TEXT, texts.concatenated),
        Signature((_t("bytea"), _t("bytea")), _t("bytea"), texts.concatenated_bytes),
        Signature((_t("jsonb"), _t("jsonb")), OTHER, texts.concatenated),
    ),
    "~~": _patterns(),
    "~~*": _patterns(),
}
PREFIX: Final[dict[str, tuple[Signature, ...]]] = {
    "-": (
        *_prefixed("neg", math.negated),
        Signature((_t("interval"),), _t("interval"), moments.negated),
    ),
    "+": tuple(_prefixed("plus", lambda value: value)),
}
