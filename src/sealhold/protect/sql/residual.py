"""What is left of a statement when the provider did its part: done on rows of opened values.

- `compile_select` takes a parsed SELECT whose FROM is done, and gives a `Residual`: it turns base
  rows into the client's rows with PostgreSQL 15's exact meaning, names and types.
- A closed list. What is not in it is `CannotDo` when it is compiled: never a guess. A constant that
  the server would refuse (`1 / 0`, `'x'::int`) is its `PgValueError` then, too.
- It streams where it can: only grouping, DISTINCT and ORDER BY hold rows, within the limit.

Source: docs/spec/57-values-and-residuals.md sections 8 to 15; PostgreSQL 15, chapters 4, 7, 9, 10.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.sql.residual_clauses import Selecting
from sealhold.protect.sql.residual_compiler import TextOrder
from sealhold.protect.sql.residual_limits import RowLimit, TooMuchToOpenError
from sealhold.protect.sql.residual_names import Find
from sealhold.protect.sql.residual_nodes import compiler
from sealhold.protect.sql.residual_running import Cells, Parts, run
from sealhold.protect.sql.residual_terms import (
    CannotDo,
    Frame,
    Given,
    Run,
    Slot,
    Term,
    Value,
)
from sealhold.protect.sql.residual_typing import Typing

__all__ = [
    "CannotDo",
    "Expression",
    "Residual",
    "RowLimit",
    "Slot",
    "TooMuchToOpenError",
    "compile_expression",
    "compile_predicate",
    "compile_select",
]

TypeOfParameter: TypeAlias = Callable[[int], PgType | None]  # counts from zero
Learned: TypeAlias = Mapping[int, PgType]  # parameters that had no type, and what they took


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression over a base row."""

    type: PgType
    learned: Learned
    _run: Run
    _encode: Callable[[Value], bytes]

    def evaluate(
        self,
        row: Sequence[bytes | None],
        parameters: Sequence[bytes | None],
        settings: Settings,
    ) -> bytes | None:
        """Return the value on one row, in binary form.

        Raises:
            PgValueError: it has none, as on the server.
        """
        value = self._run(Frame(Given(parameters, settings), row))
        return None if value is None else self._encode(value)


@dataclass(frozen=True, slots=True)
class Residual:
    """A statement over base rows: its outputs, and how they are computed."""

    outputs: tuple[tuple[str, PgType], ...]
    learned: Learned
    _parts: Parts

    def run(
        self,
        rows: Iterable[Sequence[bytes | None]],
        parameters: Sequence[bytes | None],
        settings: Settings,
        limit: RowLimit,
    ) -> Iterator[Cells]:
        """Yield the client's rows in order, in binary form.

        Args:
            rows: base rows, in binary form, each as the slots say.
            parameters: of the client, in binary form of the types they have or took.
            settings: of the client's session.
            limit: counts what comes in and what is held.

        Raises:
            PgValueError: a value that the server would refuse to compute.
            TooMuchToOpenError: more rows or bytes than the limit allows.
        """
        return run(self._parts, rows, Given(parameters, settings), limit)


def compile_select(
    select: pb.SelectStmt,
    column: Find,
    parameter: TypeOfParameter,
    *,
    text_order: TextOrder = "refuse",
) -> Residual:
    """Return a SELECT over base rows. Its FROM is not looked at; `*` must be written out.

    Args:
        select: the statement as it was parsed.
        column: says where a column stands; raises LookupError for a name that no column has.
        parameter: says of what type a parameter is, None if nobody knows yet.
        text_order: whether the database puts texts in order C.

    Raises:
        CannotDo: something in it is not in the list.
        PgValueError: a constant in it that the server refuses.
    """
    typing = Typing(parameter)
    selecting = Selecting(compiler(column, typing, text_order), select)
    try:
        parts = selecting.parts()
    except TypeRefusedError as err:
        raise CannotDo(str(err)) from err
    return Residual(selecting.outputs, typing.learned, parts)


def compile_expression(
    node: pb.Node,
    column: Find,
    parameter: TypeOfParameter,
    target: PgType | None = None,
    *,
    text_order: TextOrder = "refuse",
) -> Expression:
    """Return an expression over base rows; as an assignment to type `target`, if that is given.

    Raises:
        CannotDo: something in it is not in the list.
        PgValueError: a constant in it that the server refuses.
    """
    typing = Typing(parameter)

    def made() -> Term:
        term = compiler(column, typing, text_order).term(node)
        return typing.settled(term) if target is None else typing.assigned(term, target)

    return _expression(made, typing)


def compile_predicate(
    node: pb.Node,
    column: Find,
    parameter: TypeOfParameter,
    *,
    text_order: TextOrder = "refuse",
) -> Expression:
    """Return a condition over base rows: an expression of type boolean.

    Raises:
        CannotDo: something in it is not in the list.
        PgValueError: a constant in it that the server refuses.
    """
    typing = Typing(parameter)
    return _expression(lambda: compiler(column, typing, text_order).truth(node), typing)


def _expression(make: Callable[[], Term], typing: Typing) -> Expression:
    try:
        term = make()
        encode = codec(term.type).from_value
    except TypeRefusedError as err:
        raise CannotDo(str(err)) from err
    if term.doomed is not None:
        raise term.doomed
    return Expression(term.type, typing.learned, term.run, encode)
