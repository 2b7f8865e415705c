"""What a statement's expressions become: terms, each with its type and a function over a row.

- A value is what `pgtypes` makes of a binary form; None is NULL. A column's value is made when it
  is first asked for, once for a row.
- A literal or parameter of no type yet is `UNKNOWN` until something beside it says what it is.
- A constant that cannot be computed (`1 / 0`) is `doomed`: the statement fails even without rows,
  unless it is left out before, as the server does it.

Source: docs/spec/57-values-and-residuals.md section 8.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from sealhold.model.errors import InvalidError
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import PgType, named, plain

Value: TypeAlias = Any  # of the Python type that the codec of its type makes

UNKNOWN: Final = PgType(705, "unknown", -1, -2)
BOOL: Final = named("bool")
TEXT: Final = named("text")
TEXTS: Final = frozenset({"text", "varchar", "bpchar", "name"})
INT4: Final = named("int4")
INT8: Final = named("int8")
NUMERIC: Final = named("numeric")


class CannotDo(InvalidError):  # noqa: N818  # reason: named in the contract of the planner
    """A part of a statement cannot be done on opened rows with the server's exact meaning.

    Remedy: read the column alone and do the rest in the application, or give it a technique with
    which the provider can do it.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = remedy


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a column stands in a base row, and its type."""

    at: int
    type: PgType


@dataclass(slots=True)
class Given:
    """What one run is given besides rows."""

    parameters: Sequence[bytes | None]
    settings: Settings
    made: dict[object, Value] = field(default_factory=dict)  # values that hold for the whole run


class Frame:
    """One row, or one group, while expressions are evaluated on it."""

    __slots__ = ("given", "grouped", "row", "values")

    def __init__(self, given: Given, row: Sequence[bytes | None]) -> None:
        self.given = given
        self.row = row
        self.values: dict[int, Value] = {}
        self.grouped: Sequence[Value] = ()


Run: TypeAlias = Callable[[Frame], Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One expression with its type."""

    type: PgType
    run: Run
    literal: str | None = None  # what a literal of no type says
    parameter: int | None = None  # which parameter it is, from zero
    slot: Slot | None = None  # if it is just a column
    is_constant: bool = False  # the same in every row, run and session
    has_columns: bool = False
    is_null: bool = False  # NULL, written so
    is_in_c: bool = False  # a text whose collation is "C", asked for or by its type
    doomed: PgValueError | None = None


def constant(value: Value, type_: PgType) -> Term:
    """Return a term of one value."""
    return Term(
        type=type_,
        run=lambda _: value,
        is_constant=True,
        is_null=value is None,
        is_in_c=type_.name == "name",
    )


def column(slot: Slot) -> Term:
    """Return the term of a column."""
    at, read = slot.at, codec(slot.type).to_value

    def run(frame: Frame) -> Value:
        values = frame.values
        if at in values:
            return values[at]
        binary = frame.row[at]
        value = None if binary is None else read(binary)
        values[at] = value
        return value

    is_in_c = slot.type.name == "name"  # which the server always orders so
    return Term(type=slot.type, run=run, slot=slot, has_columns=True, is_in_c=is_in_c)


def parameter(number: int, type_: PgType) -> Term:
    """Return the term of a parameter whose type is known."""
    read = codec(plain(type_)).to_value
    key = ("$", number, type_.oid)

    def run(frame: Frame) -> Value:
        made = frame.given.made
        if key not in made:
            binary = frame.given.parameters[number]
            made[key] = None if binary is None else read(binary)
        return made[key]

    return Term(type=plain(type_), run=run, parameter=number)


def same_in_a_run(key: object, make: Callable[[Settings], Value]) -> Run:
    """Return a function that makes a value once for each run, from its settings."""

    def run(frame: Frame) -> Value:
        made = frame.given.made
        if key not in made:
            made[key] = make(frame.given.settings)
        return made[key]

    return run


def made_of(
    type_: PgType,
    run: Run,
    parts: Sequence[Term],
    *,
    is_stable: bool = False,
    is_null: bool = False,
) -> Term:
    """Return a term computed from others: a constant at once, if all of them are.

    Args:
        type_: what it gives.
        run: computes it.
        parts: what it is computed from.
        is_stable: it depends on the session's settings, so it is never computed beforehand.
        is_null: it is NULL whatever they are.
    """
    doomed = next((part.doomed for part in parts if part.doomed is not None), None)
    term = Term(
        type=type_,
        run=run,
        is_constant=is_null or (not is_stable and all(part.is_constant for part in parts)),
        has_columns=any(part.has_columns for part in parts),
        is_in_c=type_.name == "name" or any(_is_text_in_c(part) for part in parts),
        doomed=doomed,
    )
    return folded(term)


def _is_text_in_c(term: Term) -> bool:
    return term.is_in_c and term.type.name in TEXTS


def folded(term: Term) -> Term:
    """Return a constant term with its value, or doomed if it has none."""
    if not term.is_constant or term.doomed is not None:
        return term
    try:
        value = term.run(Frame(Given((), Settings()), ()))
    except PgValueError as err:
        return replace(term, doomed=err)
    return replace(term, run=lambda _: value, is_null=value is None)


def value_of(term: Term) -> Value:
    """Return the value of a constant term that is not doomed."""
    return term.run(Frame(Given((), Settings()), ()))
