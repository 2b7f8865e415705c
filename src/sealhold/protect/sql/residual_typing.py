"""Literals and parameters that have no type yet become of the type that stands beside them.

- A literal is read when the statement is compiled, so a wrong one fails at once. One that depends
  on the session's settings is read once for each run.
- What type a parameter took is noted: whoever runs the statement gives its value in that type.

Source: docs/spec/57-values-and-residuals.md section 8; PostgreSQL 15, chapter 10.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError, TypeRefusedError
from sealhold.protect.pgtypes.types import PgType, array_of, element_of, plain
from sealhold.protect.sql.residual_casts import TIMES, assigns, converted, stored
from sealhold.protect.sql.residual_resolve import converts
from sealhold.protect.sql.residual_terms import (
    BOOL,
    INT4,
    INT8,
    NUMERIC,
    TEXT,
    UNKNOWN,
    CannotDo,
    Frame,
    Term,
    Value,
    constant,
    folded,
    parameter,
    same_in_a_run,
)

_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?)?|\d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII
)
_SAFE: Final = frozenset({"date", "time", "timestamp"})  # whose ISO forms mean the same everywhere
_MAX_INT4, _MAX_INT8 = 2**31, 2**63
_DIGITS_OF_INT8: Final = 19


class Typing:
    """Knows what types the parameters of one statement have, or took."""

    def __init__(self, type_of_parameter: Callable[[int], PgType | None]) -> None:
        self._type_of = type_of_parameter
        self.learned: dict[int, PgType] = {}

    def parameter(self, number: int) -> Term:
        """Return the term of a parameter; `number` counts from zero."""
        known = self.learned.get(number) or self._type_of(number)
        if known is not None:
            return parameter(number, known)

        def run(_: Frame) -> Value:
            raise CannotDo(f"the type of parameter ${number + 1} is not known", "add a cast")

        return Term(type=UNKNOWN, run=run, parameter=number)

    def typed(self, term: Term, to: PgType, *, is_asked_for: bool = False) -> Term:
        """Return the term as one of type `to`.

        Args:
            term: of any type, or of none yet.
            to: the type; its modifier is applied as a cast does it.
            is_asked_for: a cast is written in the statement.

        Raises:
            CannotDo: no conversion of the list leads there.
        """
        if term.type is not UNKNOWN:
            if not (is_asked_for or converts(term.type, to)):
                raise CannotDo(f"{term.type.name} where {to.name} is needed", "add a cast")
            return converted(term, to, is_asked_for=is_asked_for)
        if term.parameter is not None:
            return converted(self._learned(term.parameter, to), to, is_asked_for=is_asked_for)
        return _read(term.literal, to)

    def settled(self, term: Term) -> Term:
        """Return the term; as text, if nothing said what type it is of."""
        return self.typed(term, TEXT) if term.type is UNKNOWN else term

    def assigned(self, term: Term, to: PgType) -> Term:
        """Return the term as it is stored in a column of type `to`.

        Raises:
            CannotDo: the server would want a cast, or the conversion is not in the list.
        """
        if term.type is UNKNOWN:
            term = self.typed(term, plain(to))
        elif not assigns(term.type, to):
            raise CannotDo(f"a value of type {term.type.name} for one of {to.name}", "add a cast")
        return stored(term, to)

    def _learned(self, number: int, to: PgType) -> Term:
        before = self.learned.setdefault(number, plain(to))
        if before.oid != to.oid:
            raise CannotDo(f"parameter ${number + 1} is used as two types", "add casts")
        return parameter(number, to)


def _read(text: str | None, to: PgType) -> Term:
    if text is None:
        return constant(None, to)
    made = codec(to)
    kind = element_of(to) or to
    if kind.name in TIMES and not (to.name in _SAFE and _ISO.fullmatch(text)):
        _check_form(text, to)
        key = ("literal", text, to)
        run = same_in_a_run(key, lambda settings: made.cut(made.parse(text, settings)))
        return Term(type=to, run=run)
    try:
        return constant(made.cut(made.parse(text, Settings())), to)
    except PgValueError as err:
        return Term(type=to, run=lambda _: None, is_constant=True, doomed=err)
    except TypeRefusedError as err:
        raise CannotDo(str(err)) from err


def _check_form(text: str, to: PgType) -> None:
    # a date or time in a form that is not read here, whatever the session's settings are
    try:
        codec(to).parse(text, Settings())
    except PgValueError:
        return  # another order of day and month may read it
    except TypeRefusedError as err:
        raise CannotDo(str(err)) from err


def literal(node: pb.A_Const) -> Term:
    """Return the term of a constant as it is written.

    Raises:
        CannotDo: a string of bits.
    """
    if node.isnull:
        return Term(type=UNKNOWN, run=lambda _: None, is_constant=True, is_null=True)
    match node.WhichOneof("val"):
        case "ival":
            return constant(node.ival.ival, INT4)
        case "fval":
            return _number(node.fval.fval)
        case "boolval":
            return constant(node.boolval.boolval, BOOL)
        case "sval":
            text = node.sval.sval
            return Term(type=UNKNOWN, run=lambda _: text, literal=text, is_constant=True)
        case _:
            raise CannotDo("strings of bits are not in the list")


def _number(text: str) -> Term:
    digits = text.removeprefix("-").removeprefix("+")
    if digits.isdecimal() and len(digits) <= _DIGITS_OF_INT8:
        value = int(text)
        if -_MAX_INT4 <= value < _MAX_INT4:
            return constant(value, INT4)
        if -_MAX_INT8 <= value < _MAX_INT8:
            return constant(value, INT8)
    try:
        return folded(constant(codec(NUMERIC).parse(text, Settings()), NUMERIC))
    except PgValueError as err:
        return Term(type=NUMERIC, run=lambda _: Decimal(0), is_constant=True, doomed=err)


def array_for(element: PgType) -> PgType:
    """Return the type of arrays whose elements are compared with a value of `element`.

    Raises:
        CannotDo: there is none.
    """
    try:
        return array_of(plain(element))
    except TypeRefusedError as err:
        raise CannotDo(str(err)) from err
